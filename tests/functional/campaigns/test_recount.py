"""The nightly recount."""

from __future__ import annotations

import pytest

from leadflow.campaigns.rules import states
from leadflow.campaigns.service import recounting
from leadflow.core import table, totals
from tests.functional.campaigns.campaigning import campaign, made_lead, mail_of, move, stand, stats, step
from tests.functional.leads.announced import work
from tests.functional.leads.erasing import queued
from tests.functional.wire import interrupted
from tests.functional.workflows.engine import Engine
from tests.harness import Clock, call, door

NINE = "2026-03-02T09:30:00.000Z"


@pytest.fixture
def campaign_id() -> str:
    made = campaign()
    step(made)
    stand(made, "active", recipients=5)
    for number in range(3):
        move(mail_of(made, 1, number), states.accepted, NINE)
    return made


def recount() -> dict[str, int]:
    done: dict[str, int] = door("campaigns/recount")({}, None)
    return done


def test_what_the_stream_lost_is_counted_once(campaign_id: str, clock: Clock) -> None:
    assert stats(campaign_id)["sent"] == 0

    assert recount() == {"campaigns": 1, "mails_missed": 3, "totals_mended": 0, "busy": 0}

    assert stats(campaign_id)["sent"] == 3
    Engine(clock).deliver()
    assert stats(campaign_id)["sent"] == 3
    assert recount()["mails_missed"] == 0


def test_a_total_that_is_wrong_is_mended(campaign_id: str, clock: Clock) -> None:
    Engine(clock).deliver()
    owner = f"CAMP#{campaign_id}"
    assert totals.correct(owner, "S#0001#sent", 3, 4)
    assert totals.correct(owner, "S#0001#unknown", 0, 1)
    assert not totals.correct(owner, "C#sent", 99, 1)
    assert stats(campaign_id)["sent"] == 4

    assert recount()["totals_mended"] == 2

    assert (stats(campaign_id)["sent"], stats(campaign_id)["unknown"]) == (3, 0)
    assert recount()["totals_mended"] == 0


def test_a_campaign_that_moves_all_the_time_is_left_alone(campaign_id: str, clock: Clock) -> None:
    engine = Engine(clock)
    engine.deliver()
    totals.correct(f"CAMP#{campaign_id}", "C#sent", 3, 4)
    made = iter(range(10, 100))

    def send_another() -> None:
        move(mail_of(campaign_id, 1, next(made)), states.accepted, NINE)
        engine.deliver()

    with interrupted(send_another, operation="BatchGetItem", times=40):
        missed, mended = recounting.recount_campaign(campaign_id)

    assert (missed, mended) == (0, None)
    assert recounting.recount_campaign(campaign_id) == (0, 1)


def test_mails_of_erased_people_stay_counted(clock: Clock) -> None:
    engine, campaign_id = Engine(clock), campaign()
    step(campaign_id)
    stand(campaign_id, "active", recipients=1)
    lead_id = made_lead(1)
    move(mail_of(campaign_id, 1, 1, lead_id=lead_id), states.accepted, NINE)
    engine.deliver()

    assert call("leads/erase_lead", path={"lead_id": lead_id}).status == 202
    work(*queued())
    engine.deliver()

    assert stats(campaign_id)["sent"] == 1
    assert recount() == {"campaigns": 1, "mails_missed": 0, "totals_mended": 0, "busy": 0}
    assert call("campaigns/list_emails", path={"campaign_id": campaign_id}).json["items"] == []


def test_only_campaigns_that_may_have_moved_are_counted_and_the_longest_uncounted_first(clock: Clock) -> None:
    campaign()
    over = campaign()
    stand(over, "completed")
    item = recounting.store.find_campaign(over)
    assert item is not None
    item.completed_at = NINE
    table.save(item)
    clock.advance(days=31)
    first, second = campaign(), campaign()
    for one in (first, second):
        stand(one, "active")
    recounting.store.note_recount(first)

    assert recounting._in_turn() == [second, first]
    assert recount()["campaigns"] == 2
