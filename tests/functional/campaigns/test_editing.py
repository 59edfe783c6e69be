"""Steps that are added, moved and removed while people wait for one: nobody is passed over, nobody gets one twice."""

from __future__ import annotations

from typing import Any

import pytest

from leadflow.campaigns import store
from leadflow.campaigns.store import cohorts as runs
from leadflow.core import table
from tests.functional import wire
from tests.functional.campaigns.campaigning import campaign, patch, patch_step, stats, step
from tests.functional.campaigns.mailing import MailService, email_channel
from tests.functional.campaigns.running import (
    acted,
    lose_everything,
    people,
    recipients,
    reconciled,
    tally,
    work,
)
from tests.functional.workflows.engine import Engine
from tests.harness import Clock, call


def launched(*delays: int, **fields: Any) -> str:
    """A campaign whose first step has gone out, with a step for each delay in hours, numbered 1, 3, 5, …"""
    email_channel()
    people(2)
    campaign_id = campaign(**fields)
    for place, delay in enumerate(delays):
        step(campaign_id, 2 * place + 1, delay_hours=delay)
    acted(campaign_id, "launch_campaign")
    work()
    assert tally(campaign_id, 1) == {"accepted": 2}
    return campaign_id


def removed(campaign_id: str, step_number: int) -> None:
    step_id = next(one.id for one in store.steps_of(campaign_id) if one.step_number == step_number)
    assert call("campaigns/delete_step", path={"campaign_id": campaign_id, "step_id": step_id}).status == 204


def moved(campaign_id: str, step_number: int, to: int) -> None:
    step_id = next(one.id for one in store.steps_of(campaign_id) if one.step_number == step_number)
    assert patch_step(campaign_id, step_id, {"step_number": to}).status == 200


def nothing_is_pending(campaign_id: str, engine: Engine) -> bool:
    engine.deliver()
    told = stats(campaign_id)
    return told["status"] == "completed" and all(one["pending"] == 0 for one in told["steps"])


@pytest.mark.parametrize("mode", ["snapshot", "evergreen"])
def test_a_step_put_between_comes_at_its_own_time(mails: MailService, clock: Clock, engine: Engine, mode: str) -> None:
    campaign_id = launched(0, 48, audience_mode=mode)

    step(campaign_id, 2, delay_hours=24)
    work()

    reconciled(clock, hours=25)
    assert (tally(campaign_id, 2), tally(campaign_id, 3)) == ({"accepted": 2}, {})
    reconciled(clock, hours=47)
    assert tally(campaign_id, 3) == {}
    reconciled(clock, hours=2)
    assert tally(campaign_id, 3) == {"accepted": 2}
    assert len(recipients(mails)) == 6
    assert mode == "evergreen" or nothing_is_pending(campaign_id, engine)


def test_a_step_put_between_is_found_when_nobody_was_told_of_it(
    mails: MailService, clock: Clock, engine: Engine
) -> None:
    campaign_id = launched(0, 48)
    step(campaign_id, 2, delay_hours=24)
    run = runs.find_run(campaign_id)
    assert run is not None
    run.reorder = False
    table.save(run)
    lose_everything()

    reconciled(clock, hours=49)
    assert (tally(campaign_id, 2), tally(campaign_id, 3)) == ({"accepted": 2}, {})
    reconciled(clock, hours=49)
    assert tally(campaign_id, 3) == {"accepted": 2}
    assert nothing_is_pending(campaign_id, engine)


def test_a_step_put_between_while_the_campaign_is_paused(mails: MailService, clock: Clock, engine: Engine) -> None:
    campaign_id = launched(0, 48)
    acted(campaign_id, "pause_campaign")
    reconciled(clock, hours=49)
    step(campaign_id, 2, delay_hours=24)
    work()
    acted(campaign_id, "resume_campaign")
    work()

    assert (tally(campaign_id, 2), tally(campaign_id, 3)) == ({"accepted": 2}, {})
    reconciled(clock, hours=49)
    assert nothing_is_pending(campaign_id, engine)


def test_a_step_that_is_moved_behind_another_comes_in_its_new_turn(
    mails: MailService, clock: Clock, engine: Engine
) -> None:
    campaign_id = launched(0, 24, 24)
    moved(campaign_id, 3, 7)
    work()

    reconciled(clock, hours=25)
    assert (tally(campaign_id, 5), tally(campaign_id, 7)) == ({"accepted": 2}, {})
    reconciled(clock, hours=25)
    assert tally(campaign_id, 7) == {"accepted": 2}
    assert len(recipients(mails)) == 6
    assert nothing_is_pending(campaign_id, engine)


