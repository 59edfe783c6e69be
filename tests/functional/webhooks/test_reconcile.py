"""Deliveries whose queue message was lost."""

from __future__ import annotations

import pytest

from leadflow.campaigns import service as campaigns
from leadflow.channels.service import inbox
from leadflow.core import seams, table
from tests.functional.channels.accounts import make
from tests.functional.webhooks.posts import body_of, event, post, queued, work
from tests.harness import Clock


@pytest.fixture(autouse=True)
def _every_mail_is_on_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaigns, "record_event", lambda *_: True)


def arrive(count: int = 1) -> list[str]:
    channel = make()
    for number in range(count):
        post(channel["id"], body_of(event(f"1m{number}")))
    return sorted(message["delivery_id"] for message in queued())


def as_host(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST_ID", name)
    seams.current().forget("settings")


def test_what_nobody_worked_on_for_two_minutes_is_queued_again(clock: Clock) -> None:
    waiting = arrive(3)
    clock.advance(minutes=2)
    assert inbox.reconcile() == {"requeued": 0}
    clock.advance(seconds=1)
    assert inbox.reconcile() == {"requeued": 3}
    assert sorted(message["delivery_id"] for message in queued()) == waiting


def test_it_is_not_queued_again_and_again(clock: Clock) -> None:
    arrive()
    clock.advance(minutes=3)
    assert inbox.reconcile() == {"requeued": 1}
    assert inbox.reconcile() == {"requeued": 0}
    clock.advance(minutes=11)
    assert inbox.reconcile() == {"requeued": 1}


def test_what_is_done_or_parked_is_left_alone(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    done, lost = ({"delivery_id": delivery_id} for delivery_id in arrive(2))
    work(done)
    clock.advance(minutes=20)
    monkeypatch.setattr(campaigns, "record_event", lambda *_: False)
    work(lost)
    assert inbox.reconcile() == {"requeued": 0}


def test_what_is_done_between_the_look_and_the_write_is_left_alone(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    (delivery_id,) = arrive()
    clock.advance(minutes=3)
    looked = table.find_many

    def then_done(kind: type[table.Item], keys: object) -> list[table.Item]:
        found = looked(kind, keys)  # type: ignore[arg-type]
        work({"delivery_id": delivery_id})
        return found

    monkeypatch.setattr(table, "find_many", then_done)
    assert inbox.reconcile() == {"requeued": 0}
    assert queued() == []


def test_a_restarted_machine_takes_up_at_once_what_the_last_one_left(monkeypatch: pytest.MonkeyPatch) -> None:
    as_host("one", monkeypatch)
    arrive(2)
    assert inbox.reconcile() == {"requeued": 0}
    as_host("two", monkeypatch)
    assert inbox.reconcile() == {"requeued": 2}
    assert len(queued()) == 2
    assert inbox.reconcile() == {"requeued": 0}


def test_what_cannot_be_queued_now_is_found_later(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    arrive()
    clock.advance(minutes=3)
    with monkeypatch.context() as broken:
        broken.setenv("DELIVERIES_QUEUE_URL", "https://sqs.us-east-1.amazonaws.com/123456789012/gone")
        seams.current().forget("settings")
        assert inbox.reconcile() == {"requeued": 0}
    seams.current().forget("settings")
    clock.advance(minutes=11)
    assert inbox.reconcile() == {"requeued": 1}
