"""X27: loops that go by hooks and clocks end at a bound, and the run that it stopped names it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from leadflow.core import table
from leadflow.workflows import store
from tests.functional import wire
from tests.functional.leads.people import added
from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.functional.workflows.engine import Engine
from tests.functional.workflows.receiver import Got, Receiver
from tests.functional.workflows.test_dispatch_changes import Activate, runs_of
from tests.functional.workflows.timers import Timers
from tests.harness import Answer, Clock, call

OURS = "x-leadflow-cause"
BY_EMAIL = {"email": "body.email"}
ADA = {"email": "ada@example.com"}


@pytest.fixture
def calling(make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate) -> Callable[..., tuple[str, str]]:
    """A workflow set off by a hook that posts to a hook; its id and its own hook's token."""

    def make(target: str | None = None, most: int = 50, **config: Any) -> tuple[str, str]:
        workflow_id = make_workflow(trigger="webhook", match=BY_EMAIL, **config)
        path = {"workflow_id": workflow_id}
        [trigger] = call("workflows/list_triggers", path=path).json["items"]
        token = trigger["url"].rsplit("/", 1)[1]
        url = f"http://leadflow.example/hooks/{target or token}"
        add_action(workflow_id, "call_webhook", {"url": url, "body": {"email": "{{ trigger.body.email }}"}})
        assert call("workflows/update_workflow", {"max_runs_per_lead_per_day": most}, path=path).status == 200
        activate(workflow_id)
        return workflow_id, token

    return make


def post(token: str, headers: dict[str, str] | None = None, body: Any = None) -> Answer:
    answer = call("workflows/receive_hook", body or ADA, path={"trigger_id": token}, headers=headers, scopes=None)
    assert answer.status == 202, answer.text
    return answer


def go_round(engine: Engine, receiver: Receiver, *, keeps: Callable[[str], bool] = lambda _: True) -> int:
    """Runs everything, and brings each webhook sent to the hook it is for, until none comes; how many came."""
    brought = 0
    while True:
        engine.run()
        sent, receiver.got = receiver.got, []
        if not sent:
            return brought
        for got in sent:
            brought += 1
            assert brought < 20, "the loop goes on"
            engine.clock.advance(seconds=1)
            _bring(got, keeps)


def _bring(got: Got, keeps: Callable[[str], bool]) -> None:
    headers = {name: value for name, value in got.headers.items() if keeps(name)}
    post(got.path.rsplit("/", 1)[1], headers, got.json)


def stopped(*workflow_ids: str) -> dict[str, Any]:
    """The one run that a bound has stopped, in whichever workflow; it never did anything."""
    runs = [run for one in workflow_ids for run in runs_of(one)]
    [run] = [run for run in runs if run["status"] == "failed"]
    assert call("executions/list_logs", path={"execution_id": run["id"]}).json["items"] == []
    assert {one["status"] for one in runs if one["id"] != run["id"]} == {"completed"}
    return run


def test_x27_a_workflow_that_calls_its_own_hook_stops_and_names_the_bound(
    calling: Any, engine: Engine, receiver: Receiver
) -> None:
    workflow_id, token = calling()
    post(token, body={"email": "nobody@example.com"})
    assert go_round(engine, receiver) == 5
    message = stopped(workflow_id)["error_message"]
    assert message == f"Stopped: workflows set each other off 5 deep: {' → '.join([workflow_id] * 6)}."


def test_x27_two_workflows_that_call_each_others_hooks_stop_and_name_their_cycle(
    calling: Any, engine: Engine, receiver: Receiver, make_workflow: MakeWorkflow, add_action: AddAction, activate: Any
) -> None:
    there = make_workflow(trigger="webhook")
    [trigger] = call("workflows/list_triggers", path={"workflow_id": there}).json["items"]
    back, token = calling(target=trigger["url"].rsplit("/", 1)[1])
    add_action(there, "call_webhook", {"url": f"http://leadflow.example/hooks/{token}", "body": ADA})
    activate(there)
    post(token)
    assert go_round(engine, receiver) == 5
    assert f"5 deep: {back} → {there} → {back}" in stopped(there, back)["error_message"]


def test_x27_a_loop_through_a_system_that_drops_our_header_ends_at_the_runs_of_the_lead(
    calling: Any, engine: Engine, receiver: Receiver
) -> None:
    lead = added()
    workflow_id, token = calling(most=7)
    post(token)
    assert go_round(engine, receiver, keeps=lambda name: name != OURS) == 7
    run = stopped(workflow_id)
    assert run["lead_id"] == lead["id"]
    assert run["error_message"].startswith(f"Stopped: workflow {workflow_id} began 7 runs for this lead today")


