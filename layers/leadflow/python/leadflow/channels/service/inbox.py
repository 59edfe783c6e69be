"""The webhook inbox: what providers post is stored first, worked on later, and found again when a message is lost."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from leadflow.channels import rules, store
from leadflow.channels.rules import MailReport
from leadflow.channels.service.credentials import credential
from leadflow.channels.service.erasing import without_person
from leadflow.core import aws, clock, ids, table
from leadflow.core.errors import Conflict, InProgress, LeadflowError, MalformedRequest, NotFound, Unauthenticated
from leadflow.core.observability import logger
from leadflow.core.settings import settings

# A provider may report on a mail before we have written down that it was sent; after this long nobody will.
_WAIT_FOR_MAIL = timedelta(minutes=15)
_AT_ONCE = 8


def receive_sendgrid(channel_id: str, raw: bytes, signature: str | None, timestamp: str | None) -> None:
    """Keeps a post of SendGrid's event webhook.

    Raises NotFound for no such channel and Unauthenticated for a bad signature; then nothing is stored.
    """
    channel = store.find_channel(channel_id)
    if channel is None or channel.provider != "sendgrid":
        raise NotFound("channel", channel_id)
    moment = rules.signed_at(timestamp or "")
    if moment is None or not _is_signed(channel, raw, signature or "", timestamp or ""):
        raise Unauthenticated("The signature does not fit.")
    digest = hashlib.sha256(raw).hexdigest()
    delivery_id = ids.derived_id(moment, "delivery", channel_id, timestamp or "", digest)
    store.keep_delivery(delivery_id, channel_id, "sendgrid", raw)
    _queue(delivery_id)


def process(message: dict[str, Any]) -> None:
    """Works on every entry of a delivery; done again, it changes nothing more.

    Raises NotFound for no such delivery, MalformedRequest when it is not a list of events, InProgress when it names
    mails that are not on file yet and Conflict when they have not come to be.
    """
    delivery = _delivery(message)
    if delivery.state != "received":
        return
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


def park(message: dict[str, Any], error: LeadflowError) -> None:
    """Takes a delivery out of the waiting ones, with the reason why it cannot be worked on."""
    delivery = store.find_delivery(str(message.get("delivery_id")))
    if delivery is not None and delivery.state == "received":
        store.settle_delivery(delivery, "parked", reason=error.detail)


def inbox_page(limit: int, cursor: str | None) -> dict[str, Any]:
    return store.inbox_page(limit, cursor)


def has_unread_deliveries(before: datetime) -> bool:
    """Whether something that came before this moment is still to be worked on, so that it may yet tell of a mail."""
    return any(clock.parse(delivery.received_at) < before for delivery in store.waiting_deliveries())


def reconcile() -> dict[str, int]:
    """Puts deliveries back on the queue that nobody is at: over two minutes old, or of an earlier one-machine host."""
    requeued = 0
    for delivery in store.unattended_deliveries():
        try:
            store.attend_again(delivery)
        except table.Stale:
            # It was done between our look and our write.
            continue
        requeued += _queue(delivery.id)
    return {"requeued": requeued}


def _queue(delivery_id: str) -> bool:
    """Tells the worker. The delivery is safe without it: reconcile finds what no message is about."""
    try:
        aws.client("sqs").send_message(
            QueueUrl=settings().deliveries_queue_url, MessageBody=json.dumps({"delivery_id": delivery_id})
        )
    except (BotoCoreError, ClientError) as error:
        logger().warning("delivery not queued", delivery_id=delivery_id, error_type=type(error).__name__)
        return False
    return True


def _is_signed(channel: store.ChannelConfig, raw: bytes, signature: str, timestamp: str) -> bool:
    """A channel without a key takes nothing: who could not check must not believe."""
    public_key = credential(channel, "event_public_key")
    if public_key is None:
        return False
    from leadflow.channels.providers.signatures import signed_by

    return signed_by(public_key, signature, timestamp, raw)


def _delivery(message: dict[str, Any]) -> store.Delivery:
    delivery_id = str(message.get("delivery_id"))
    delivery = store.find_delivery(delivery_id)
    if delivery is None:
        raise NotFound("delivery", delivery_id)
    return delivery


def _entries(delivery: store.Delivery) -> list[Any]:
    try:
        entries = json.loads(store.body_of(delivery))
    except ValueError:
        raise MalformedRequest("The delivery is not JSON.") from None
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
        for reports, found in zip(by_mail.values(), _each(by_mail.values()), strict=True)
        for outcome in found
    ]
    not_on_file = [mail_id for mail_id, outcome in outcomes if outcome is False]
    return not_on_file, [outcome for _, outcome in outcomes if isinstance(outcome, Exception)]


def _erased(mail_ids: Iterable[str]) -> frozenset[str]:
    """Those of these mails whose person was erased."""
    from leadflow.campaigns import service as campaigns

    return frozenset(mail_id for mail_id in set(mail_ids) if campaigns.was_erased(mail_id))


def _each(groups: Iterable[list[MailReport]]) -> Iterable[list[bool | Exception]]:
    if settings().is_local:
        return [list(_record(group)) for group in groups]
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        return list(pool.map(lambda group: list(_record(group)), groups))


def _record(reports: list[MailReport]) -> Iterator[bool | Exception]:
    from leadflow.campaigns import service as campaigns

    for report in reports:
        try:
            yield campaigns.record_event(report.mail_id, report.event, report.at, report.data)
        except Exception as error:  # noqa: BLE001 - raised by `process` once every entry had its turn
            yield error


def _first_to_try_again(failed: list[Exception]) -> Exception:
    """What decides the fate of the delivery: as long as anything may still succeed, it is tried again."""
    for error in failed:
        if not isinstance(error, LeadflowError) or error.retryable:
            return error
    return failed[0]
