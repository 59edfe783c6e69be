"""What providers report about mails, and what workflows hear of a mail's changes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from leadflow.campaigns import service as campaigns
from leadflow.campaigns import store
from leadflow.core import clock as clocks
from leadflow.core import table
from tests.functional.campaigns.mailing import MailService, email_channel, lead, send, sent_mail, shown, template
from tests.functional.wire import interrupted, stored
from tests.harness import Clock, call


def record(email_id: str, event: str, seconds: int = 0, **data: Any) -> bool:
    return campaigns.record_event(email_id, event, clocks.now() + timedelta(seconds=seconds), data)


def images(email_id: str) -> table.Item:
    """The mail as a stream image brings it."""
    [raw] = [item for item in stored("EmailSent") if item["pk"]["S"] == f"EM#{email_id}"]
    item = table.from_image(raw)
    assert item is not None
    return item


def heard(old: table.Item | None, email_id: str) -> list[tuple[str, dict[str, Any]]]:
    """Types and data of the events of the latest change."""
    return [(event.event_type, event.data) for event in campaigns.events_of(old, images(email_id), "change")]


def test_x17_events_move_the_mail_in_any_order_and_any_number(mails: MailService) -> None:
    email_id = sent_mail()

    for event, seconds in (("delivered", 30), ("processed", 10), ("deferred", 20), ("delivered", 30)):
        assert record(email_id, event, seconds) is True

    mail = shown(email_id)
    assert (mail["status"], mail["outcome"]) == ("delivered", "accepted")
    assert mail["delivered_at"] == "2026-03-02T09:00:30.000Z"
    assert mail["sent_at"] == "2026-03-02T09:00:00.000Z"
    assert len(stored("EmailEvent")) == 3


def test_x17_the_same_event_is_known_by_what_it_says_whatever_id_the_provider_gives_it(mails: MailService) -> None:
    """An event is sent again under a new id, or has none, as those about unsubscribing."""
    email_id = sent_mail()
    url = "https://example.com/pricing"

    for said in ({"sg_event_id": "one"}, {"sg_event_id": "another"}, {}):
        assert record(email_id, "click", 10, url=url, useragent="Mozilla/5.0 (iPhone)", **said)
        assert record(email_id, "group_unsubscribe", 20, **said)
    assert record(email_id, "click", 11, url=url, useragent="Mozilla/5.0 (iPhone)", sg_event_id="one")

    assert shown(email_id)["click_count"] == 2
    assert len(stored("EmailEvent")) == 3


def test_nothing_happens_to_a_mail_before_it_is_there(mails: MailService, clock: Clock) -> None:
    """Providers report whole seconds."""
    clock.advance(milliseconds=700)
    email_id = sent_mail()

    record(email_id, "delivered", -1)

    mail = shown(email_id)
    assert mail["sent_at"] == mail["delivered_at"] == mail["created_at"] == "2026-03-02T09:00:00.700Z"


def test_an_event_of_no_mail_of_ours_is_not_taken(mails: MailService) -> None:
    assert record("1nope", "delivered") is False
    assert stored() == []


def test_a_hard_bounce_ends_the_mail_and_suppresses_the_address(mails: MailService) -> None:
    email_id = sent_mail()

    record(email_id, "bounce", 5, type="bounce", status="5.1.1", reason="550 <ada@example.com> unknown")
    record(email_id, "delivered", 9)

    mail = shown(email_id)
    assert (mail["status"], mail["error_message"]) == ("bounced", "bounced: 5.1.1")
    assert campaigns.is_suppressed("email", "ADA@example.com") == "bounce"
    [suppression] = stored("Suppression")
    assert suppression["source"]["S"] == email_id
    assert suppression["gsi1pk"]["S"] == "SUPS"


def test_a_soft_bounce_leaves_the_address_alone(mails: MailService) -> None:
    email_id = sent_mail()

    record(email_id, "bounce", type="blocked", reason="try later")

    assert shown(email_id)["status"] == "bounced"
    assert campaigns.is_suppressed("email", "ada@example.com") is None


@pytest.mark.parametrize(("event", "reason"), [("spamreport", "spam_report"), ("unsubscribe", "unsubscribe")])
def test_who_complains_or_leaves_is_suppressed(mails: MailService, event: str, reason: str) -> None:
    email_id = sent_mail()

    record(email_id, event)

    assert campaigns.is_suppressed("email", "ada@example.com") == reason
    assert shown(email_id)["status"] == "sent"


def test_a_dropped_mail_failed_whatever_came_before(mails: MailService) -> None:
    email_id = sent_mail()

    record(email_id, "dropped", reason="Bounced Address")

    mail = shown(email_id)
    assert (mail["status"], mail["outcome"], mail["error_message"]) == (
        "failed",
        "rejected",
        "dropped: Bounced Address",
    )
    assert campaigns.is_suppressed("email", "ada@example.com") == "bounce"
    assert store.find_mail(email_id).gsi3pk is None  # type: ignore[union-attr]


def test_opens_and_clicks_the_provider_reports_count_once_each(mails: MailService, clock: Clock) -> None:
    """X17: an event that comes many times, also under another id, is one."""
    email_id = sent_mail()
    clock.advance(minutes=1)

    for number in range(3):
        record(email_id, "open", sg_event_id=str(number), useragent="Mozilla/5.0 (iPhone)", ip="203.0.113.9")
        record(email_id, "click", sg_event_id=str(number), url="https://example.com/pricing")
    record(email_id, "open", 60, useragent="Mozilla/5.0 (iPhone)", ip="203.0.113.9")

    mail = shown(email_id)
    assert (mail["status"], mail["open_count"], mail["click_count"]) == ("clicked", 2, 1)
    assert mail["opened_at"] == mail["clicked_at"] == "2026-03-02T09:01:00.000Z"
    assert len(stored("EmailEvent")) == 3
    signals = call("signals/list_signals", path={"lead_id": mail["lead_id"]}).json["items"]
    assert sorted(signal["signal_type"] for signal in signals) == ["email_click", "email_open"]


@pytest.mark.parametrize(
    "told",
    [
        {"sg_machine_open": True, "useragent": "Mozilla/5.0 (iPhone)"},
        {"sg_machine_open": False, "useragent": "Mozilla/5.0", "ip": "17.58.97.4"},
        {"useragent": "Mimecast"},
    ],
)
def test_a_machine_the_provider_reports_is_kept_apart(mails: MailService, told: dict[str, Any]) -> None:
    email_id = sent_mail()

    record(email_id, "open", 60, **told)

    mail = shown(email_id)
    assert (mail["status"], mail["open_count"], mail["machine_open_count"]) == ("sent", 0, 1)
    assert stored("IntentSignal") == []


@pytest.mark.parametrize(
    ("url", "number", "label"),
    [
        ("https://example.com/pricing", 1, "https://example.com/pricing"),
        ("https://example.com/u/ada@example.com", 2, "https://example.com"),
        ("https://api.leadflow.test/t/{}/c/2", 2, "https://example.com"),
        ("https://api.leadflow.test/t/{}/c/3", 0, "another link"),
        ("https://example.com/elsewhere?of=ada@example.com", 0, "another link"),
        ("", 0, "another link"),
    ],
)
def test_a_click_the_provider_reports_is_of_one_of_our_links(
    mails: MailService, url: str, number: int, label: str
) -> None:
    email_id = sent_mail()
    before = images(email_id)

    record(email_id, "click", 60, url=url.format(email_id))

    [clicked] = [data for kind, data in heard(before, email_id) if kind == "email_clicked"]
    assert (clicked["link_number"], clicked["link"]) == (number, label)


def test_an_open_the_provider_reports_settles_a_send_nobody_knew_about(mails: MailService) -> None:
    email_channel()
    mails.answers = [None]
    sent = send(lead(), template())

    record(sent.email_id, "open", 60, sg_machine_open=True)

    assert shown(sent.email_id)["outcome"] == "accepted"


def test_an_event_survives_a_crash_at_any_write(mails: MailService) -> None:
    """The provider posts it again, and everything it says is there once."""
    email_id = sent_mail()
    for operation in ("PutItem", "TransactWriteItems"):
        with pytest.raises(SystemExit), interrupted(_die, operation=operation):
            record(email_id, "bounce", 5, type="bounce")

    assert record(email_id, "bounce", 5, type="bounce") is True
    assert record(email_id, "bounce", 5, type="bounce") is True

    assert shown(email_id)["status"] == "bounced"
    assert (len(stored("EmailEvent")), len(stored("Suppression"))) == (1, 1)


def _die() -> None:
    raise SystemExit


def test_a_stronger_reason_replaces_a_weaker_one_and_not_the_other_way(mails: MailService) -> None:
    email_id = sent_mail()

    record(email_id, "bounce")
    record(email_id, "unsubscribe")
    record(email_id, "bounce", 1)

    assert campaigns.is_suppressed("email", "ada@example.com") == "unsubscribe"
    assert len(stored("Suppression")) == 1


def test_two_reports_at_the_same_time_are_both_kept(mails: MailService) -> None:
    email_id = sent_mail()

    with interrupted(lambda: record(email_id, "delivered", 5)):
        record(email_id, "bounce", 6, type="blocked")

    mail = shown(email_id)
    assert (mail["status"], mail["delivered_at"]) == ("bounced", "2026-03-02T09:00:05.000Z")
    assert len(stored("EmailEvent")) == 2


def test_two_suppressions_at_the_same_time_are_one(mails: MailService) -> None:
    email_id = sent_mail()

    with interrupted(lambda: campaigns.suppress("email", "ada@example.com", "manual"), operation="PutItem"):
        record(email_id, "bounce")

    assert campaigns.is_suppressed("email", "ada@example.com") == "manual"


def test_workflows_hear_of_first_opens_clicks_and_bounces(mails: MailService, clock: Clock) -> None:
    email_channel()
    template_id = template()
    lead_id = lead()
    email_id = send(lead_id, template_id).email_id
    about = {"email_id": email_id, "campaign_id": None, "template_id": template_id}
    browser = {"user-agent": "Mozilla/5.0 (X11)"}

    def visit(door: str, agent: dict[str, str], **more: str) -> list[tuple[str, dict[str, Any]]]:
        before = images(email_id)
        clock.advance(seconds=1)
        call(door, path={"tracking_id": email_id, **more}, headers=agent, scopes=None)
        return heard(before, email_id)

    assert heard(None, email_id) == []
    assert visit("tracking/open", {"user-agent": "Mimecast"}) == [("email_opened", {**about, "machine": True})]
    assert visit("tracking/open", browser) == [("email_opened", {**about, "machine": False})]
    assert visit("tracking/open", browser) == []
    pricing = {**about, "link": "https://example.com/pricing", "link_number": 1, "machine": False}
    assert visit("tracking/click", browser, link="1") == [("email_clicked", pricing)]
    assert visit("tracking/click", browser, link="1") == []
    personal = {**about, "link": "https://example.com", "link_number": 2, "machine": False}
    assert visit("tracking/click", browser, link="2") == [("email_clicked", personal)]
    before = images(email_id)
    record(email_id, "bounce")
    assert heard(before, email_id) == [("email_bounced", about)]


def test_an_event_is_the_same_however_often_its_change_is_read(mails: MailService) -> None:
    email_id = sent_mail()
    before = images(email_id)
    call("tracking/click", path={"tracking_id": email_id, "link": "1"}, scopes=None)
    after = images(email_id)

    first = campaigns.events_of(before, after, "EM#x#2")

    assert first == campaigns.events_of(before, after, "EM#x#2")
    assert [event.event_type for event in first] == ["email_opened", "email_clicked"]
    assert len({event.event_id for event in first}) == 2
    assert {event.lead_id for event in first} == {shown(email_id)["lead_id"]}
    assert all(event.cause == () for event in first)


def test_changes_of_other_items_mean_nothing_here() -> None:
    assert campaigns.events_of(None, None, "x") == []
    assert campaigns.events_of(None, store.Suppression(pk="SUP#x", sk="#"), "x") == []
