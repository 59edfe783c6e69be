from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from leadflow.campaigns import service as campaigns
from leadflow.workflows.service import recovery
from tests.functional.campaigns.mailing import MailService, email_channel, mail_service, template
from tests.functional.wire import interrupted
from tests.functional.workflows.engine import Engine
from tests.harness import Answer, Clock, call


def act(workflow_id: str, kind: str, config: dict[str, Any], order: int, **more: Any) -> str:
    body = {"action_type": kind, "action_config": config, "order": order, **more}
    answer = call("workflows/add_action", body, path={"workflow_id": workflow_id})
    assert answer.status == 201, answer.text
    return str(answer.json["id"])


def activate(workflow_id: str) -> None:
    answer = call("workflows/activate_workflow", path={"workflow_id": workflow_id})
    assert answer.status == 200, answer.text


def started(engine: Engine, workflow_id: str, lead_id: str) -> str:
    run = call("workflows/run_workflow", {"lead_id": lead_id}, path={"workflow_id": workflow_id})
    assert run.status == 202, run.text
    engine.run()
    return str(run.json["id"])


def retry(execution_id: str, **body: Any) -> Answer:
    return call("executions/retry_execution", body, path={"execution_id": execution_id})


def run_of(execution_id: str) -> dict[str, Any]:
    return dict(call("executions/get_execution", path={"execution_id": execution_id}).json)


def logs_of(execution_id: str) -> list[tuple[str, str, int]]:
    items = call("executions/list_logs", path={"execution_id": execution_id}).json["items"]
    return [(log["action_type"], log["status"], log["visit"]) for log in items]


def lead_of(lead_id: str) -> dict[str, Any]:
    return dict(call("leads/get_lead", path={"lead_id": lead_id}).json)


def totals(workflow_id: str) -> tuple[int, int, int]:
    record = call("workflows/get_workflow", path={"workflow_id": workflow_id}).json
    return record["execution_count"], record["success_count"], record["failure_count"]


@pytest.fixture
def lead_id() -> str:
    return str(call("leads/create_lead", {"name": "Ada", "email": "ada@example.com"}).json["id"])


@pytest.fixture
def workflow_id() -> str:
    """tag one, wait until a field that the lead may lack, tag two."""
    workflow_id = str(call("workflows/create_workflow", {"name": "Renewal"}).json["id"])
    act(workflow_id, "update_lead", {"add_tags": ["one"]}, 0)
    act(workflow_id, "wait", {"until": "lead.custom.renewal_at"}, 1)
    act(workflow_id, "update_lead", {"add_tags": ["two"]}, 2)
    activate(workflow_id)
    return workflow_id


def give_a_date(lead_id: str) -> None:
    body = {"custom": {"renewal_at": "2026-03-03T00:00:00Z"}}
    assert call("leads/update_lead", body, path={"lead_id": lead_id}).status == 200


def test_x23_a_failed_run_goes_on_from_the_action_that_failed(workflow_id: str, lead_id: str, engine: Engine) -> None:
    run = started(engine, workflow_id, lead_id)
    assert run_of(run)["status"] == "failed"
    assert totals(workflow_id) == (1, 0, 1)
    call("leads/update_lead", {"tags": []}, path={"lead_id": lead_id})
    give_a_date(lead_id)
    answer = retry(run)
    assert (answer.status, answer.json["status"]) == (202, "running")
    assert (answer.json["completed_at"], answer.json["error_message"]) == (None, None)
    engine.run()
    assert run_of(run)["status"] == "completed"
    assert lead_of(lead_id)["tags"] == ["two"]
    assert logs_of(run) == [
        ("update_lead", "completed", 1),
        ("wait", "failed", 1),
        ("wait", "completed", 2),
        ("update_lead", "completed", 1),
    ]
    assert totals(workflow_id) == (1, 1, 0)


def test_totals_are_right_however_often_a_run_fails_and_changes_are_read(
    workflow_id: str, lead_id: str, engine: Engine
) -> None:
    run = started(engine, workflow_id, lead_id)
    for _ in range(2):
        assert retry(run).status == 202
        [start] = engine.starts()
        assert engine.segment(start) == "failed"
        changes = engine.changes()
        engine.deliver(changes)
        engine.deliver(list(reversed(changes)))
        assert totals(workflow_id) == (1, 0, 1)


def test_two_retries_at_once_make_one_continuation(workflow_id: str, lead_id: str, engine: Engine) -> None:
    run = started(engine, workflow_id, lead_id)
    answers: list[Answer] = []
    with interrupted(lambda: answers.append(retry(run)), operation="PutItem"):
        answers.append(retry(run))
    assert sorted(answer.status for answer in answers) == [202, 409]
    assert [start["run"] for start in engine.starts()] == [2]


