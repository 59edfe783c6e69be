"""What comes to a hook twice, at the same time, after a death or too late: one delivery, one run."""

from __future__ import annotations

from contextvars import Context
from functools import partial
from typing import Any

import pytest

from leadflow.core import seams
from leadflow.workflows.service import starting
from tests.functional import wire
from tests.functional.leads.announced import work
from tests.functional.leads.erasing import erase, queued
from tests.functional.leads.people import added
from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.functional.workflows.engine import Engine
from tests.functional.workflows.hooking import ADA, BY_EMAIL, Hook
from tests.functional.workflows.judging import agent
from tests.functional.workflows.timers import reconciled
from tests.harness import Clock


def test_the_same_delivery_begins_one_run(hook: Any) -> None:
    one = hook()
    first = one.begun(delivery="d-1")
    assert one.begun({"other": 1}, delivery="d-1") == first
    assert one.begun(x_delivery_id="d-1", idempotency_key="k") == first
    assert one.begun(idempotency_key="d-1") == first
    assert one.begun(delivery="d-2") != first
    assert one.begun(delivery=" ") != one.begun(delivery=" ")
    assert len(one.runs) == 4


def test_x20_the_same_delivery_at_the_same_time_begins_one_run(hook: Any) -> None:
    added()
    one = hook(match=BY_EMAIL)
    answers: list[str | None] = []
    with wire.interrupted(lambda: answers.append(one.begun(delivery="d-1"))):
        answers.append(one.begun(delivery="d-1"))
    assert answers[0] == answers[1] is not None
    assert len(one.runs) == 1


def test_two_hooks_share_no_delivery_ids(hook: Any) -> None:
    one, other = hook(), hook()
    assert one.begun(delivery="d-1") != other.begun(delivery="d-1")


def test_a_delivery_id_counts_for_seven_days(hook: Any, clock: Clock) -> None:
    one = hook()
    first = one.begun(delivery="d-1")
    clock.advance(days=6, hours=23)
    assert one.begun(delivery="d-1") == first
    clock.advance(hours=2)
    second = one.begun(delivery="d-1")
    assert second not in (first, None)
    assert one.begun(delivery="d-1") == second


def test_a_delivery_that_filters_refused_is_refused_again(hook: Any) -> None:
    one = hook(match=BY_EMAIL, filters={"field": "trigger.matched", "op": "eq", "value": True})
    assert one.begun(delivery="d-1") is None
    added()
    assert one.begun(delivery="d-1") is None
    assert one.begun(delivery="d-2")


def test_a_post_that_dies_anywhere_and_comes_again_begins_one_run(hook: Any, engine: Engine) -> None:
    added()
    one = hook(match=BY_EMAIL)
    for number in range(1, 9):
        for sent in (False, True):
            delivery = f"{number}{sent}"
            try:
                with wire.killed_at(number, sent=sent):
                    one.post(delivery=delivery)
            except wire.Killed:
                pass
            assert one.begun(delivery=delivery)
    runs = {run["id"] for run in one.runs}
    assert len(runs) == 16
    assert {start["execution_id"] for start in engine.starts()} == runs


def test_a_run_whose_message_is_lost_is_started_by_reconcile(
    hook: Any, engine: Engine, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = hook()
    with monkeypatch.context() as broken:
        broken.setenv("STARTS_QUEUE_URL", "https://sqs.us-east-1.amazonaws.com/123456789012/gone")
        seams.current().forget("settings")
        execution_id = one.begun(delivery="d-1")
        assert one.begun(delivery="d-1") == execution_id
    seams.current().forget("settings")
    assert engine.starts() == []
    clock.moment += starting.START_PATIENCE * 2
    assert reconciled()["workflows_restarted"] == 1
    assert [start["execution_id"] for start in engine.starts()] == [execution_id]


def test_a_crowd_at_one_delivery_waits_and_is_told(hook: Any) -> None:
    one = hook()
    with wire.refused(["TransactionConflict"], times=3):
        assert one.begun(delivery="d-1")
    with wire.refused(["TransactionConflict"], times=6):
        assert one.post(delivery="d-2").status == 429
    assert partial(one.begun, delivery="d-2")()


def test_once_per_lead_is_once(hook: Any) -> None:
    added()
    one = hook(match=BY_EMAIL, once_per_lead=True)
    first = one.begun(delivery="1")
    assert one.begun(delivery="2") is None
    assert one.begun(delivery="2") is None
    assert one.begun() is None
    assert one.begun(delivery="1") == first
    assert wire.counts()["HookDelivery"] == 2
    assert one.begun({"event": "x"})
    assert one.begun({"event": "x"})
    assert len(one.runs) == 3


def test_erasing_removes_run_body_and_guard_and_nothing_comes_back(hook: Any) -> None:
    lead = added()
    one = hook(match=BY_EMAIL)
    one.begun({**ADA, "note": "Prefers marmalade."}, delivery="d-1")
    erase(lead["id"])
    assert work(*queued()) == []
    assert "marmalade" not in repr(wire.stored()).lower()
    assert wire.stored("HookDelivery") == []
    for delivery in ("d-1", "d-2", None):
        assert one.begun({**ADA, "note": "Prefers marmalade."}, delivery=delivery) is None
    by_id = hook(match={"lead_id": "body.id"})
    assert by_id.begun({"id": lead["id"], "note": "Prefers marmalade."}) is None
    assert "marmalade" not in repr(wire.stored()).lower()
    assert one.runs == []


def test_x24_a_sender_that_loses_patience_and_posts_again_is_answered_once(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Any, engine: Engine, model: Any, clock: Clock
) -> None:
    """The door does nothing but write, so its answer does not wait for the work; the work answers once.

    The sender posts again while the run is queued, while it is at work and when it is long over.
    """
    agent()
    workflow_id = make_workflow(trigger="webhook")
    add_action(workflow_id, "run_ai_agent", {"agent": "judge", "prompt": "{{ trigger.body.text }}"})
    activate(workflow_id)
    one = Hook(workflow_id)
    again = partial(one.begun, {"text": "Hello"}, delivery="d-1")
    with wire.watched() as seen:
        execution_id = again()
    assert (seen.count("TransactWriteItems"), model.got) == (1, [])
    assert set(seen) <= {"GetItem", "Query", "TransactWriteItems"}
    assert again() == execution_id
    model.before_reply = lambda _: Context().run(again)
    starts = engine.starts()
    for start in starts:
        engine.segment(start)
    clock.advance(hours=1)
    assert again() == execution_id
    assert {start["execution_id"] for start in starts + engine.starts()} == {execution_id}
    assert len(model.got) == len(one.runs) == 1


@pytest.mark.parametrize("which", range(1, 9))
def test_wherever_the_table_gives_up_the_post_that_comes_again_begins_one_run(hook: Any, which: int) -> None:
    workflow = hook(match=BY_EMAIL)
    added("ada@example.com")
    with wire.given_up(which, "ThrottlingException") as failed:
        answer = workflow.post(delivery="D1")
    # What fails after the run was written is reconcile's to do.
    assert answer.status == (503 if failed else 202)

    begun = workflow.begun(delivery="D1")

    assert [run["id"] for run in workflow.runs] == [begun]
