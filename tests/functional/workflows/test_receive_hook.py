"""POST /hooks/{trigger_id}: one delivery, one run (X20); nothing from strangers, nothing about erased people."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.cloud import PUBLIC_URL
from tests.functional import wire
from tests.functional.leads.people import added
from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.functional.workflows.engine import Engine
from tests.functional.workflows.hooking import ADA, BY_EMAIL, SECRET, Hook, signed
from tests.functional.workflows.test_dispatch_changes import Activate
from tests.functional.workflows.timers import paused
from tests.harness import call


def test_a_post_runs_about_the_lead_it_names(hook: Any, engine: Engine) -> None:
    lead = added()
    one = hook(match=BY_EMAIL)
    execution_id = one.begun({**ADA, "contact": {"email": " ADA@example.com "}})
    engine.run()
    [run] = one.runs
    assert (run["id"], run["lead_id"], run["status"]) == (execution_id, lead["id"], "completed")
    assert run["trigger_type"] == "webhook"
    assert run["trigger_data"] == {"body": {**ADA, "contact": {"email": " ADA@example.com "}}, "matched": True}


@pytest.mark.parametrize(
    ("match", "body"),
    [
        ({"email": "body.to.1.email"}, {"to": [{"email": "bob@example.com"}, {"email": "ada@example.com"}]}),
        ({"email": "body.0"}, ["ada@example.com"]),
        ({"phone": "body.tel"}, {"tel": "+49 151 1234567"}),
        ({"phone": "body.tel", "email": "body.mail"}, {"tel": "+49 151 1234567", "mail": "nobody@example.com"}),
        ({"email": "body.mail", "phone": "body.tel"}, {"tel": 7, "mail": "ada@example.com"}),
    ],
)
def test_people_are_found_at_a_path(hook: Any, match: dict[str, str], body: Any) -> None:
    lead = added(phone="+491511234567")
    one = hook(match=match)
    one.begun(body)
    assert one.runs[0]["lead_id"] == lead["id"]


def test_a_lead_is_found_by_its_id(hook: Any) -> None:
    lead = added()
    one = hook(match={"lead_id": "body.id"})
    for body in ({"id": lead["id"]}, {"id": "x" * 300}, {"id": "#META"}):
        one.begun(body)
    assert [run["lead_id"] for run in reversed(one.runs)] == [lead["id"], None, None]


@pytest.mark.parametrize(
    "body", [{}, {"contact": None}, {"contact": []}, {"contact": {"email": {"a": 1}}}, {"contact": {"email": "no"}}, []]
)
def test_nobody_found_runs_without_a_lead_and_says_so(hook: Any, body: Any, add_action: AddAction) -> None:
    one = hook(match=BY_EMAIL)
    one.begun(body)
    assert (one.runs[0]["lead_id"], one.runs[0]["trigger_data"]) == (None, {"body": body, "matched": False})


def test_filters_see_lead_and_body(hook: Any) -> None:
    added()
    about_ada = {"field": "lead.email", "op": "eq", "value": "ada@example.com"}
    paid = {"field": "trigger.body.event", "op": "eq", "value": "paid"}
    one = hook(
        match=BY_EMAIL, filters={"all": [about_ada, paid, {"field": "trigger.matched", "op": "eq", "value": True}]}
    )
    assert one.begun()
    assert one.begun({**ADA, "event": "refunded"}) is None
    assert one.begun({"event": "paid"}) is None
    assert len(one.runs) == 1


def test_addresses_cannot_be_guessed(hook: Any, make_workflow: MakeWorkflow) -> None:
    one = hook()
    assert one.url == f"{PUBLIC_URL}/hooks/{one.token}"
    trigger_id, _, mac = one.token.partition(".")
    assert trigger_id == one.trigger_id
    assert len(mac) >= 22
    draft = Hook(make_workflow(trigger="webhook"))
    other = {"email": f"{trigger_id}.{draft.token.partition('.')[2]}"}["email"]
    with wire.watched() as seen:
        for token in (trigger_id, trigger_id + ".", other, one.token[:-1], one.token + "=", mac, "x", "ü.ü"):
            answer = call("workflows/receive_hook", ADA, path={"trigger_id": token}, scopes=None)
            assert (answer.status, answer.json["detail"]) == (404, "There is no hook at this address.")
    assert seen == []
    assert call("workflows/receive_hook", ADA, path={"trigger_id": draft.token}, scopes=None).status == 404


def test_a_hook_out_of_force_is_not_found(hook: Any, activate: Activate) -> None:
    one = hook()
    token = one.token
    paused(one.workflow_id)
    assert one.post().status == 404
    activate(one.workflow_id)
    assert one.token == token
    assert one.begun()


def test_only_signed_posts_are_taken_where_there_is_a_secret(hook: Any) -> None:
    one = hook(hmac_secret=SECRET)
    raw = json.dumps(ADA).encode()
    before = wire.stored()
    wrong = (
        {},
        {"x_signature_256": signed(raw, "other")},
        {"x_signature_256": signed(raw + b" ")},
        {"x_signature_256": signed(raw).removeprefix("sha256=")},
        {"x_signature_256": "sha256="},
        {"x_signature_256": "sha256=ü"},
        {"x_hub_signature_256": signed(raw).replace("sha256", "sha1")},
    )
    for headers in wrong:
        assert one.post(raw, delivery="d-1", **headers).status == 401
    assert one.post(b"no json").status == 401
    assert wire.stored() == before
    assert one.begun(raw, x_signature_256=signed(raw))
    assert one.begun(raw, x_hub_signature_256=signed(raw).upper().replace("SHA256", "sha256"))


def test_the_secret_is_never_shown(hook: Any) -> None:
    one, open_one = hook(hmac_secret=SECRET), hook()
    path = {"workflow_id": one.workflow_id}
    created = call(
        "workflows/add_trigger", {"trigger_type": "webhook", "trigger_config": {"hmac_secret": SECRET}}, path=path
    )
    answers = [created, call("workflows/list_triggers", path=path), call("workflows/get_workflow", path=path)]
    for answer in answers:
        assert SECRET not in json.dumps(answer.json, ensure_ascii=False)
        assert 'hmac_secret"' not in answer.text
    assert created.json["trigger_config"] == {"hmac_secret_set": True}
    assert created.json["url"].startswith(f"{PUBLIC_URL}/hooks/{created.json['id']}.")
    shown = call("workflows/get_workflow", path=path).json["triggers"]
    assert [trigger["trigger_config"]["hmac_secret_set"] for trigger in shown] == [True, True]
    [plain] = call("workflows/list_triggers", path={"workflow_id": open_one.workflow_id}).json["items"]
    assert plain["trigger_config"] == {"hmac_secret_set": False}


@pytest.mark.parametrize(
    ("raw", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"", "application/json", 400),
        (b"7", "application/json", 400),
        (b'"text"', "application/json", 400),
        (b'{"n": NaN}', "application/json", 400),
        (b'{"n": 1e999}', "application/json", 400),
        (b'{"n": 1, "n": 2}', "application/json", 422),
        (b'{"s": "\\ud800"}', "application/json", 400),
        (b"[" * 70 + b"]" * 70, "application/json", 400),
        (b"[" * 30_000 + b"]" * 30_000, "application/json", 400),
        (b"<xml/>", "text/xml", 415),
        (b'{"s": "' + b"x" * 65_536 + b'"}', "application/json", 413),
        (b"[1]", "application/cloudevents+json; charset=utf-8", 202),
        (b"[" * 60 + b"]" * 60, "application/json", 202),
        (json.dumps({"s": "x" * 65_000}).encode(), "application/json", 202),
        (b"a=" + b"\x01" * 60_000, "application/x-www-form-urlencoded", 413),
        (b"a=" + "ü".encode() * 32_000, "application/x-www-form-urlencoded", 202),
        (b"a=" + b"x" * 65_535, "application/x-www-form-urlencoded", 413),
        (b"a=%ff", "application/x-www-form-urlencoded", 400),
    ],
)
def test_bodies(hook: Any, raw: bytes, kind: str, status: int) -> None:
    one = hook()
    before = len(wire.stored())
    answer = one.post(raw, content_type=kind)
    assert answer.status == status, answer.text
    assert (len(wire.stored()) == before) is (status != 202)
    assert len(one.runs) == (status == 202)


def test_forms_are_taken_too(hook: Any) -> None:
    lead = added()
    one = hook(match={"email": "body.email"})
    raw = urlencode([("email", "ada@example.com"), ("tag", "a"), ("tag", "b")]).encode()
    one.begun(raw, content_type="application/x-www-form-urlencoded")
    [run] = one.runs
    assert run["lead_id"] == lead["id"]
    assert run["trigger_data"]["body"] == {"email": "ada@example.com", "tag": ["a", "b"]}


def test_what_was_posted_goes_no_further_than_the_table(hook: Any, engine: Engine, capsys: Any) -> None:
    added()
    one = hook(match=BY_EMAIL)
    capsys.readouterr()
    one.begun({**ADA, "note": "Prefers marmalade."}, delivery="order-of-ada")
    [start] = engine.starts()
    assert start.keys() == {"execution_id", "run"}
    engine.segment(start)
    printed = capsys.readouterr()
    for value in ("marmalade", "ada@example.com", "order-of-ada", one.token):
        assert value not in (printed.out + printed.err).lower()
    assert "order-of-ada" not in repr(wire.stored()).lower()


def test_a_thousand_active_hooks_cost_one_read_of_the_revision(hook: Any, activate: Activate) -> None:
    one, other = hook(), hook()
    one.begun()
    with wire.watched() as seen:
        one.begun()
        other.begun()
    assert seen == ["GetItem", "TransactWriteItems"] * 2
    activate(other.workflow_id)
    with wire.watched() as seen:
        one.begun()
    assert seen == ["GetItem", "Query", "TransactWriteItems"]


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"match": {"name": "body.name"}}, "trigger_config.match.name.[key]"),
        ({"match": {"email": "email"}}, "trigger_config.match.email"),
        ({"match": {"email": "body"}}, "trigger_config.match.email"),
        ({"match": {"email": "body..x"}}, "trigger_config.match.email"),
        ({"match": {"email": "body.a b"}}, "trigger_config.match.email"),
        ({"match": {"email": 7}}, "trigger_config.match.email"),
        ({"hmac_secret": ""}, "trigger_config.hmac_secret"),
        ({"hmac_secret": "x" * 257}, "trigger_config.hmac_secret"),
        ({"hmac_secret_set": True}, "trigger_config.hmac_secret_set"),
    ],
)
def test_a_wrong_configuration_is_named_when_it_is_written(
    make_workflow: MakeWorkflow, config: dict[str, Any], field: str
) -> None:
    body = {"trigger_type": "webhook", "trigger_config": config}
    answer = call("workflows/add_trigger", body, path={"workflow_id": make_workflow(trigger=None)})
    assert answer.status == 422
    assert [error["field"] for error in answer.json["errors"]] == [field]