def test_a_chain_goes_on_through_what_a_hook_sets_off(
    calling: Any, engine: Engine, receiver: Receiver, make_workflow: MakeWorkflow, add_action: AddAction, activate: Any
) -> None:
    """One link by webhook, the next by the change of a lead: it is one chain."""
    added()
    engine.changes()
    changes = make_workflow(trigger="webhook", match=BY_EMAIL)
    [trigger] = call("workflows/list_triggers", path={"workflow_id": changes}).json["items"]
    token = trigger["url"].rsplit("/", 1)[1]
    add_action(changes, "update_lead", {"set": {"company": "{{ trigger.body.turn }}"}, "remove_tags": ["on"]})
    add_action(changes, "update_lead", {"set": {"status": "contacted"}}, order=1)
    add_action(changes, "update_lead", {"set": {"status": "new"}}, order=2)
    activate(changes)
    calls = make_workflow(trigger="lead_status_changed", to="contacted")
    url = f"http://leadflow.example/hooks/{token}"
    add_action(calls, "call_webhook", {"url": url, "body": {**ADA, "turn": "again"}})
    activate(calls)
    engine.clock.advance(seconds=1)
    post(token, body={**ADA, "turn": "first"})
    go_round(engine, receiver)
    assert f"5 deep: {changes} → {calls} → {changes}" in stopped(changes, calls)["error_message"]


@pytest.mark.parametrize("text", ["A.B.C.D.E", "A.B.C.D.E;", "A.B.C.D.E;AAAA", ";", "", "x" * 5000, "ü;ü"])
def test_a_chain_that_is_not_of_our_making_says_nothing(calling: Any, text: str) -> None:
    workflow_id, token = calling()
    post(token, {OURS: text})
    [run] = runs_of(workflow_id)
    assert run["status"] == "running"


def test_the_same_delivery_counts_once_however_often_it_comes(calling: Any) -> None:
    lead = added()
    workflow_id, token = calling(most=2)
    first = post(token, {"x-delivery-id": "1"}).json
    with wire.interrupted(lambda: post(token, {"x-delivery-id": "2"})):
        post(token, {"x-delivery-id": "2"})
    assert post(token, {"x-delivery-id": "1"}).json == first
    [count] = table.query_items(store.RunsOfDay, f"RUNS#{workflow_id}#{lead['id']}", prefix="")
    assert int(count.runs) == 2
    over = post(token, {"x-delivery-id": "3"}).json
    assert post(token, {"x-delivery-id": "3"}).json == over
    assert stopped_ids(workflow_id) == [over["execution_id"]]


def test_another_day_and_another_lead_have_runs_of_their_own(calling: Any, clock: Clock) -> None:
    added()
    added("grace@example.com")
    workflow_id, token = calling(most=1)
    for body in (ADA, ADA, {"email": "grace@example.com"}, {"email": "nobody@example.com"}):
        post(token, body=body)
    post(token, body={"email": "nobody@example.com"})
    assert len(stopped_ids(workflow_id)) == 1
    clock.advance(days=1)
    post(token)
    assert len(stopped_ids(workflow_id)) == 1


def test_once_per_lead_comes_before_the_bound(calling: Any) -> None:
    added()
    workflow_id, token = calling(most=1, once_per_lead=True)
    post(token)
    assert post(token, {"x-delivery-id": "1"}).json == {"execution_id": None}
    assert len(runs_of(workflow_id)) == 1


def stopped_ids(workflow_id: str) -> list[str]:
    return [run["id"] for run in runs_of(workflow_id) if run["status"] == "failed"]


def test_x27_a_clock_that_is_set_too_fast_ends_at_the_runs_of_the_lead(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate, clock: Clock
) -> None:
    timers = Timers(clock)
    leads = [added(f"lead{n}@example.com")["id"] for n in range(3)]
    everybody = {"field": "lead.name", "op": "exists"}
    workflow_id = make_workflow(trigger="time_based", schedule="rate(1 hour)", audience=everybody)
    add_action(workflow_id, "update_lead", {"add_tags": ["seen"]})
    path = {"workflow_id": workflow_id}
    assert call("workflows/update_workflow", {"max_runs_per_lead_per_day": 2}, path=path).status == 200
    activate(workflow_id)
    timers.run_until(clock.moment + timedelta(hours=3, minutes=1), twice=True)
    runs = runs_of(workflow_id)
    for lead_id in leads:
        own = [run for run in runs if run["lead_id"] == lead_id]
        assert sorted(run["status"] for run in own) == ["failed", "running", "running"]
    refused = next(run for run in runs if run["status"] == "failed")
    assert refused["error_message"].startswith(f"Stopped: workflow {workflow_id} began 2 runs for this lead today")
    assert refused["trigger_data"]["scheduled_at"] == "2026-03-02T12:00:00.000Z"
    assert sorted(one["begun"]["N"] for one in wire.stored("Occurrence")) == ["0", "3", "3"]
