"""The trigger `form_submitted`: once per submission, for new leads and those on file, with nothing personal."""

from __future__ import annotations

from leadflow.core import aws
from tests.functional.leads.people import added
from tests.functional.signals.websites import found, signals_of, submitted
from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.functional.workflows.engine import Engine
from tests.functional.workflows.test_dispatch_changes import Activate, runs_of, tagging
from tests.harness import call


def test_every_submission_starts_one_run(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate, engine: Engine
) -> None:
    one = tagging(make_workflow, add_action, trigger="form_submitted", form_id="contact")
    every = tagging(make_workflow, add_action, trigger="form_submitted")
    once = tagging(make_workflow, add_action, trigger="form_submitted", once_per_lead=True)
    added("old@example.com")
    for workflow_id in (one, every, once):
        activate(workflow_id)

    for form_id in ("contact", "newsletter"):
        submitted({"email": "new@example.com", "message": "Hi"}, form_id)
    submitted({"email": "old@example.com", "message": "Hi"})
    submitted({"email": "old@example.com", "message": "Hi"})
    records = engine.changes()
    engine.deliver(records)
    engine.deliver(records)
    engine.run()

    assert [len(runs_of(workflow_id)) for workflow_id in (one, every, once)] == [2, 3, 2]
    for run in runs_of(every):
        signals = {signal["id"]: signal for signal in signals_of(run["lead_id"])}
        data = run["trigger_data"]
        assert data.keys() == {"form_id", "signal_id"}
        assert signals[data["signal_id"]]["signal_data"]["form_id"] == data["form_id"]


def test_a_signal_recorded_by_the_api_is_a_submission_too(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate, engine: Engine
) -> None:
    workflow_id = tagging(make_workflow, add_action, trigger="form_submitted")
    activate(workflow_id)
    path = {"lead_id": added()["id"]}
    for data in ({"form_id": "trade-fair"}, {"form_id": "ada@example.com"}, {}):
        call("signals/record_signal", {"signal_type": "form_submit", "signal_data": data}, path=path)
    call("signals/record_signal", {"signal_type": "chat_message", "signal_data": {}}, path=path)
    engine.deliver()

    told = [run["trigger_data"]["form_id"] for run in runs_of(workflow_id)]
    assert sorted(told, key=str) == [None, None, "trade-fair"]


def test_a_signal_that_moves_to_another_lead_starts_nothing_anew(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate, engine: Engine
) -> None:
    workflow_id = tagging(make_workflow, add_action, trigger="form_submitted")
    activate(workflow_id)
    other = added("other@example.com")["id"]
    submitted()
    client = aws.client("dynamodb")
    signal = signals_of(found()["id"])[0]
    key = {"pk": {"S": f"LEAD#{signal['lead_id']}"}, "sk": {"S": f"SIG#{signal['id']}"}}
    raw = client.get_item(TableName="leadflow-test", Key=key)["Item"]
    client.put_item(TableName="leadflow-test", Item={**raw, "pk": {"S": f"LEAD#{other}"}, "lead_id": {"S": other}})
    engine.deliver()

    assert len(runs_of(workflow_id)) == 1
