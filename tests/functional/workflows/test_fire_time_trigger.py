"""The trigger `time_based`: once per moment, whatever comes twice, late or never."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from leadflow.core import seams
from tests.functional import wire
from tests.functional.conftest import Told
from tests.functional.leads.people import added
from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.functional.workflows.test_dispatch_changes import Activate, runs_of, tagging
from tests.functional.workflows.timers import Timers, at, fired, paused, reconciled
from tests.harness import Clock, call

HOURLY = "rate(1 hour)"
EVERYBODY = {"all": []}


@pytest.mark.parametrize("twice", [False, True])
def test_fires_once_at_each_moment(timed: Any, timers: Timers, twice: bool) -> None:
    workflow_id = timed("cron(0/10 9,10 * * ? *)")
    timers.run_until(at("2026-03-02T09:35:00Z"), twice=twice)
    assert fired(workflow_id) == [(f"2026-03-02T09:{minute}:00.000Z", 0) for minute in (10, 20, 30)]
    [run] = runs_of(workflow_id)[:1]
    assert (run["lead_id"], run["trigger_type"], run["workflow_version"]) == (None, "time_based", 1)
    assert run["trigger_id"]


def test_a_time_of_a_zone_is_kept_over_a_change_of_clocks(timed: Any, timers: Timers, clock: Clock) -> None:
    clock.moment = at("2026-03-27T12:00:00Z")
    workflow_id = timed("cron(0 9 * * ? *)", timezone="Europe/Berlin")
    timers.run_until(at("2026-03-31T00:00:00Z"))
    assert [moment for moment, _ in fired(workflow_id)] == [
        "2026-03-28T08:00:00.000Z",
        "2026-03-29T07:00:00.000Z",
        "2026-03-30T07:00:00.000Z",
    ]


def test_what_is_far_ahead_is_one_schedule_and_goes_with_the_trigger(timed: Any, timers: Timers) -> None:
    workflow_id = timed("at(2026-03-05T12:00:00)")
    [(_, message)] = timers.messages()
    assert timers.bring(message, message) == []
    [(name, (moment, _))] = timers.schedules().items()
    assert moment == at("2026-03-05T12:00:00Z")
    assert len(name) <= 64

    paused(workflow_id)
    [(_, message)] = timers.messages()
    timers.bring(message)
    assert timers.schedules() == {}


def test_once_is_once(timed: Any, timers: Timers) -> None:
    workflow_id = timed("at(2026-03-02T12:00:00)")
    timers.run_until(at("2026-03-05T12:00:00Z"), twice=True)
    assert fired(workflow_id) == [("2026-03-02T12:00:00.000Z", 0)]
    assert timers.schedules() == {}
    timers.clock.advance(days=1)
    assert reconciled()["timers_woken"] == 0


def test_lost_wake_ups_are_made_good_from_the_table_alone(timed: Any, timers: Timers, clock: Clock) -> None:
    workflow_id = timed()
    for _ in range(3):
        timers.lose()
        clock.advance(hours=1, minutes=5)
        assert reconciled()["timers_woken"] == 1
        timers.run_until(clock.moment)
    assert [moment for moment, _ in fired(workflow_id)] == [f"2026-03-02T{h}:00:00.000Z" for h in (10, 11, 12)]


def test_how_late_the_first_moment_was_is_told(timed: Any, timers: Timers, clock: Clock, told: Told) -> None:
    timed(HOURLY)
    timers.run_until(at("2026-03-02T10:00:00Z"))
    assert told() == []
    timers.lose()
    clock.moment = at("2026-03-02T11:40:00Z")
    reconciled()
    timers.run_until(at("2026-03-02T11:41:00Z"))
    assert told() == [("ScheduleLag", 2400)]


def test_of_missed_moments_the_latest_fires_and_says_how_many_it_stands_for(
    timed: Any, timers: Timers, clock: Clock
) -> None:
    workflow_id = timed()
    timers.lose()
    clock.moment = at("2026-03-02T14:30:00Z")
    reconciled()
    timers.run_until(clock.moment)
    timers.run_until(at("2026-03-02T15:30:00Z"))
    assert fired(workflow_id) == [("2026-03-02T14:00:00.000Z", 4), ("2026-03-02T15:00:00.000Z", 0)]


def test_an_early_wake_up_waits_and_an_outdated_one_does_nothing(timed: Any, timers: Timers, clock: Clock) -> None:
    workflow_id = timed("rate(10 minutes)")
    [(_, activation)] = timers.messages()
    timers.bring(activation)
    [(moment, message)] = timers.messages()
    clock.moment = moment - timedelta(seconds=3)
    timers.bring(message)
    assert runs_of(workflow_id) == []
    [(again, same)] = timers.messages()
    assert (again, same) == (moment, message)
    clock.moment = moment
    timers.bring(message, message)
    timers.bring({**message, "at": "2026-03-02T08:00:00.000Z"})
    assert len(runs_of(workflow_id)) == 1
    assert len(timers.messages()) == 1


def test_a_pause_ends_it_and_what_would_have_come_meanwhile_is_gone(
    timed: Any, timers: Timers, activate: Activate, clock: Clock
) -> None:
    workflow_id = timed()
    timers.run_until(at("2026-03-02T10:30:00Z"))
    paused(workflow_id)
    timers.run_until(at("2026-03-02T13:30:00Z"))
    reconciled()
    activate(workflow_id)
    timers.run_until(at("2026-03-02T14:45:00Z"))
    assert fired(workflow_id) == [("2026-03-02T10:00:00.000Z", 0), ("2026-03-02T14:30:00.000Z", 0)]


def test_publishing_again_moves_no_time_and_runs_begin_in_the_new_version(
    timed: Any, timers: Timers, activate: Activate, clock: Clock
) -> None:
    workflow_id = timed()
    timers.run_until(at("2026-03-02T10:30:00Z"))
    activate(workflow_id)
    timers.run_until(at("2026-03-02T10:59:00Z"))
    # Due, and published over before anybody woke it.
    clock.moment = at("2026-03-02T11:00:00.500Z")
    activate(workflow_id)
    timers.run_until(at("2026-03-02T12:30:00Z"), twice=True)
    assert fired(workflow_id) == [(f"2026-03-02T{hour}:00:00.000Z", 0) for hour in (10, 11, 12)]
    assert [run["workflow_version"] for run in runs_of(workflow_id)] == [3, 3, 1]


def test_publishing_while_it_fires_fires_once(timed: Any, timers: Timers, activate: Activate, clock: Clock) -> None:
    workflow_id = timed("rate(10 minutes)")
    timers.run_until(at("2026-03-02T09:09:00Z"))
    [(moment, _, message)] = timers._coming
    clock.moment = moment
    with wire.interrupted(partial(activate, workflow_id)):
        assert timers.bring(message) == []
    timers._coming.clear()
    timers.run_until(at("2026-03-02T09:25:00Z"))
    assert fired(workflow_id) == [("2026-03-02T09:10:00.000Z", 0), ("2026-03-02T09:20:00.000Z", 0)]


def test_firing_while_it_is_published_fires_once(timed: Any, timers: Timers, activate: Activate, clock: Clock) -> None:
    workflow_id = timed("rate(10 minutes)")
    timers.run_until(at("2026-03-02T09:09:00Z"))
    [(clock.moment, _, message)] = timers._coming
    with wire.interrupted(lambda: timers.bring(message)):
        activate(workflow_id)
    assert len(runs_of(workflow_id)) == 1
    timers.run_until(at("2026-03-02T09:25:00Z"))
    assert fired(workflow_id) == [("2026-03-02T09:10:00.000Z", 0), ("2026-03-02T09:20:00.000Z", 0)]


def test_two_workers_at_one_moment_begin_one_run(timed: Any, timers: Timers, clock: Clock) -> None:
    workflow_id = timed("rate(10 minutes)")
    timers.run_until(at("2026-03-02T09:09:00Z"))
    [(clock.moment, _, message)] = timers._coming
    with wire.interrupted(lambda: timers.bring(message)):
        assert timers.bring(message) == []
    assert len(runs_of(workflow_id)) == 1


def test_a_worker_that_dies_on_any_call_loses_and_doubles_nothing(timed: Any, timers: Timers, clock: Clock) -> None:
    workflow_id = timed("rate(10 minutes)")
    timers.run_until(at("2026-03-02T09:09:00Z"))
    for number in range(1, 6):
        for sent in (False, True):
            [(clock.moment, _, message), *_] = timers._coming
            with pytest.raises(wire.Killed), wire.killed_at(1 + number % 2, sent=sent):
                timers.bring(message)
            timers.run_until(clock.moment)
    moments = [moment for moment, _ in fired(workflow_id)]
    assert len(moments) == len(set(moments)) == 10
    assert all(missed == 0 for _, missed in fired(workflow_id))


def test_reconcile_leaves_alone_what_this_host_is_at(
    timed: Any, timers: Timers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOST_ID", "this")
    seams.current().forget("settings")
    timed("rate(1 day)")
    assert reconciled()["timers_woken"] == 0


def test_a_host_that_starts_anew_wakes_all_that_waits(
    timed: Any, timers: Timers, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow_id = timed("rate(1 day)")
    timers.run_until(at("2026-03-02T09:01:00Z"))
    timers.lose()
    monkeypatch.setenv("HOST_ID", "another")
    seams.current().forget("settings")
    assert reconciled()["timers_woken"] == 1
    timers.run_until(at("2026-03-03T09:30:00Z"))
    assert len(runs_of(workflow_id)) == 1


def test_time_scale_divides_rates_and_nothing_else(timed: Any, timers: Timers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIME_SCALE", "360")
    seams.current().forget("settings")
    rate, cron = timed("rate(1 hour)"), timed("cron(5 9 * * ? *)")
    timers.run_until(at("2026-03-02T09:00:35Z"))
    assert [moment[11:19] for moment, _ in fired(rate)] == ["09:00:10", "09:00:20", "09:00:30"]
    assert fired(cron) == []


def test_a_message_that_is_none_is_parked_or_left_alone(timers: Timers) -> None:
    assert timers.bring({"timetable": "a#b#1"}, {"occurrence_id": "gone"}) == []
    assert timers.bring({"nonsense": 1}) == ["0"]


def test_a_queue_that_takes_nothing_gives_the_message_back(
    timed: Any, timers: Timers, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow_id = timed("rate(10 minutes)")
    timers.run_until(at("2026-03-02T09:09:00Z"))
    [(clock.moment, _, message)] = timers._coming
    with monkeypatch.context() as broken:
        broken.setenv("TIMERS_QUEUE_URL", "https://sqs.us-east-1.amazonaws.com/123456789012/gone")
        seams.current().forget("settings")
        assert timers.bring(message) == ["0"]
        assert runs_of(workflow_id) == []
        another = timed("rate(1 day)")
        paused(another)
    seams.current().forget("settings")
    timers.run_until(clock.moment)
    assert len(runs_of(workflow_id)) == 1
    assert runs_of(another) == []


@pytest.mark.parametrize("text", ["at(2026-03-02T09:00:00)", "cron(0 9 * * ? 2025)", "cron(0 9 30 2 ? *)"])
def test_what_never_comes_is_refused_at_activation(
    make_workflow: MakeWorkflow, add_action: AddAction, text: str
) -> None:
    workflow_id = tagging(make_workflow, add_action, trigger="time_based", schedule=text)
    answer = call("workflows/activate_workflow", path={"workflow_id": workflow_id})
    assert answer.status == 422
    [error] = answer.json["errors"]
    assert error["field"].endswith(".trigger_config.schedule")
    assert error["message"] == "names no time that is still to come"
    assert call("workflows/get_workflow", path={"workflow_id": workflow_id}).json["status"] == "draft"


def test_what_has_come_once_may_be_published_again(timed: Any, timers: Timers, activate: Activate) -> None:
    workflow_id = timed("at(2026-03-02T10:00:00)")
    timers.run_until(at("2026-03-02T10:30:00Z"))
    activate(workflow_id)
    timers.run_until(at("2026-03-02T11:30:00Z"))
    assert len(runs_of(workflow_id)) == 1


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"schedule": "rate(0 minutes)"}, "schedule"),
        ({"schedule": "cron(0 9 * * * *)"}, "schedule"),
        ({"schedule": "at(2026-03-29T02:30:00)", "timezone": "Europe/Berlin"}, "schedule"),
        ({"schedule": HOURLY, "timezone": "Mars/Olympus"}, "timezone"),
        ({"schedule": HOURLY, "audience": {"field": "trigger.x", "op": "exists"}}, "audience.field"),
        ({"schedule": 7}, "schedule"),
        ({}, "schedule"),
    ],
)
def test_a_wrong_configuration_is_named_when_it_is_written(
    make_workflow: MakeWorkflow, config: dict[str, Any], field: str
) -> None:
    body = {"trigger_type": "time_based", "trigger_config": config}
    answer = call("workflows/add_trigger", body, path={"workflow_id": make_workflow(trigger=None)})
    assert answer.status == 422
    assert [error["field"] for error in answer.json["errors"]] == [f"trigger_config.{field}"]


def test_runs_are_queued_for_the_engine_and_end(
    timed: Any, timers: Timers, engine: Any, make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate
) -> None:
    lead = added()["id"]
    about_nobody = make_workflow(trigger="time_based", schedule="at(2026-03-02T10:00:00)")
    add_action(about_nobody, "wait", {"minutes": 1})
    activate(about_nobody)
    workflow_id = timed("at(2026-03-02T10:00:00)", audience=EVERYBODY)
    timers.run_until(at("2026-03-02T10:00:30Z"))
    engine.run()
    [run] = runs_of(workflow_id)
    assert (run["status"], run["lead_id"]) == ("completed", lead)
    assert [run["status"] for run in runs_of(about_nobody)] == ["completed"]
    assert call("leads/get_lead", path={"lead_id": lead}).json["tags"] == ["seen"]


def test_x25_a_clock_that_stood_still_says_what_it_missed_and_then_keeps_the_time_of_its_zone(
    timed: Any, timers: Timers, clock: Clock
) -> None:
    """Nothing wakes it for three days, over the end of British Columbia's clock changes; reconcile notices."""
    clock.moment = at("2026-10-29T12:00:00Z")
    workflow_id = timed("cron(0 9 * * ? *)", timezone="America/Vancouver")
    timers.lose()
    clock.moment = at("2026-11-01T20:00:00Z")
    assert reconciled()["timers_woken"] == 1
    timers.run_until(at("2026-11-03T20:00:00Z"))
    nine_there = [f"2026-11-0{day}T16:00:00.000Z" for day in (1, 2, 3)]
    assert fired(workflow_id) == [(nine_there[0], 3), (nine_there[1], 0), (nine_there[2], 0)]


