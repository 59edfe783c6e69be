"""The action enrich_lead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from leadflow.core.errors import RateLimited, UpstreamRejected
from tests.functional.enrichment.sources import World, knows, note_queued, queue_events, shown, source
from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.functional.workflows.engine import Engine
from tests.harness import Clock, call

PDL = "people_data_labs"
_EVENT = "before-parameter-build.sqs.SendMessageBatch"


@pytest.fixture
def world(clock: Clock) -> Iterator[World]:
    queue_events().register(_EVENT, note_queued)
    try:
        made = World(clock)
        made.put(PDL)
        yield made
    finally:
        queue_events().unregister(_EVENT, note_queued)


@pytest.fixture
def workflow(make_workflow: MakeWorkflow, add_action: AddAction, activate: Callable[[str], Any]) -> Callable[..., str]:
    def made(**config: Any) -> str:
        workflow_id = make_workflow(trigger=None)
        action_id = add_action(workflow_id, "enrich_lead", config)
        tag = {"add_tags": ["{{ actions." + action_id + ".output.fields.job_title }}"]}
        add_action(workflow_id, "update_lead", tag, order=1)
        activate(workflow_id)
        return workflow_id

    return made


def run(world: World, engine: Engine, workflow_id: str, lead_id: str) -> tuple[str, list[dict[str, Any]]]:
    """A run of the workflow to its end: its status and its logs."""
    started = call("workflows/run_workflow", {"lead_id": lead_id}, path={"workflow_id": workflow_id}).json
    for _ in range(50):
        engine.deliver()
        for start in engine.starts():
            engine.segment(start)
        world.work()
        if not engine.asleep:
            break
        moment, start = engine.asleep.pop(0)
        engine.clock.moment = max(engine.clock.moment, moment)
        engine.segment(start)
    path = {"execution_id": started["id"]}
    status = str(call("executions/get_execution", path=path).json["status"])
    return status, call("executions/list_logs", path=path).json["items"]


def test_it_waits_for_the_run_and_goes_on_with_what_was_found(
    world: World, engine: Engine, workflow: Callable[..., str], make_lead: Callable[..., str]
) -> None:
    world[PDL].answers = [RateLimited("later", 120), knows(job_title="CTO", company_name="Acme")]
    lead_id = make_lead()

    status, logs = run(world, engine, workflow(fields=["job_title", "company_name"], max_cost=0.5), lead_id)

    assert status == "completed"
    output = logs[0]["output_data"]
    assert (output["status"], output["cost"], output["fields"]["job_title"]) == ("matched", 0.1, "CTO")
    assert output["attempts"] == [{"source": PDL, "outcome": "matched"}]
    lead = call("leads/get_lead", path={"lead_id": lead_id}).json
    assert (lead["company"], lead["tags"]) == ("Acme", ["CTO"])
    assert shown(output["run_id"])["wanted"] == ["job_title", "company_name"]
    assert source(PDL)["spent_today"] == 0.1


def test_it_is_skipped_where_no_budget_reaches(
    world: World, engine: Engine, workflow: Callable[..., str], make_lead: Callable[..., str]
) -> None:
    _, logs = run(world, engine, workflow(max_cost=0.05), make_lead())

    assert (logs[0]["status"], logs[0]["reason"]) == ("skipped", "skipped_budget")
    assert not world[PDL].asked


def test_it_fails_where_nobody_could_answer(
    world: World, engine: Engine, workflow: Callable[..., str], make_lead: Callable[..., str]
) -> None:
    world[PDL].answers = [UpstreamRejected("bad")]

    status, logs = run(world, engine, workflow(), make_lead())

    assert (status, logs[0]["status"]) == ("failed", "failed")
    assert logs[0]["error_message"].startswith("UpstreamRejected: No source could answer")


def test_a_simulation_asks_nobody_and_tells_what_it_would_cost(
    world: World, workflow: Callable[..., str], make_lead: Callable[..., str]
) -> None:
    world.put("crustdata", priority=2)
    workflow_id, lead_id = workflow(fields=["job_title"]), make_lead()

    path = {"workflow_id": workflow_id}
    told = call("workflows/simulate_workflow", {"lead_id": lead_id}, path=path).json
    made_up = call("workflows/simulate_workflow", {"lead": {"email": "new@example.com"}}, path=path).json

    would = told["trace"][0]["would"]["enrich"]
    assert [(one["source"], one["max_cost"]) for one in would["calls"]] == [("crustdata", 0.1), (PDL, 0.1)]
    assert (told["cost"], told["trace"][0]["cost"], made_up["cost"]) == (0.2, 0.2, 0.2)
    assert not world[PDL].asked


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"fields": ["shoe_size"]}, "action_config.fields.0"),
        ({"sources": []}, "action_config.sources"),
        ({"max_cost": -1}, "action_config.max_cost"),
    ],
)
def test_wrong_configurations_are_refused(make_workflow: MakeWorkflow, config: dict[str, Any], field: str) -> None:
    body = {"action_type": "enrich_lead", "action_config": config}
    answer = call("workflows/add_action", body, path={"workflow_id": make_workflow()})

    assert answer.status == 422
    assert [one["field"] for one in answer.json["errors"]] == [field]
