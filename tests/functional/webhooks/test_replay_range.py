"""POST /webhook-inbox/replay"""

from __future__ import annotations

from typing import Any

import pytest

from tests.functional import wire
from tests.functional.channels.accounts import make
from tests.functional.webhooks.posts import queued, work
from tests.functional.webhooks.services import SMS, Arrivals, form, post_twilio
from tests.harness import Answer, Clock, call

DAY = {"from": "2026-03-02T00:00:00Z", "to": "2026-03-03T00:00:00Z"}


def replay(**body: Any) -> Answer:
    return call("webhooks/replay_range", {**DAY, **body})


def received(clock: Clock, count: int, channel: dict[str, Any]) -> None:
    for number in range(count):
        post_twilio(channel, form(MessageSid=f"SM{number}"))
        clock.advance(minutes=1)


def worked_on(clock: Clock, count: int, channel: dict[str, Any]) -> None:
    received(clock, count, channel)
    work(*queued())


def test_what_came_in_a_time_is_done_again_oldest_first(clock: Clock) -> None:
    worked_on(clock, 6, make(SMS))

    answer = replay(**{"from": "2026-03-02T09:01:00Z", "to": "2026-03-02T09:04:00Z"})

    assert (answer.status, answer.json) == (202, {"queued": 4, "next_from": None})
    arrivals = Arrivals()
    for message in queued():
        work(message, hand_on=arrivals.take)
    assert [one.provider_message_id for one, _, _ in arrivals] == ["SM1", "SM2", "SM3", "SM4"]


def test_of_one_channel_or_one_state_alone(clock: Clock) -> None:
    one, other = make(SMS), make(SMS, phone_number="+12025550199")
    worked_on(clock, 2, one)
    post_twilio(other, form(To="+12025550111"))
    work(*queued())

    assert replay(channel_id=other["id"]).json["queued"] == 1
    assert replay(state="processed").json["queued"] == 2
    assert replay(state="parked").json["queued"] == 0


def test_more_than_one_call_takes_is_gone_on_with(clock: Clock) -> None:
    received(clock, 201, make(SMS))

    first = replay().json
    assert first == {"queued": 200, "next_from": "2026-03-02T12:20:00.000Z"}
    assert replay(**{"from": first["next_from"]}).json == {"queued": 1, "next_from": None}


def test_a_search_that_takes_too_long_is_gone_on_with(clock: Clock) -> None:
    received(clock, 60, make(SMS))

    def slow() -> None:
        clock.advance(seconds=2)

    with wire.interrupted(slow, operation="BatchGetItem", times=8):
        first = replay(channel_id="of-no-one").json

    assert first["queued"] == 0
    assert DAY["from"] < first["next_from"] < DAY["to"]
    assert replay(**{"from": first["next_from"], "channel_id": "of-no-one"}).json == {"queued": 0, "next_from": None}


WRONG: dict[str, dict[str, Any]] = {
    "from": {"from": "yesterday"},
    "to": {"to": "2026-03-01T00:00:00Z"},
    "state": {"state": "lost"},
    "other": {"other": 1},
}


@pytest.mark.parametrize("field", WRONG)
def test_bad_bodies_name_the_field(field: str) -> None:
    answer = replay(**WRONG[field])

    assert answer.status == 422
    assert answer.json["errors"][0]["field"] == field


def test_the_scope_is_needed() -> None:
    assert call("webhooks/replay_range", DAY, scopes="channels:read").status == 403
