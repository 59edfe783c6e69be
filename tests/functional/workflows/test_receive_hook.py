"""POST /hooks/{trigger_id}: one delivery, one run (X20); nothing from strangers, nothing about erased people."""

from __future__ import annotations

import hashlib
import hmac
import json
from functools import partial
from typing import Any
from urllib.parse import urlencode

import pytest

from leadflow.core import seams
from leadflow.workflows.service import starting
from tests.cloud import PUBLIC_URL
from tests.functional import wire
from tests.functional.leads.announced import work
from tests.functional.leads.erasing import erase, queued
from tests.functional.leads.people import added
from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.functional.workflows.engine import Engine
from tests.functional.workflows.test_dispatch_changes import Activate, runs_of, tagging
from tests.functional.workflows.timers import paused, reconciled
from tests.harness import Answer, Clock, call

SECRET = "s3cret-ünïcode"
BY_EMAIL = {"email": "body.contact.email"}
ADA: dict[str, Any] = {"event": "paid", "contact": {"email": "ada@example.com"}}


class Hook:
    """A workflow that is set off by a hook, in force."""

    def __init__(self, workflow_id: str) -> None:
        self.workflow_id = workflow_id
        [trigger] = call("workflows/list_triggers", path={"workflow_id": workflow_id}).json["items"]
        self.trigger_id = trigger["id"]
        self.url = trigger["url"]

    @property
    def token(self) -> str:
        return str(self.url.rsplit("/", 1)[1])

    def post(self, body: Any = None, *, delivery: str | None = None, **headers: str) -> Answer:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if delivery is not None:
            given["x-delivery-id"] = delivery
        body = ADA if body is None else body
        return call("workflows/receive_hook", body, path={"trigger_id": self.token}, headers=given, scopes=None)

    def begun(self, body: Any = None, **more: Any) -> str | None:
        """The run that a post began, by its answer."""
        answer = self.post(body, **more)
        assert answer.status == 202, answer.text
        assert answer.json.keys() == {"execution_id"}
        execution_id: str | None = answer.json["execution_id"]
        return execution_id

    @property
    def runs(self) -> list[dict[str, Any]]:
        return runs_of(self.workflow_id)


@pytest.fixture
def hook(make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate) -> Any:
    def make(**config: Any) -> Hook:
        workflow_id = tagging(make_workflow, add_action, trigger="webhook", **config)
        activate(workflow_id)
        return Hook(workflow_id)

    return make


def signed(raw: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


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


def test_a_crowd_at_one_delivery_waits_and_is_told(hook: Any) -> None:
    one = hook()
    with wire.refused(["TransactionConflict"], times=3):
        assert one.begun(delivery="d-1")
    with wire.refused(["TransactionConflict"], times=6):
        assert one.post(delivery="d-2").status == 429
    assert partial(one.begun, delivery="d-2")()
