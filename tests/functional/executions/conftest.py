"""A run that waits."""

from __future__ import annotations

from typing import Any

import pytest

from tests.functional.workflows.engine import Engine
from tests.harness import Clock, call


@pytest.fixture
def engine(clock: Clock) -> Engine:
    return Engine(clock)


@pytest.fixture
def waiting_run(engine: Engine) -> dict[str, Any]:
    """One run of one workflow, in its second action, a wait of a day."""
    workflow_id = call("workflows/create_workflow", {"name": "Slow"}).json["id"]
    path = {"workflow_id": workflow_id}
    gate = {"if": {"field": "trigger.size", "op": "gte", "value": 1}}
    for order, (kind, config) in enumerate([("condition", gate), ("wait", {"days": 1})]):
        body = {"action_type": kind, "action_config": config, "order": order}
        assert call("workflows/add_action", body, path=path).status == 201
    assert call("workflows/activate_workflow", path=path).status == 200
    run = call("workflows/run_workflow", {"data": {"size": 3}}, path=path).json
    for start in engine.starts():
        engine.segment(start)
    return dict(run)
