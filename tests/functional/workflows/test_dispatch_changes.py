from __future__ import annotations

from collections.abc import Callable
from typing import Any

from leadflow.workflows import store
from tests.functional.wire import interrupted, watched
from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.functional.workflows.engine import Engine
from tests.harness import call, door

Activate = Callable[[str], Any]
MakeLead = Callable[..., str]


def runs_of(workflow_id: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = call("executions/list_executions", path={"workflow_id": workflow_id}).json["items"]
    return items


def tagging(make_workflow: MakeWorkflow, add_action: AddAction, tag: str = "seen", **trigger: Any) -> str:
    workflow_id = make_workflow(**trigger)
    add_action(workflow_id, "update_lead", {"add_tags": [tag]})
    return workflow_id


def test_x09_the_same_batch_delivered_twice_starts_one_run(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate, make_lead: MakeLead, engine: Engine
) -> None:
    workflow_id = tagging(make_workflow, add_action)
    activate(workflow_id)
    lead_id = make_lead()
    records = engine.changes()
    engine.deliver(records)
    engine.deliver(records)
    engine.deliver(records[-1:])
    [run] = runs_of(workflow_id)
    assert (run["lead_id"], run["trigger_type"], run["trigger_data"]) == (lead_id, "lead_created", {"source": "api"})
    assert {start["execution_id"] for start in engine.starts()} == {run["id"]}


def test_a_trigger_holds_from_activation_on_and_not_before(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate, make_lead: MakeLead, engine: Engine
) -> None:
    workflow_id = tagging(make_workflow, add_action)
    make_lead(email="before@example.com")
    engine.clock.advance(seconds=1)
    activate(workflow_id)
    after = make_lead(email="after@example.com")
    engine.deliver()
    assert [run["lead_id"] for run in runs_of(workflow_id)] == [after]


def test_a_pause_holds_also_in_a_batch_that_is_under_way(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate, make_lead: MakeLead, engine: Engine
) -> None:
    workflow_id = tagging(make_workflow, add_action)
    activate(workflow_id)
    first, *_ = [make_lead(email=f"{name}@example.com") for name in "abc"]

    with interrupted(lambda: call("workflows/pause_workflow", path={"workflow_id": workflow_id})):
        engine.deliver()

    assert [run["lead_id"] for run in runs_of(workflow_id)] == [first]


def test_who_is_in_a_batch_while_a_new_version_is_activated_is_not_passed_over(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate, make_lead: MakeLead, engine: Engine
) -> None:
    workflow_id = tagging(make_workflow, add_action)
    activate(workflow_id)
    made = [make_lead(email=f"{name}@example.com") for name in "ab"]

    with interrupted(lambda: activate(workflow_id)):
        engine.deliver()

    runs = {run["lead_id"]: run["workflow_version"] for run in runs_of(workflow_id)}
    assert runs == {made[0]: 1, made[1]: 2}


def test_a_trigger_that_was_in_force_holds_on_in_a_new_version_unless_it_is_another(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate, make_lead: MakeLead, engine: Engine
) -> None:
    workflow_id = tagging(make_workflow, add_action)
    activate(workflow_id)
    before = make_lead(email="before@example.com")
    engine.clock.advance(seconds=1)
    activate(workflow_id)
    engine.run()
    assert {run["lead_id"]: run["workflow_version"] for run in runs_of(workflow_id)} == {before: 2}

    make_lead(email="other@example.com")
    engine.clock.advance(seconds=1)
    [trigger] = call("workflows/list_triggers", path={"workflow_id": workflow_id}).json["items"]
    path = {"workflow_id": workflow_id, "trigger_id": trigger["id"]}
    assert call("workflows/update_trigger", {"trigger_config": {"once_per_lead": True}}, path=path).status == 200
    activate(workflow_id)
    engine.run()
    assert [run["lead_id"] for run in runs_of(workflow_id)] == [before]

    make_lead(email="paused@example.com")
    engine.clock.advance(seconds=1)
    assert call("workflows/pause_workflow", path={"workflow_id": workflow_id}).status == 200
    activate(workflow_id)
    engine.run()
    assert [run["lead_id"] for run in runs_of(workflow_id)] == [before]


def test_filters_choose_the_leads(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate, make_lead: MakeLead, engine: Engine
) -> None:
    filters = {"field": "lead.source", "op": "in", "value": ["ads", "referral"]}
    workflow_id = tagging(make_workflow, add_action, filters=filters)
    activate(workflow_id)
    make_lead(email="a@example.com", source="website")
    wanted = make_lead(email="b@example.com", source="ads")
    engine.deliver()
    assert [run["lead_id"] for run in runs_of(workflow_id)] == [wanted]


def test_a_status_change_starts_what_waits_for_it(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate, make_lead: MakeLead, engine: Engine
) -> None:
    workflow_id = tagging(make_workflow, add_action, trigger="lead_status_changed", to="qualified")
    activate(workflow_id)
    path = {"lead_id": make_lead()}
    for status in ("contacted", "qualified"):
        engine.clock.advance(seconds=1)
        assert call("leads/update_lead", {"status": status}, path=path).status == 200
    engine.run()
    [run] = runs_of(workflow_id)
    assert run["trigger_data"] == {"from": "contacted", "to": "qualified"}


def test_a_score_that_crosses_a_threshold_starts_a_run_once(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate, make_lead: MakeLead, engine: Engine
) -> None:
    workflow_id = tagging(make_workflow, add_action, trigger="score_threshold", gte=30)
    activate(workflow_id)
    path = {"lead_id": make_lead()}
    for impact in (20, 20, 20):
        engine.clock.advance(seconds=1)
        body = {"signal_type": "website_visit", "score_impact": impact}
        assert call("signals/record_signal", body, path=path).status == 201
    engine.deliver()
    assert len(runs_of(workflow_id)) == 1


def test_a_new_lead_that_fits_has_risen_to_the_threshold(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate, make_lead: MakeLead, engine: Engine
) -> None:
    fits = {"name": "from ads", "if": {"field": "lead.source", "op": "eq", "value": "ads"}, "points": 40}
    assert call("scoring/put_scoring", {"fit_rules": [fits]}).status == 200
    workflow_id = tagging(make_workflow, add_action, trigger="score_threshold", gte=30)
    activate(workflow_id)
    make_lead(email="a@example.com", source="api")
    wanted = make_lead(email="b@example.com", source="ads")
    engine.deliver()
    [run] = runs_of(workflow_id)
    assert (run["lead_id"], run["trigger_data"]) == (wanted, {"from": 0, "to": 40})


def test_x09_once_per_lead_is_once_ever(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate, make_lead: MakeLead, engine: Engine
) -> None:
    workflow_id = tagging(make_workflow, add_action, trigger="lead_status_changed", once_per_lead=True)
    activate(workflow_id)
    path = {"lead_id": make_lead()}
    for status in ("contacted", "qualified", "proposal"):
        engine.clock.advance(seconds=1)
        call("leads/update_lead", {"status": status}, path=path)
    engine.deliver()
    assert len(runs_of(workflow_id)) == 1


def test_workflows_that_set_each_other_off_stop_and_say_so(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate, make_lead: MakeLead, engine: Engine
) -> None:
    there = make_workflow("There", "lead_status_changed", to="contacted")
    add_action(there, "update_lead", {"set": {"status": "qualified"}})
    back = make_workflow("Back", "lead_status_changed", to="qualified")
    add_action(back, "update_lead", {"set": {"status": "contacted"}})
    activate(there)
    activate(back)
    lead_id = make_lead()
    engine.clock.advance(seconds=1)
    call("leads/update_lead", {"status": "contacted"}, path={"lead_id": lead_id})
    engine.run()
    runs = runs_of(there) + runs_of(back)
    stopped = [run for run in runs if run["status"] == "failed"]
    assert len(runs) == 6
    assert len(stopped) == 1
    assert f"{there} → {back}" in stopped[0]["error_message"]


def test_a_thousand_active_workflows_cost_what_one_does(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate, make_lead: MakeLead, engine: Engine
) -> None:
    """One read of the revision per batch, and of whom an event is about once; the index is read when it has changed."""
    filters = {"field": "lead.source", "op": "eq", "value": "ads"}
    workflow_id = tagging(make_workflow, add_action, filters=filters)
    activate(workflow_id)
    engine.changes()

    def calls() -> list[str]:
        make_lead(email=f"lead{len(reads)}@example.com")
        batch = {"Records": engine.changes()}
        with watched() as seen:
            assert door("workflows/dispatch_changes")(batch, None) == {"batchItemFailures": []}
        return seen

    reads: list[list[str]] = []
    for _ in range(2):
        reads.append(calls())
    [one] = store.active_triggers("lead_created")
    for number in range(999):
        copy = store.ActiveTrigger(pk=one.pk, sk=f"WF{number:05d}#TRG{number:05d}#1", version=1, config=one.config)
        copy.workflow_id, copy.trigger_id, copy.active_from = f"WF{number:05d}", f"TRG{number:05d}", one.active_from
        copy.save()
    activate(workflow_id)
    engine.changes()
    for _ in range(2):
        reads.append(calls())
    assert len(store.active_triggers("lead_created")) == 1_000
    alone, among_many = reads[1], reads[3]
    # One query asks which campaigns listen.
    assert alone == among_many == ["Query", *["GetItem"] * (len(alone) - 1)]
    assert len(alone) <= 4
    assert reads[2].count("Query") >= 1
