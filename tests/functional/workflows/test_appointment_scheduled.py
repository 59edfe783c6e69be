"""The trigger `appointment_scheduled`: once per appointment that is made as scheduled, with nothing personal."""

from __future__ import annotations

from typing import Any

from tests.functional.activities.plans import SAM, appointment, asked, patched
from tests.functional.leads.people import added
from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.functional.workflows.engine import Engine
from tests.functional.workflows.test_dispatch_changes import Activate, runs_of, tagging
from tests.harness import call


def test_every_appointment_starts_one_run_however_often_its_change_is_read(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate, engine: Engine
) -> None:
    every = tagging(make_workflow, add_action, trigger="appointment_scheduled")
    once = tagging(make_workflow, add_action, trigger="appointment_scheduled", once_per_lead=True)
    lead_id = added()["id"]
    appointment(lead_id, "2026-03-03T09:00:00Z")
    engine.clock.advance(seconds=1)
    for workflow_id in (every, once):
        activate(workflow_id)

    made = [appointment(lead_id, at, duration_minutes=45) for at in ("2026-03-04T23:30:00Z", "2026-03-05T09:00:00Z")]
    assert asked(lead_id, "2026-03-04T23:30:00Z").status == 409
    records = engine.changes()
    engine.deliver(records)
    engine.deliver(records[::-1])
    engine.run()

    runs = {run["trigger_data"]["appointment_id"]: run for run in runs_of(every)}
    assert runs.keys() == {one["id"] for one in made}
    assert len(runs_of(once)) == 1
    run = runs[made[0]["id"]]
    assert (run["lead_id"], run["trigger_type"], run["status"]) == (lead_id, "appointment_scheduled", "completed")
    assert run["trigger_data"] == {
        "appointment_id": made[0]["id"],
        "scheduled_at": "2026-03-04T23:30:00.000Z",
        "ends_at": "2026-03-05T00:15:00.000Z",
        "duration_minutes": 45,
    }
    assert call("leads/get_lead", path={"lead_id": lead_id}).json["tags"] == ["seen"]


def test_only_what_is_made_as_scheduled_counts(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate, engine: Engine
) -> None:
    workflow_id = tagging(make_workflow, add_action, trigger="appointment_scheduled")
    activate(workflow_id)
    engine.clock.advance(seconds=1)
    lead_id = added()["id"]
    past = appointment(lead_id, status="completed")
    patched(past["id"], status="scheduled")
    engine.run()
    assert runs_of(workflow_id) == []

    made = appointment(lead_id, "2026-03-05T09:00:00Z")
    engine.run()
    changes: list[dict[str, Any]] = [
        {"scheduled_at": "2026-03-06T09:00:00Z"},
        {"status": "cancelled"},
        {"status": "scheduled"},
        {"assigned_to": None},
    ]
    for change in changes:
        assert patched(made["id"], **change).status == 200
        engine.run()
    assert len(runs_of(workflow_id)) == 1


def test_filters_choose_by_what_the_trigger_tells(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate, engine: Engine
) -> None:
    filters = {
        "all": [
            {"field": "trigger.duration_minutes", "op": "gte", "value": 60},
            {"field": "trigger.scheduled_at", "op": "before", "value": "2026-03-10"},
            {"field": "lead.source", "op": "eq", "value": "api"},
        ]
    }
    workflow_id = tagging(make_workflow, add_action, trigger="appointment_scheduled", filters=filters)
    activate(workflow_id)
    engine.clock.advance(seconds=1)
    lead_id = added()["id"]
    appointment(lead_id, "2026-03-04T09:00:00Z", duration_minutes=30)
    appointment(lead_id, "2026-03-11T09:00:00Z")
    wanted = appointment(lead_id, "2026-03-05T09:00:00Z")
    engine.run()

    assert [run["trigger_data"]["appointment_id"] for run in runs_of(workflow_id)] == [wanted["id"]]


def test_filters_that_could_not_mean_anything_are_refused(make_workflow: MakeWorkflow) -> None:
    path = {"workflow_id": make_workflow(trigger=None)}
    for config, field in (
        ({"filters": {"field": "appointment.title", "op": "eq", "value": "x"}}, "trigger_config.filters.field"),
        (
            {"filters": {"field": "trigger.scheduled_at", "op": "before", "value": "soon"}},
            "trigger_config.filters.value",
        ),
        ({"title": "Demo"}, "trigger_config.title"),
    ):
        body = {"trigger_type": "appointment_scheduled", "trigger_config": config}
        answer = call("workflows/add_trigger", body, path=path)
        assert answer.status == 422
        assert [error["field"] for error in answer.json["errors"]] == [field]


def test_nothing_personal_is_in_a_run_and_none_begins_for_an_erased_lead(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate, engine: Engine
) -> None:
    workflow_id = tagging(make_workflow, add_action, trigger="appointment_scheduled")
    activate(workflow_id)
    engine.clock.advance(seconds=1)
    lead_id, other = added()["id"], added("bob@example.com")["id"]
    words = {"title": "Ada's demo", "notes": "Ada", "meeting_link": "https://meet.example.com/ada"}
    appointment(lead_id, **words)
    appointment(other, "2026-03-05T09:00:00Z", **words)
    call("leads/erase_lead", path={"lead_id": lead_id})
    engine.deliver()

    [run] = runs_of(workflow_id)
    assert run["lead_id"] == other
    assert "ada" not in repr(run).lower()
    assert SAM not in repr(run)
    assert all(start.keys() == {"execution_id", "run"} for start in engine.starts())
