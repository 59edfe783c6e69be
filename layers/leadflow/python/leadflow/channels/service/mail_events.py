"""Works on what SendGrid's event webhook posted: reports about mails of ours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from leadflow.channels import rules, store
from leadflow.channels.rules import MailReport
from leadflow.channels.rules.posted import json_of
from leadflow.channels.service.erasing import without_person
from leadflow.core import clock
from leadflow.core.errors import Conflict, InProgress, LeadflowError, MalformedRequest
from leadflow.core.observability import logger
from leadflow.core.parallel import each

# A provider may report on a mail before we have written down that it was sent; after this long nobody will.
_WAIT_FOR_MAIL = timedelta(minutes=15)


def record(delivery: store.Delivery) -> None:
    """Works on every entry of a delivery; done again, it changes nothing more.

    Raises MalformedRequest when it is not a list of events, InProgress when it names mails that are not on file yet
    and Conflict when they have not come to be.
    """
    entries = _entries(delivery)
    received_at = clock.parse(delivery.received_at)
    reports = [report for entry in entries if (report := rules.mail_report(entry, received_at))]
    not_on_file, failed = _recorded(reports)
    erased = _erased(not_on_file)
    if erased:
        # What came late for an erased person is not kept, whatever becomes of the rest of the post.
        without_person(delivery, erased)
    unknown = sum(mail_id not in erased for mail_id in not_on_file)
    if failed:
        raise _first_to_try_again(failed)
    if unknown:
        told = f"{unknown} of {len(entries)} entries are about mails that are not on file."
        raise InProgress(told) if clock.now() < received_at + _WAIT_FOR_MAIL else Conflict(told)
    store.settle_delivery(delivery, "processed", entries=len(entries), recorded=len(reports))
    logger().info("delivery processed", delivery_id=delivery.id, entries=len(entries), recorded=len(reports))


def _entries(delivery: store.Delivery) -> list[Any]:
    try:
        entries = json_of(store.body_of(delivery))
    except ValueError as error:
        raise MalformedRequest(f"The delivery cannot be read: {error}.") from None
    if not isinstance(entries, list):
        raise MalformedRequest("The delivery is not a list of events.")
    return entries


def _recorded(reports: list[MailReport]) -> tuple[list[str], list[Exception]]:
    """The mails that reports are about and that are not on file, and what failed; one that fails stops no other.

    Reports about one mail go in their order, those about different mails beside each other.
    """
    by_mail: dict[str, list[MailReport]] = defaultdict(list)
    for report in reports:
        by_mail[report.mail_id].append(report)
    outcomes = [
        (reports[0].mail_id, outcome)
        for reports, found in zip(by_mail.values(), each(_record, by_mail.values()), strict=True)
        for outcome in found
    ]
    not_on_file = [mail_id for mail_id, outcome in outcomes if outcome is False]
    return not_on_file, [outcome for _, outcome in outcomes if isinstance(outcome, Exception)]


def _erased(mail_ids: Iterable[str]) -> frozenset[str]:
    """Those of these mails whose person was erased."""
    from leadflow.campaigns import service as campaigns

    return frozenset(mail_id for mail_id in set(mail_ids) if campaigns.was_erased(mail_id))


def _record(reports: list[MailReport]) -> list[bool | Exception]:
    from leadflow.campaigns import service as campaigns
    from leadflow.channels.service import reporting

    outcomes: list[bool | Exception] = []
    for report in reports:
        try:
            known = campaigns.record_event(report.mail_id, report.event, report.at, report.data)
            outcomes.append(known or reporting.mail_reported(report))
        except Exception as error:  # noqa: BLE001 - raised by `process` once every entry had its turn
            outcomes.append(error)
    return outcomes


def _first_to_try_again(failed: list[Exception]) -> Exception:
    """What decides the fate of the delivery: as long as anything may still succeed, it is tried again."""
    for error in failed:
        if not isinstance(error, LeadflowError) or error.retryable:
            return error
    return failed[0]
