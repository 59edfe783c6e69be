"""The worker of the deliveries queue."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from leadflow.campaigns import service as campaigns
from leadflow.channels import service, store
from leadflow.core import aws, errors, seams
from tests.functional.channels.accounts import make
from tests.functional.webhooks.posts import body_of, event, logged, post, queued, work
from tests.functional.wire import stored
from tests.harness import Clock

Recorded = list[tuple[str, str, datetime, dict[str, Any]]]


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    """What the campaigns wing is told; it knows every mail."""
    told: Recorded = []
    recorder(monkeypatch, lambda *report: told.append(report) or True)
    return told


def recorder(monkeypatch: pytest.MonkeyPatch, function: Callable[..., Any]) -> None:
    monkeypatch.setattr(campaigns, "record_event", function)


def deliver(*entries: Any, raw: bytes | None = None) -> dict[str, Any]:
    """Posts entries, and gives the message that waits for the worker."""
    post(make()["id"], body_of(*entries) if raw is None else raw)
    (message,) = queued()
    return message


def delivery(message: dict[str, Any]) -> store.Delivery:
    found = store.find_delivery(message["delivery_id"])
    assert found is not None
    return found


def test_every_entry_is_told_on_and_the_delivery_is_done(recorded: Recorded, clock: Clock) -> None:
    message = deliver(*(event(f"1m{number}", sg_event_id=f"e{number}") for number in range(100)))
    clock.advance(minutes=1)
    assert work(message) == []
    assert [mail_id for mail_id, *_ in recorded] == [f"1m{number}" for number in range(100)]
    done = delivery(message)
    assert (done.state, done.entries, done.recorded, done.reason) == ("processed", 100, 100, None)
    assert (done.gsi3pk, done.gsi3sk) == (None, None)
    assert done.expires_at == int(clock.moment.timestamp()) + 30 * 24 * 3600


def test_what_is_told_holds_the_facts_and_no_address(recorded: Recorded) -> None:
    bounce = event("1abc", "bounce", timestamp=1762763716, type="blocked", reason="550 no", status="5.7.1", tls=1)
    work(deliver(bounce))
    assert recorded == [
        (
            "1abc",
            "bounce",
            datetime(2025, 11, 10, 8, 35, 16, tzinfo=UTC),
            {"sg_event_id": "bounce-1", "type": "blocked", "reason": "550 no", "status": "5.7.1"},
        )
    ]


def test_done_again_it_does_nothing_more(recorded: Recorded) -> None:
    message = deliver(event())
    assert work(message, message) == []
    assert work(message) == []
    assert len(recorded) == 1


def test_entries_that_are_not_about_our_mails_are_passed_over(recorded: Recorded) -> None:
    others = [event(None), event("", "open"), event(name="account_status_change"), event(7), "text", None, 1, []]  # type: ignore[arg-type]
    message = deliver(*others, event("1abc"))
    assert work(message) == []
    assert [mail_id for mail_id, *_ in recorded] == ["1abc"]
    assert (delivery(message).entries, delivery(message).recorded) == (9, 1)


def test_mails_not_on_file_yet_are_waited_for(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    on_file: set[str] = {"1b"}
    told: list[str] = []

    def record(mail_id: str, *_: Any) -> bool:
        told.append(mail_id)
        return mail_id in on_file

    recorder(monkeypatch, record)
    message = deliver(event("1a"), event("1b"))
    assert work(message) == ["0"]
    assert told == ["1a", "1b"]
    assert delivery(message).state == "received"
    clock.advance(minutes=14)
    assert work(message) == ["0"]
    on_file.add("1a")
    assert work(message) == []
    assert delivery(message).state == "processed"


def test_mails_that_never_come_to_be_park_it_with_the_reason(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    recorder(monkeypatch, lambda mail_id, *_: mail_id != "1a")
    message = deliver(event("1a"), event("1b"))
    clock.advance(minutes=15)
    assert work(message) == []
    parked = delivery(message)
    assert (parked.state, parked.gsi3pk) == ("parked", None)
    assert parked.reason == "1 of 2 entries are about mails that are not on file."
    assert parked.expires_at is not None


def test_one_entry_that_fails_stops_no_other(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    told: list[str] = []
    failing: dict[str, Exception] = {
        "1a": errors.InvalidInput("event", "is wrong"),
        "1b": ZeroDivisionError("about ana@example.com"),
        "1c": errors.InProgress("busy"),
    }

    def record(mail_id: str, *_: Any) -> bool:
        told.append(mail_id)
        if mail_id in failing:
            raise failing[mail_id]
        return True

    recorder(monkeypatch, record)
    message = deliver(*(event(f"1{letter}") for letter in "abcd"))
    for fixed in ("1b", "1c"):
        assert work(message) == ["0"]
        assert delivery(message).state == "received"
        del failing[fixed]
    assert work(message) == []
    assert told == ["1a", "1b", "1c", "1d"] * 3
    assert (delivery(message).state, delivery(message).reason) == ("parked", "event: is wrong")
    assert "ZeroDivisionError" in logged(caplog.records)
    assert "ana@example.com" not in logged(caplog.records)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"not json", "The delivery cannot be read: it is not JSON."),
        (b"", "The delivery cannot be read: it is not JSON."),
        (b"\xff\xfe", "The delivery cannot be read: it is not JSON."),
        (b'{"event": "open"}', "The delivery is not a list of events."),
    ],
)
def test_what_cannot_be_read_is_parked(recorded: Recorded, raw: bytes, reason: str) -> None:
    channel = make()
    store.keep_delivery("01HZX4", channel["id"], store.Posted("sendgrid", "events", raw))
    message = {"delivery_id": "01HZX4"}
    assert work(message) == []
    assert (delivery(message).state, delivery(message).reason) == ("parked", reason)
    assert work(message) == []
    assert not recorded


def test_a_message_about_nothing_is_done_with(recorded: Recorded) -> None:
    assert work({"delivery_id": "01HZX4"}, {}, {"delivery_id": None}) == []


def test_a_delivery_in_the_bucket_is_worked_on_too(recorded: Recorded) -> None:
    aws.client("s3").create_bucket(Bucket=os.environ["BUCKET_NAME"])
    message = deliver(*(event(f"1m{number}") for number in range(500)))
    assert delivery(message).blob
    assert work(message) == []
    assert len(recorded) == 500


def test_a_worker_that_was_overtaken_leaves_it_at_that(monkeypatch: pytest.MonkeyPatch) -> None:
    message = deliver(event())

    def overtaken(*_: Any) -> bool:
        service.park(message, errors.Conflict("by hand"))
        return True

    recorder(monkeypatch, overtaken)
    assert work(message) == []
    assert delivery(message).state == "parked"


def test_a_worker_whose_delivery_was_asked_for_again_meanwhile_is_called_again(monkeypatch: pytest.MonkeyPatch) -> None:
    message = deliver(event())
    turns: list[str] = []

    def replayed(*_: Any) -> bool:
        if not turns:
            service.replay(message["delivery_id"])
        turns.append("told")
        return True

    recorder(monkeypatch, replayed)
    assert work(message) == ["0"]
    assert delivery(message).state == "received"
    assert work(message) == []
    assert delivery(message).state == "processed"


def test_reports_about_one_mail_go_in_their_order(recorded: Recorded) -> None:
    work(deliver(event("1a", "processed"), event("1b", "processed"), event("1a", "delivered"), event("1a", "open")))
    assert [name for mail_id, name, *_ in recorded if mail_id == "1a"] == ["processed", "delivered", "open"]


def test_on_aws_mails_are_told_beside_each_other_and_each_ones_reports_in_order(
    monkeypatch: pytest.MonkeyPatch, cloud: seams.Seams
) -> None:
    told: Recorded = []
    threads: set[int] = set()
    together = threading.Barrier(2, timeout=20)

    def record(*report: Any) -> bool:
        if report[1] == "processed":
            together.wait()
        threads.add(threading.get_ident())
        told.append(report)
        return report[0] != "1b"

    recorder(monkeypatch, record)
    message = deliver(*(event(mail_id, name) for name in ("processed", "delivered") for mail_id in ("1a", "1b")))
    monkeypatch.setenv("STAGE", "dev")
    cloud.forget("settings")
    assert work(message) == ["0"]
    assert len(threads) == 2
    for mail_id in ("1a", "1b"):
        assert [name for about, name, *_ in told if about == mail_id] == ["processed", "delivered"]


def test_the_log_names_ids_and_counts_alone(recorded: Recorded, caplog: pytest.LogCaptureFixture) -> None:
    message = deliver(event(reason="ana@example.com does not exist"))
    work(message)
    (done,) = [vars(record) for record in caplog.records if record.message == "delivery processed"]
    assert (done["delivery_id"], done["entries"], done["recorded"]) == (message["delivery_id"], 1, 1)
    assert "ana@" not in logged(caplog.records)


def test_the_campaigns_wing_waits_for_a_mail_it_does_not_know() -> None:
    message = deliver(event("1unknown"))
    assert work(message) == ["0"]
    assert len(stored("Delivery")) == 1
