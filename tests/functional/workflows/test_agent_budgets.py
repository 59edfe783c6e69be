"""What agents cost: never more than was allowed, however often they are asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from leadflow.core import seams
from tests.functional import wire
from tests.functional.leads.announced import work
from tests.functional.leads.erasing import erase, queued
from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.functional.workflows.engine import Engine
from tests.functional.workflows.judging import COST, SCHEMA, Ask, agent, said, spent, transcript
from tests.functional.workflows.receiver import Receiver, Reply
from tests.functional.workflows.test_call_webhook import outcome
from tests.harness import Clock, call


@pytest.fixture
def small_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENT_DAILY_BUDGET", "0.001")
    seams.current().forget("settings")


def test_max_cost_is_kept_before_the_call(ask: Ask, model: Receiver) -> None:
    agent()

    done = ask({"max_cost": 0.0003})

    [log] = done["logs"]
    assert (done["execution"]["status"], model.got) == ("failed", [])
    assert log["error_message"].startswith("BudgetExceeded: max_cost does not reach: 0 USD are spent")
    assert spent() == []


def test_max_cost_counts_the_tries_before(ask: Ask, model: Receiver) -> None:
    """The first call may cost 0.001 and does cost 0.0002; the second, which says more, might pass 0.0012 with that."""
    agent()
    model.usual = lambda _: said("no json")

    done = ask({"output_schema": SCHEMA, "max_cost": 0.0012, "max_tokens": 300})

    assert done["execution"]["status"] == "failed"
    assert len(model.got) == 1
    assert "BudgetExceeded" in done["logs"][0]["error_message"]
    assert spent() == [200]


def test_a_model_that_is_free_needs_no_budget(ask: Ask, model: Receiver) -> None:
    agent(input_price=0, output_price=0)

    assert ask({"max_cost": 0})["execution"]["status"] == "completed"


def test_a_lead_has_a_budget_for_a_day(ask: Ask, model: Receiver, clock: Clock, small_day: None) -> None:
    agent()
    lead_id = ask({})["lead_id"]
    statuses = [ask({}, lead_id)["execution"]["status"] for _ in range(4)]

    assert statuses == ["completed", "completed", "failed", "failed"]
    assert spent() == [600]

    clock.advance(days=1)
    assert ask({}, lead_id)["execution"]["status"] == "completed"


def test_the_budget_of_one_lead_is_not_anothers(
    ask: Ask, model: Receiver, make_lead: Callable[..., str], small_day: None
) -> None:
    agent()
    lead_id = ask({})["lead_id"]
    assert [ask({}, lead_id)["execution"]["status"] for _ in range(3)][-1] == "failed"
    other = make_lead(email="bob@example.com")

    assert ask({}, other)["execution"]["status"] == "completed"


def test_no_number_of_runs_at_once_passes_the_budget(ask: Ask, model: Receiver, small_day: None) -> None:
    """What one call may cost is taken before it is made: a second that comes meanwhile finds it taken."""
    agent(max_tokens=400)
    lead_id = ""
    inner: list[str] = []

    def meanwhile(_: Any) -> None:
        model.before_reply = None
        inner.append(ask({}, lead_id)["logs"][0]["error_message"])

    lead_id = call("leads/create_lead", {"name": "Ada", "email": "a@example.com"}).json["id"]
    model.before_reply = meanwhile

    assert ask({}, lead_id)["execution"]["status"] == "completed"
    assert inner[0].startswith("BudgetExceeded: The budget for agents of 2026-03-02 (UTC)")
    assert spent() == [200]


def test_an_erased_persons_conversations_and_costs_are_gone(ask: Ask, model: Receiver) -> None:
    agent()
    done = ask({})
    assert wire.stored("AgentRun")
    assert wire.stored("AgentSpend")

    assert erase(done["lead_id"]).status == 202
    assert work(*queued()) == []

    assert (wire.stored("AgentRun"), wire.stored("AgentSpend")) == ([], [])


def test_a_run_without_a_lead_counts_for_its_workflow(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Callable[[str], Any], engine: Engine, model: Receiver
) -> None:
    agent()
    workflow_id = make_workflow(trigger=None)
    add_action(workflow_id, "run_ai_agent", {"agent": "judge", "prompt": "Hello {{ trigger.who }}"})
    activate(workflow_id)
    call("workflows/run_workflow", {"data": {"who": "you"}}, path={"workflow_id": workflow_id})
    engine.run()

    assert outcome(workflow_id)["execution"]["status"] == "completed"
    assert model.got[0].json["messages"] == [{"role": "user", "content": "Hello you"}]
    assert [item["pk"]["S"] for item in wire.stored("AgentSpend")] == [f"SPEND#WF#{workflow_id}"]


def test_what_may_pass_is_repeated_and_costs_nothing(ask: Ask, model: Receiver) -> None:
    agent()
    model.replies = [Reply(429, headers={"Retry-After": "5"}), Reply(503)]

    done = ask({})

    assert [log["status"] for log in done["logs"]] == ["failed", "failed", "completed"]
    assert spent() == [200]
    assert [one["outcome"] for one in transcript(done)["calls"]] == ["status 429", "status 503", "stop"]


def test_a_call_in_doubt_is_repeated_once_and_counts_in_full(ask: Ask, model: Receiver) -> None:
    agent()
    model.replies = [Reply(hang_up=True)]

    done = ask({})

    assert [log["status"] for log in done["logs"]] == ["failed", "completed"]
    calls = transcript(done)["calls"]
    assert [one["outcome"] for one in calls] == ["unknown", "stop"]
    assert spent() == [round((calls[0]["cost"] + COST) * 1e6)]
    assert calls[0]["cost"] > COST


def test_a_second_doubt_is_the_last(ask: Ask, model: Receiver) -> None:
    agent()
    model.usual = lambda _: Reply(500)

    done = ask({"retry": {"max_attempts": 10}})

    assert (done["execution"]["status"], len(model.got)) == ("failed", 2)
    assert done["logs"][-1]["error_message"].startswith("OutcomeUnknown: ")


def test_an_endpoint_that_tells_no_usage_costs_what_was_reserved(ask: Ask, model: Receiver) -> None:
    agent()
    model.replies = [said("yes", usage=None)]

    done = ask({})

    assert done["logs"][0]["output_data"]["cost"] > COST
    assert spent() == [round(done["logs"][0]["output_data"]["cost"] * 1e6)]


def test_x30_retries_of_a_run_remember_what_was_said_and_spent_and_end_at_the_same_budget(
    ask: Ask, model: Receiver, engine: Engine
) -> None:
    """However often a person retries, the action costs no more than its max_cost in all."""
    agent()
    model.usual = lambda _: said("no json")
    done = ask({"output_schema": SCHEMA, "max_cost": 0.003})
    path = {"execution_id": done["execution"]["id"]}
    asked, remembered = [len(model.got)], [len(transcript(done)["calls"])]
    for _ in range(8):
        assert call("executions/retry_execution", {}, path=path).status == 202
        engine.run()
        asked.append(len(model.got))
        remembered.append(len(transcript(done)["calls"]))
    assert asked == sorted(asked) == remembered
    assert asked[-1] == asked[-3] > asked[0]
    assert transcript(done)["cost"] <= 0.003
    assert spent() == [round(transcript(done)["cost"] * 1e6)]
    logs = call("executions/list_logs", path=path).json["items"]
    assert logs[-1]["error_message"].startswith("BudgetExceeded: max_cost does not reach")
