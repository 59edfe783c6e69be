"""Events that a mail service reports, whose times are whole seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from leadflow.campaigns import service as campaigns
from tests.functional.campaigns.mailing import email_channel, mail_service, template
from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.functional.workflows.engine import Engine
from tests.harness import Clock, call

BY_A_PERSON = {"useragent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}


@pytest.fixture
def mail_id(
    make_workflow: MakeWorkflow,
    add_action: AddAction,
    activate: Callable[[str], Any],
    make_lead: Callable[..., str],
    engine: Engine,
    clock: Clock,
) -> Iterator[str]:
    """A mail that a workflow has written at 9:00:01.400, and waits to be opened from 9:00:01.500 on."""
    clock.moment = datetime.fromisoformat("2026-03-02T09:00:00.400Z")
    workflow_id = make_workflow("Sends")
    add_action(workflow_id, "send_email", {"template_id": template()})
    add_action(workflow_id, "wait", {"for_event": "email_opened"}, order=1)
    add_action(workflow_id, "update_lead", {"add_tags": ["opened"]}, order=2)
    with mail_service() as mails:
        mails.before_answer = lambda _: clock.advance(milliseconds=100)
        email_channel()
        activate(workflow_id)
        make_lead()
        engine.deliver()
        [start] = engine.starts()
        assert engine.segment(start) == "wait"
        engine.deliver()
        yield str(mails.sent[0]["personalizations"][0]["custom_args"]["lf_id"])


def reported(mail_id: str, clock: Clock) -> None:
    """An open 300 ms from now, as the service tells of it."""
    clock.advance(milliseconds=300)
    at = clock.moment.replace(microsecond=0)
    assert campaigns.record_event(mail_id, "open", at, BY_A_PERSON)


@pytest.fixture
def later(make_workflow: MakeWorkflow, add_action: AddAction, activate: Callable[[str], Any]) -> Callable[[], str]:
    """Another workflow that an open begins, in force from the moment of the call."""

    def put_in_force() -> str:
        workflow_id = make_workflow("Later", "email_opened")
        add_action(workflow_id, "update_lead", {"add_tags": ["started"]})
        activate(workflow_id)
        return workflow_id

    return put_in_force


def runs_of(workflow_id: str) -> list[dict[str, Any]]:
    return list(call("executions/list_executions", path={"workflow_id": workflow_id}).json["items"])


def test_an_open_in_the_second_in_which_a_trigger_came_in_force_starts_a_run(
    mail_id: str, later: Callable[[], str], engine: Engine, clock: Clock
) -> None:
    clock.advance(minutes=1)
    workflow_id = later()
    reported(mail_id, clock)
    engine.deliver()
    assert len(runs_of(workflow_id)) == 1


def test_an_open_of_the_second_before_a_trigger_came_in_force_starts_nothing(
    mail_id: str, later: Callable[[], str], engine: Engine, clock: Clock
) -> None:
    clock.advance(minutes=1)
    early = clock.moment - timedelta(milliseconds=600)
    workflow_id = later()
    assert campaigns.record_event(mail_id, "open", early.replace(microsecond=0), BY_A_PERSON)
    engine.deliver()
    assert runs_of(workflow_id) == []


def test_an_open_in_the_second_in_which_a_wait_began_ends_it(mail_id: str, engine: Engine, clock: Clock) -> None:
    reported(mail_id, clock)
    engine.deliver()
    [woken] = engine.starts()
    assert engine.segment(woken) == "done"
    [lead] = call("leads/list_leads").json["items"]
    assert lead["tags"] == ["opened"]
