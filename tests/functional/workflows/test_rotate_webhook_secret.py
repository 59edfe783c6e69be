from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import pytest

from tests.functional.wire import interrupted
from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.functional.workflows.engine import Engine
from tests.functional.workflows.receiver import Got, Receiver, Reply, outside
from tests.harness import Answer, Clock, call


@pytest.fixture
def workflow_id(make_workflow: MakeWorkflow, add_action: AddAction, activate: Callable[[str], Any]) -> str:
    made = make_workflow(trigger=None)
    add_action(made, "call_webhook", {"url": "http://hooks.example/leads", "retry": {"max_attempts": 2}})
    activate(made)
    return made


def rotate(workflow_id: str, **body: Any) -> Answer:
    return call("workflows/rotate_webhook_secret", body, path={"workflow_id": workflow_id})


def shown(workflow_id: str) -> dict[str, Any]:
    return dict(call("workflows/get_webhook_secret", path={"workflow_id": workflow_id}).json)


def signed_with(got: Got, secrets: list[str]) -> list[bool]:
    """Which of the secrets the request is signed with."""
    (_, moment), *made = (part.split("=") for part in got.headers["x-leadflow-signature"].split(","))
    assert {name for name, _ in made} == {"v1"}
    text = f"{moment}.".encode() + got.body
    return [["v1", hmac.new(one.encode(), text, hashlib.sha256).hexdigest()] in made for one in secrets]


def sent(workflow_id: str, engine: Engine, receiver: Receiver) -> Got:
    assert call("workflows/run_workflow", {}, path={"workflow_id": workflow_id}).status == 202
    engine.run()
    return receiver.got[-1]


def test_for_a_grace_both_secrets_hold(workflow_id: str, engine: Engine, receiver: Receiver, clock: Clock) -> None:
    secrets = [shown(workflow_id)["secret"]]
    assert shown(workflow_id)["previous_until"] is None
    for _ in range(2):
        answer = rotate(workflow_id, grace_hours=2)
        assert (answer.status, answer.json["previous_until"]) == (200, "2026-03-02T11:00:00.000Z")
        assert shown(workflow_id)["previous_until"] == answer.json["previous_until"]
        secrets.append(shown(workflow_id)["secret"])
        assert answer.json.get("secret", secrets[-1]) == secrets[-1]
    assert len(set(secrets)) == 3
    assert signed_with(sent(workflow_id, engine, receiver), secrets) == [False, True, True]
    clock.advance(hours=2)
    assert shown(workflow_id) == {"workflow_id": workflow_id, "secret": secrets[-1], "previous_until": None}
    assert signed_with(sent(workflow_id, engine, receiver), secrets) == [False, False, True]


def test_without_a_grace_the_old_secret_is_out_at_once(workflow_id: str, engine: Engine, receiver: Receiver) -> None:
    old = shown(workflow_id)["secret"]
    assert rotate(workflow_id, grace_hours=0).json["previous_until"] is None
    assert signed_with(sent(workflow_id, engine, receiver), [old, shown(workflow_id)["secret"]]) == [False, True]


def test_a_run_under_way_signs_with_what_holds_then(workflow_id: str, engine: Engine) -> None:
    """A repetition has the same Idempotency-Key, and a signature of its own time."""
    old = shown(workflow_id)["secret"]
    call("workflows/run_workflow", {}, path={"workflow_id": workflow_id})
    with outside() as (down, _):
        down.usual = lambda _: Reply(503)
        [start] = engine.starts()
        assert engine.segment(start) == "wait"
        first = down.got[0]
    assert signed_with(first, [old]) == [True]
    rotate(workflow_id, grace_hours=0)
    with outside() as (up, _):
        engine.run()
        [second] = up.got
    assert signed_with(second, [old, shown(workflow_id)["secret"]]) == [False, True]
    assert second.headers["idempotency-key"] == first.headers["idempotency-key"]


def test_two_at_once_replace_it_once(workflow_id: str) -> None:
    answers: list[Answer] = []
    for _ in range(2):
        answers.clear()
        before = shown(workflow_id)["secret"]
        with interrupted(lambda: answers.append(rotate(workflow_id)), operation="PutItem"):
            answers.append(rotate(workflow_id))
        assert sorted(answer.status for answer in answers) == [200, 409]
        assert shown(workflow_id)["secret"] != before


def test_what_is_not_taken_is_named(workflow_id: str) -> None:
    for wrong in (-1, 721, "a day", None):
        refused = rotate(workflow_id, grace_hours=wrong)
        assert (refused.status, refused.json["errors"][0]["field"]) == (422, "grace_hours")
    assert rotate("NONE").status == 404
    path = {"workflow_id": workflow_id}
    assert call("workflows/rotate_webhook_secret", {}, path=path, scopes="workflows:read").status == 403


def test_a_copy_has_a_secret_of_its_own_from_the_first(workflow_id: str) -> None:
    rotate(workflow_id)
    copy = call("workflows/clone_workflow", {}, path={"workflow_id": workflow_id}).json["id"]
    assert shown(copy)["previous_until"] is None
    assert shown(copy)["secret"] != shown(workflow_id)["secret"]