def test_only_a_run_that_has_not_succeeded_goes_on(workflow_id: str, lead_id: str, engine: Engine) -> None:
    give_a_date(lead_id)
    run = started(engine, workflow_id, lead_id)
    assert run_of(run)["status"] == "completed"
    assert retry(run).status == 409
    assert retry("NONE").status == 404
    assert retry(run, version="oldest").status == 422


def test_a_cancelled_run_goes_on_with_its_wait(lead_id: str, engine: Engine, clock: Clock) -> None:
    workflow_id = str(call("workflows/create_workflow", {"name": "Slow"}).json["id"])
    act(workflow_id, "wait", {"days": 2}, 0)
    act(workflow_id, "update_lead", {"add_tags": ["end"]}, 1)
    activate(workflow_id)
    began = clock.moment
    run = str(call("workflows/run_workflow", {"lead_id": lead_id}, path={"workflow_id": workflow_id}).json["id"])
    [start] = engine.starts()
    assert engine.segment(start) == "wait"
    engine.asleep.clear()
    call("executions/cancel_execution", path={"execution_id": run})
    clock.advance(days=1)
    assert retry(run).status == 202
    engine.run()
    assert run_of(run)["status"] == "completed"
    assert (clock.moment - began).days == 2
    assert logs_of(run) == [("wait", "completed", 1), ("update_lead", "completed", 1)]


def test_the_pinned_version_is_kept_and_the_latest_is_chosen(workflow_id: str, lead_id: str, engine: Engine) -> None:
    pinned, latest = started(engine, workflow_id, lead_id), started(engine, workflow_id, lead_id)
    act(workflow_id, "update_lead", {"add_tags": ["three"]}, 3)
    activate(workflow_id)
    give_a_date(lead_id)
    assert retry(pinned).json["workflow_version"] == 1
    engine.run()
    assert lead_of(lead_id)["tags"] == ["one", "two"]
    assert retry(latest, version="latest").json["workflow_version"] == 2
    engine.run()
    assert lead_of(lead_id)["tags"] == ["one", "two", "three"]
    assert run_of(latest)["status"] == "completed"


@pytest.fixture
def mails() -> Iterator[MailService]:
    with mail_service() as service:
        email_channel()
        yield service


@pytest.fixture
def mailing(mails: MailService) -> str:
    workflow_id = str(call("workflows/create_workflow", {"name": "Mail"}).json["id"])
    act(workflow_id, "send_email", {"template_id": template()}, 0)
    activate(workflow_id)
    return workflow_id


def test_a_refused_mail_is_sent_by_the_retry(mailing: str, lead_id: str, mails: MailService, engine: Engine) -> None:
    mails.answers = [400]
    run = started(engine, mailing, lead_id)
    assert run_of(run)["status"] == "failed"
    assert retry(run).status == 202
    engine.run()
    assert run_of(run)["status"] == "completed"
    assert logs_of(run)[-1] == ("send_email", "completed", 2)


def test_a_mail_in_doubt_is_never_repeated_by_a_retry(
    mailing: str, lead_id: str, mails: MailService, engine: Engine
) -> None:
    """The action is asked again under the id its mail had: nothing leaves, and what the provider says later counts."""
    mails.answers = [None, None]
    run = started(engine, mailing, lead_id)
    assert "OutcomeUnknown" in run_of(run)["error_message"]
    assert len(mails.sent) == 2
    assert retry(run).status == 202
    engine.run()
    assert run_of(run)["status"] == "failed"
    assert len(mails.sent) == 2
    mail_id = mails.sent[0]["personalizations"][0]["custom_args"]["lf_id"]
    assert campaigns.record_event(mail_id, "processed", engine.clock.moment, {})
    assert retry(run).status == 202
    engine.run()
    assert run_of(run)["status"] == "completed"
    assert len(mails.sent) == 2
    assert {visit for _, _, visit in logs_of(run)} == {1}


def test_a_retry_whose_message_is_lost_is_found_in_the_table(
    workflow_id: str, lead_id: str, engine: Engine, clock: Clock
) -> None:
    run = started(engine, workflow_id, lead_id)
    give_a_date(lead_id)
    retry(run)
    engine.starts()
    clock.advance(minutes=3)
    assert recovery.reconcile()["restarted"] == 1
    engine.run()
    assert run_of(run)["status"] == "completed"