def test_who_has_no_address_is_skipped_at_the_number_a_step_has_now(
    mails: MailService, clock: Clock, engine: Engine
) -> None:
    campaign_id = launched(0, 24)
    [someone, _] = wire.stored("Lead")
    assert call("leads/erase_lead", path={"lead_id": someone["id"]["S"]}).status == 202
    moved(campaign_id, 3, 9)
    work()

    reconciled(clock, hours=25)

    assert tally(campaign_id, 3) == {}
    assert sum(tally(campaign_id, 9).values()) == 2
    assert nothing_is_pending(campaign_id, engine)


def test_a_step_removed_and_another_put_in_its_place(mails: MailService, clock: Clock, engine: Engine) -> None:
    campaign_id = launched(0, 48)
    removed(campaign_id, 3)
    step(campaign_id, 2, delay_hours=1)
    work()

    reconciled(clock, hours=2)

    assert tally(campaign_id, 2) == {"accepted": 2}
    assert nothing_is_pending(campaign_id, engine)


def test_who_came_to_the_end_by_a_removal_gets_what_is_added_later(
    mails: MailService, clock: Clock, engine: Engine
) -> None:
    campaign_id = launched(0, 48, audience_mode="evergreen")
    removed(campaign_id, 3)
    work()
    step(campaign_id, 2)
    work()

    assert tally(campaign_id, 2) == {"accepted": 2}
    assert len(recipients(mails)) == 4


def test_completed_by_hand_nothing_is_pending_of_a_step_put_between(
    mails: MailService, clock: Clock, engine: Engine
) -> None:
    campaign_id = launched(0, 48)
    step(campaign_id, 2)
    acted(campaign_id, "complete_campaign")
    work()

    assert nothing_is_pending(campaign_id, engine)
    acted(campaign_id, "resume_rest")
    work()
    reconciled(clock, hours=49)
    assert (tally(campaign_id, 2), tally(campaign_id, 3)) == ({"accepted": 2}, {"accepted": 2})
    assert nothing_is_pending(campaign_id, engine)


def test_a_step_put_between_in_the_moment_another_begins(mails: MailService, clock: Clock, engine: Engine) -> None:
    campaign_id = launched(0, 48)
    clock.advance(hours=49)

    with wire.interrupted(lambda: step(campaign_id, 2), operation="TransactWriteItems"):
        reconciled(clock, minutes=1)
        work()

    assert tally(campaign_id, 2) == {"accepted": 2}
    reconciled(clock, hours=49)
    assert nothing_is_pending(campaign_id, engine)


def test_who_waits_for_a_window_that_is_taken_away_gets_the_mail_at_once(
    mails: MailService, clock: Clock, engine: Engine
) -> None:
    email_channel()
    people(2, timezone="Asia/Tokyo")
    campaign_id = campaign(send_window={"from": "09:00", "to": "10:00"})
    step(campaign_id, 1)
    step(campaign_id, 2, delay_hours=24)
    acted(campaign_id, "launch_campaign")
    work()
    assert recipients(mails) == []

    assert patch(campaign_id, {"send_window": {"from": "12:00", "to": "13:00"}}).status == 200
    work()
    assert recipients(mails) == []
    assert patch(campaign_id, {"send_window": None}).status == 200
    work()

    assert tally(campaign_id, 1) == {"accepted": 2}
    assert patch(campaign_id, {"timezone": "Europe/Berlin"}).status == 200
    work()
    assert tally(campaign_id, 2) == {}
    reconciled(clock, hours=25)
    assert nothing_is_pending(campaign_id, engine)
    assert len(recipients(mails)) == 4


@pytest.mark.parametrize("limit", [{"rate_per_hour": 1}, {"warm_up": [{"day": 1, "max": 1}, {"day": 9, "max": 1}]}])
def test_who_waits_for_a_rate_that_is_taken_away_gets_the_mail_at_once(
    mails: MailService, clock: Clock, limit: dict[str, Any]
) -> None:
    email_channel()
    people(3)
    campaign_id = campaign(**limit)
    step(campaign_id, 1)
    acted(campaign_id, "launch_campaign")
    work()
    assert len(recipients(mails)) == 1

    assert patch(campaign_id, dict.fromkeys(limit)).status == 200
    work()

    assert tally(campaign_id, 1) == {"accepted": 3}