def test_x32_two_clocks_that_collide_lose_no_moment_and_no_run(
    timed: Any, timers: Timers, engine: Any, activate: Activate, add_action: AddAction, clock: Clock
) -> None:
    """Two workers and reconcile are at every moment at once, and the workflow is published over meanwhile.

    What begins next never takes away what waits: runs under way, the next moments, the history.
    """
    workflow_id = timed("rate(1 hour)")
    add_action(workflow_id, "wait", {"days": 2}, order=1)
    update = call("workflows/list_actions", path={"workflow_id": workflow_id}).json["items"][0]["id"]
    path = {"workflow_id": workflow_id, "action_id": update}
    assert call("workflows/delete_action", path=path).status == 204
    activate(workflow_id)
    for hour in range(10, 14):
        timers.run_until(at(f"2026-03-02T{hour - 1:02}:59:59Z"))
        [timetable] = wire.stored("Timetable")
        message = {"timetable": timetable["sk"]["S"], "at": timetable["next_at"]["S"]}
        clock.moment = at(message["at"])

        def collide(message: Any = message) -> None:
            reconciled()
            timers.bring(message)
            activate(workflow_id)

        with wire.interrupted(collide):
            timers.bring(message)
        clock.advance(minutes=10)
        reconciled()
        timers.run_until(clock.moment, twice=True)
        for start in engine.starts():
            engine.segment(start)
    runs = runs_of(workflow_id)
    assert fired(workflow_id) == [(f"2026-03-02T{hour}:00:00.000Z", 0) for hour in range(10, 14)]
    assert {run["status"] for run in runs} == {"running"}
    engine.run()
    assert [run["status"] for run in runs_of(workflow_id)] == ["completed"] * 4
