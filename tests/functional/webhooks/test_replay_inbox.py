"""POST /webhook-inbox/{delivery_id}/replay"""

from __future__ import annotations

from tests.functional.channels.accounts import MESSENGER, make
from tests.functional.webhooks.posts import queued, work
from tests.functional.webhooks.services import (
    SMS,
    Arrivals,
    form,
    meta_message,
    meta_post,
    post_meta,
    post_twilio,
)
from tests.functional.wire import stored
from tests.harness import Answer, Clock, call


def replay(delivery_id: str) -> Answer:
    return call("webhooks/replay_inbox", path={"delivery_id": delivery_id})


def test_what_was_done_is_handed_on_again_as_it_was() -> None:
    channel = make(SMS)
    post_twilio(channel, form())
    (message,) = queued()
    arrivals = Arrivals()
    work(message, hand_on=arrivals.take)
    answer = replay(message["delivery_id"])
    assert (answer.status, answer.json["state"]) == (202, "received")
    assert queued() == [message]
    work(message, hand_on=arrivals.take)

    first, second = arrivals
    assert first == second
    assert stored("Delivery")[0]["state"]["S"] == "processed"


def test_what_was_parked_is_tried_again_once_its_page_is_connected() -> None:
    channel = make(MESSENGER)
    post_meta(channel, meta_post(meta_message("m_1", "Hello"), page="102938400000002"))
    (message,) = queued()
    work(message)
    second = make(MESSENGER, page_id="102938400000002")
    replay(message["delivery_id"])

    arrivals = Arrivals()
    work(*queued(), hand_on=arrivals.take)

    assert [channel_id for _, channel_id, _ in arrivals] == [second["id"]]
    (kept,) = stored("Delivery")
    assert kept["state"]["S"] == "processed"
    assert "reason" not in kept
    assert "parked_entries" not in kept


def test_x40_one_that_nobody_managed_to_work_on_is_parked_after_a_day_and_may_be_replayed(clock: Clock) -> None:
    post_twilio(make(SMS), form())
    (message,) = queued()
    for hours in (1, 22, 2):
        clock.advance(hours=hours)
        call_reconcile()
    assert stored("Delivery")[0]["reason"]["S"] == "Nobody managed to work on it for a day."
    queued()

    replay(message["delivery_id"])
    clock.advance(hours=1)
    call_reconcile()

    assert stored("Delivery")[0]["state"]["S"] == "received"


def call_reconcile() -> None:
    from tests.harness import door

    door("platform/reconcile")({}, None)


def test_no_such_delivery_and_no_such_right() -> None:
    assert replay("01HZX4").status == 404
    assert call("webhooks/replay_inbox", path={"delivery_id": "01HZX4"}, scopes="channels:read").status == 403
