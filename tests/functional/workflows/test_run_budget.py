"""X27: what would go on for ever stops by itself, and says so where runs are looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from leadflow.core import table
from leadflow.workflows import store
from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.functional.workflows.engine import Engine
from tests.harness import call

STATUSES = ("contacted", "qualified")


def runs_of(workflow_id: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = call("executions/list_executions", path={"workflow_id": workflow_id}).json["items"]
    return items


def limited(make_workflow: MakeWorkflow, add_action: AddAction, most: int, **config: Any) -> str:
    workflow_id = make_workflow(trigger="lead_status_changed", **config)
    body = {"max_runs_per_lead_per_day": most}
    assert call("workflows/update_workflow", body, path={"workflow_id": workflow_id}).status == 200
    add_action(workflow_id, "update_lead", {"add_tags": ["moved"]})
    return workflow_id


def move(lead_id: str, times: int) -> None:
    """Changes of status from outside, as a loop over another system would make them."""
    for _ in range(times):
        status = call("leads/get_lead", path={"lead_id": lead_id}).json["status"]
        body = {"status": STATUSES[status == STATUSES[0]]}
        assert call("leads/update_lead", body, path={"lead_id": lead_id}).status == 200


def test_beyond_the_runs_of_a_day_a_lead_starts_no_more_and_the_refusal_is_a_run_that_says_so(
    make_workflow: MakeWorkflow,
    add_action: AddAction,
    activate: Callable[[str], Any],
    make_lead: Callable[..., str],
    engine: Engine,
) -> None:
    workflow_id = limited(make_workflow, add_action, 3)
    activate(workflow_id)
    lead_id, other = make_lead(), make_lead(email="grace@example.com")
    move(lead_id, 5)
    move(other, 1)
    records = engine.changes()
    engine.deliver(records)
    engine.deliver(records)
    engine.run()
    runs = runs_of(workflow_id)
    assert sorted(run["status"] for run in runs if run["lead_id"] == lead_id) == ["completed"] * 3 + ["failed"] * 2
    assert [run["status"] for run in runs if run["lead_id"] == other] == ["completed"]
    refused = next(run for run in runs if run["status"] == "failed")
    assert refused["error_message"].startswith(f"Stopped: workflow {workflow_id} began 3 runs for this lead today")
    assert call("executions/list_logs", path={"execution_id": refused["id"]}).json["items"] == []
    engine.clock.advance(days=1)
    move(lead_id, 1)
    engine.run()
    assert len([run for run in runs_of(workflow_id) if run["status"] == "completed"]) == 5


def test_the_bound_is_a_setting_of_the_workflow_from_its_next_activation_on(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Callable[[str], Any]
) -> None:
    workflow_id = limited(make_workflow, add_action, 3)
    record = activate(workflow_id)
    assert record["max_runs_per_lead_per_day"] == 3
    path = {"workflow_id": workflow_id}
    for wrong in (0, 10_001, None, "5"):
        refused = call("workflows/update_workflow", {"max_runs_per_lead_per_day": wrong}, path=path)
        assert (refused.status, refused.json["errors"][0]["field"]) == (422, "max_runs_per_lead_per_day")
    call("workflows/update_workflow", {"max_runs_per_lead_per_day": 9}, path=path)
    assert [int(one.max_runs) for one in store.active_triggers("lead_status_changed")] == [3]
    assert call("workflows/create_workflow", {"name": "Any"}).json["max_runs_per_lead_per_day"] == 50


def test_a_guard_once_per_lead_comes_before_the_bound(
    make_workflow: MakeWorkflow,
    add_action: AddAction,
    activate: Callable[[str], Any],
    make_lead: Callable[..., str],
    engine: Engine,
) -> None:
    workflow_id = limited(make_workflow, add_action, 1, once_per_lead=True)
    activate(workflow_id)
    move(make_lead(), 3)
    engine.run()
    assert [run["status"] for run in runs_of(workflow_id)] == ["completed"]


def test_two_workflows_that_set_each_other_off_stop_and_name_their_cycle(
    make_workflow: MakeWorkflow,
    add_action: AddAction,
    activate: Callable[[str], Any],
    make_lead: Callable[..., str],
    engine: Engine,
) -> None:
    there = make_workflow(trigger="lead_status_changed", to="contacted")
    add_action(there, "update_lead", {"set": {"status": "qualified"}})
    back = make_workflow(trigger="lead_status_changed", to="qualified")
    add_action(back, "update_lead", {"set": {"status": "contacted"}})
    activate(there)
    activate(back)
    move(make_lead(), 1)
    engine.run()
    [stopped] = [run for run in [*runs_of(there), *runs_of(back)] if run["status"] == "failed"]
    assert f"{there} → {back} → {there}" in stopped["error_message"]


def test_erasing_a_person_takes_the_counts_along(
    make_workflow: MakeWorkflow,
    add_action: AddAction,
    activate: Callable[[str], Any],
    make_lead: Callable[..., str],
    engine: Engine,
) -> None:
    from leadflow.workflows.service import erasing

    workflow_id = limited(make_workflow, add_action, 3)
    activate(workflow_id)
    lead_id = make_lead()
    move(lead_id, 1)
    engine.run()
    key = f"RUNS#{workflow_id}#{lead_id}"
    [count] = table.query_items(store.RunsOfDay, key, prefix="2026")
    assert int(count.runs) == 1
    erasing.erase_person(lead_id)
    assert table.query_items(store.RunsOfDay, key, prefix="2026") == []
