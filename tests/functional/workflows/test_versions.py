"""X21: an old version starts nothing any more, and every log line says which version wrote it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from leadflow.workflows import store
from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.functional.workflows.engine import Engine
from tests.functional.workflows.hooking import Hook
from tests.functional.workflows.test_dispatch_changes import Activate, MakeLead, runs_of
from tests.functional.workflows.timers import Timers, at
from tests.harness import call

KINDS = ("lead_created", "time_based", "webhook")


@pytest.fixture
def versions(make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate) -> str:
    """Set off by new leads, every hour and by a hook; it waits an hour."""
    workflow_id = make_workflow(trigger="lead_created")
    for kind, config in (("time_based", {"schedule": "rate(1 hour)"}), ("webhook", {})):
        body = {"trigger_type": kind, "trigger_config": config}
        assert call("workflows/add_trigger", body, path={"workflow_id": workflow_id}).status == 201
    add_action(workflow_id, "wait", {"minutes": 150})
    activate(workflow_id)
    return workflow_id


def begun(workflow_id: str) -> list[tuple[str, int]]:
    return sorted((run["trigger_type"], run["workflow_version"]) for run in runs_of(workflow_id))


def test_x21_after_a_new_version_every_trigger_starts_that_one_alone_and_logs_name_theirs(
    versions: str, add_action: AddAction, activate: Activate, make_lead: MakeLead, timers: Timers
) -> None:
    engine = Engine(timers.clock)
    hook = Hook(versions)
    make_lead(email="old@example.com")
    hook.begun(delivery="1")
    timers.run_until(at("2026-03-02T10:30:00Z"))
    engine.deliver()
    for start in engine.starts():
        engine.segment(start)
    assert begun(versions) == [(kind, 1) for kind in KINDS]

    add_action(versions, "create_task", {"title": "New"}, order=1)
    activate(versions)
    make_lead(email="new@example.com")
    hook.begun(delivery="2")
    timers.run_until(at("2026-03-02T11:30:00Z"))
    engine.deliver()
    engine.run()

    assert begun(versions) == sorted((kind, version) for kind in KINDS for version in (1, 2))
    for run in runs_of(versions):
        logs = call("executions/list_logs", path={"execution_id": run["id"]}).json["items"]
        kinds = ["wait", "create_task"][: run["workflow_version"]]
        assert [(log["action_type"], log["workflow_version"]) for log in logs] == [
            (kind, run["workflow_version"]) for kind in kinds
        ]
        assert run["status"] == "completed"
    for kind in KINDS:
        assert [int(one.version) for one in store.active_triggers(kind)] == [2]


def test_x21_an_answer_to_failures_runs_as_published_not_as_drafted(
    make_workflow: MakeWorkflow,
    add_action: AddAction,
    activate: Activate,
    engine: Engine,
    make_lead: Callable[..., str],
) -> None:
    answering = make_workflow("Answers", "workflow_failed")
    add_action(answering, "create_task", {"title": "Published"})
    activate(answering)
    add_action(answering, "create_task", {"title": "Drafted"}, order=1)
    failing = make_workflow("Fails")
    add_action(failing, "wait", {"until": "lead.custom.missing"})
    activate(failing)
    make_lead()
    engine.run()
    tasks: list[dict[str, Any]] = call("tasks/list_tasks").json["items"]
    assert [task["title"] for task in tasks] == ["Published"]
    assert [(run["workflow_version"], run["status"]) for run in runs_of(answering)] == [(1, "completed")]
