"""The action call_webhook, against a server on loopback that is reached by public names."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.functional import wire
from tests.functional.leads.announced import work
from tests.functional.leads.erasing import erase, queued
from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.functional.workflows.engine import Engine
from tests.functional.workflows.receiver import Internet, Receiver, Reply, outside
from tests.harness import Clock, call

URL = "https://hooks.example/leads"
PLAIN = "http://hooks.example/leads"
Run = Callable[..., dict[str, Any]]


@pytest.fixture
def net() -> Iterator[tuple[Receiver, Internet]]:
    with outside() as made:
        yield made


@pytest.fixture
def receiver(net: tuple[Receiver, Internet]) -> Receiver:
    return net[0]


@pytest.fixture
def internet(net: tuple[Receiver, Internet]) -> Internet:
    return net[1]


@pytest.fixture
def run(
    make_workflow: MakeWorkflow,
    add_action: AddAction,
    activate: Callable[[str], Any],
    make_lead: Callable[..., str],
    engine: Engine,
    receiver: Receiver,
) -> Run:
    """Runs a workflow with this one action for a new lead; gives the run, its logs and its ids."""

    def runs(config: dict[str, Any], **lead: Any) -> dict[str, Any]:
        workflow_id = make_workflow()
        action_id = add_action(workflow_id, "call_webhook", {"url": PLAIN, **config})
        activate(workflow_id)
        engine.changes()
        lead_id = make_lead(**lead)
        engine.run()
        return outcome(workflow_id) | {"workflow_id": workflow_id, "action_id": action_id, "lead_id": lead_id}

    return runs


def outcome(workflow_id: str) -> dict[str, Any]:
    [execution] = call("executions/list_executions", path={"workflow_id": workflow_id}).json["items"]
    logs = call("executions/list_logs", path={"execution_id": execution["id"]}).json["items"]
    return {"execution": execution, "logs": logs}


def test_the_ids_of_the_run_are_posted_and_the_answer_is_kept(run: Run, receiver: Receiver) -> None:
    receiver.replies = [Reply(201, b'{"ticket": 7}', {"Content-Type": "application/json", "X-Request-Id": "r1"})]

    done = run({})

    [got] = receiver.got
    execution = done["execution"]
    assert (got.method, got.path, got.headers["host"]) == ("POST", "/leads", "hooks.example")
    assert got.headers["content-type"] == "application/json"
    assert got.json == {
        "workflow_id": done["workflow_id"],
        "execution_id": execution["id"],
        "action_id": done["action_id"],
        "lead_id": done["lead_id"],
        "trigger_type": "lead_created",
        "started_at": execution["started_at"],
    }
    [log] = done["logs"]
    assert (execution["status"], log["status"]) == ("completed", "completed")
    headers = {"content-type": "application/json", "x-request-id": "r1"}
    assert log["output_data"] == {"status": 201, "headers": headers, "body": {"ticket": 7}, "truncated": False}


def test_a_receiver_can_check_who_sent_it(run: Run, receiver: Receiver, clock: Clock) -> None:
    done = run({})

    secret = call("workflows/get_webhook_secret", path={"workflow_id": done["workflow_id"]}).json["secret"]
    [got] = receiver.got
    time, signature = (part.split("=")[1] for part in got.headers["x-leadflow-signature"].split(","))
    expected = hmac.new(secret.encode(), f"{time}.".encode() + got.body, hashlib.sha256).hexdigest()
    assert signature == expected
    assert int(time) == int(clock.moment.timestamp())
    effect = f"{done['execution']['id']}.{done['action_id']}.1"
    assert got.headers["idempotency-key"] == effect


def test_the_ledger_says_that_a_call_has_begun_before_it_is_made(run: Run, receiver: Receiver) -> None:
    seen: list[tuple[str, str]] = []

    def look(_: Any) -> None:
        [entry] = wire.stored("OutboundCall")
        seen.append((entry["phase"]["S"], entry["outcome"]["S"]))

    receiver.before_reply = look
    run({})

    assert seen == [("begun", "pending")]
    assert [entry["outcome"]["S"] for entry in wire.stored("OutboundCall")] == ["accepted"]


def test_values_fill_url_headers_and_body(run: Run, receiver: Receiver) -> None:
    run(
        {
            "url": "http://hooks.example/{{ lead.company }}?q={{ lead.name }}",
            "method": "PUT",
            "headers": {"X-Name": "{{ lead.name }}", "Content-Type": "application/vnd.crm+json"},
            "body": {"who": "{{ lead.name }}", "n": 1, "list": ["{{ lead.email }}"]},
        },
        name="Ada Løvelace",
        company="A/B & Co",
    )

    [got] = receiver.got
    assert (got.method, got.path) == ("PUT", "/A/B%20&%20Co?q=Ada%20L%C3%B8velace")
    assert got.json == {"who": "Ada Løvelace", "n": 1, "list": ["ada@example.com"]}
    assert got.headers["content-type"] == "application/vnd.crm+json"
    assert got.headers["x-name"].encode("latin-1").decode() == "Ada Løvelace"


def test_a_value_breaks_out_of_nothing(run: Run, receiver: Receiver) -> None:
    run(
        {"url": "http://hooks.example/{{ lead.custom.x }}", "headers": {"X-Value": "{{ lead.custom.x }}"}},
        custom={"x": "a\r\nX-Evil: 1\r\n\r\nGET /"},
    )

    [got] = receiver.got
    assert "x-evil" not in got.headers
    assert got.headers["x-value"] == "a X-Evil: 1 GET /"
    assert got.path == "/a%0D%0AX-Evil:%201%0D%0A%0D%0AGET%20/"


def test_a_text_body_goes_as_it_is(run: Run, receiver: Receiver) -> None:
    run({"body": "hello {{ lead.name }}"})

    [text] = receiver.got
    assert (text.body, text.headers["content-type"]) == (b"hello Ada Lovelace", "text/plain; charset=utf-8")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_what_has_no_body_by_nature_gets_none(run: Run, receiver: Receiver, method: str) -> None:
    run({"method": method})

    [got] = receiver.got
    assert (got.method, got.body) == (method, b"")
    assert "content-type" not in got.headers


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_what_may_pass_is_repeated_with_the_same_bytes_and_key(run: Run, receiver: Receiver, status: int) -> None:
    receiver.replies = [Reply(status), Reply(status)]

    done = run({"body": {"name": "{{ lead.name }}"}, "retry": {"max_attempts": 3, "backoff_seconds": 60}})

    assert done["execution"]["status"] == "completed"
    assert [log["status"] for log in done["logs"]] == ["failed", "failed", "completed"]
    assert {(got.body, got.headers["idempotency-key"]) for got in receiver.got} == {
        (b'{"name":"Ada Lovelace"}', receiver.got[0].headers["idempotency-key"])
    }
    assert len(receiver.got) == 3


def test_x40_a_receiver_that_is_down_for_hours_is_tried_for_hours_and_the_call_may_be_made_again(
    run: Run, receiver: Receiver, clock: Clock, engine: Engine
) -> None:
    receiver.usual = lambda _: Reply(503)
    begun = clock.moment

    done = run({"retry": {"max_attempts": 10, "backoff_seconds": 600}})

    assert (done["execution"]["status"], len(receiver.got)) == ("failed", 10)
    assert (clock.moment - begun).total_seconds() > 3 * 3600
    receiver.usual = lambda _: Reply(200)
    path = {"execution_id": done["execution"]["id"]}
    assert call("executions/retry_execution", {}, path=path).status == 202
    engine.run()

    assert outcome(done["workflow_id"])["execution"]["status"] == "completed"
    assert len(receiver.got) == 11
    # Made again by a person it is another call, so a receiver that did the work and could not say so is asked anew.
    keys = [got.headers["idempotency-key"] for got in receiver.got]
    assert (len(set(keys[:10])), keys[10] in keys[:10]) == (1, False)


def test_a_connection_that_breaks_after_the_request_is_repeated_too(run: Run, receiver: Receiver) -> None:
    receiver.replies = [Reply(hang_up=True)]

    done = run({})

    assert done["execution"]["status"] == "completed"
    assert len({got.headers["idempotency-key"] for got in receiver.got}) == 1
    assert done["logs"][0]["error_message"].startswith("UpstreamUnavailable: The connection broke.")


def test_an_outcome_that_nobody_knows_stays_so_in_the_ledger(run: Run, receiver: Receiver) -> None:
    receiver.usual = lambda _: Reply(hang_up=True)

    done = run({"retry": {"max_attempts": 2}})

    assert done["execution"]["status"] == "failed"
    assert len(receiver.got) == 2
    [entry] = wire.stored("OutboundCall")
    assert entry["outcome"]["S"] == "unknown"


def test_a_receiver_that_says_when_to_come_back_is_left_alone_until_then(
    run: Run, receiver: Receiver, clock: Clock
) -> None:
    receiver.replies = [Reply(429, headers={"Retry-After": "1800"}), Reply(503, headers={"Retry-After": "999999"})]
    times: list[float] = []
    receiver.before_reply = lambda _: times.append(clock.moment.timestamp())

    run({"retry": {"max_attempts": 3, "backoff_seconds": 1}})

    assert [round(later - sooner) for sooner, later in itertools.pairwise(times)] == [1800, 3600]


@pytest.mark.parametrize("status", [400, 401, 404, 410, 422, 302])
def test_a_refusal_is_final(run: Run, receiver: Receiver, status: int) -> None:
    receiver.replies = [Reply(status, headers={"Location": "http://169.254.169.254/"})]

    done = run({})

    [log] = done["logs"]
    assert (done["execution"]["status"], log["status"]) == ("failed", "failed")
    assert log["error_message"].startswith(f"UpstreamRejected: The receiver answered {status}")
    assert len(receiver.got) == 1, "no redirect is followed"


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("127.0.0.1", "loopback"),
        ("10.1.2.3", "private or reserved"),
        ("192.168.0.10", "private or reserved"),
        ("169.254.169.254", "link-local"),
        ("100.64.0.1", "carrier's NAT"),
        ("224.0.0.1", "multicast"),
        ("0.0.0.0", "unspecified"),  # noqa: S104 - refused
        ("240.0.0.1", "reserved"),
        ("::1", "loopback"),
        ("fd00:ec2::254", "private or reserved"),
        ("fe80::1", "link-local"),
        ("::ffff:127.0.0.1", "loopback"),
        ("::127.0.0.1", "loopback"),
        ("64:ff9b::a9fe:a9fe", "link-local"),
        ("2002:0a00:0001::1", "private or reserved"),
    ],
)
def test_a_name_that_leads_inside_is_not_called(
    run: Run, receiver: Receiver, internet: Internet, address: str, reason: str
) -> None:
    """Also when only one of several addresses is inside: what is judged is all that could be called."""
    internet.names["rebind.example"] = ["93.184.216.34", address]

    done = run({"url": "https://rebind.example/x"})

    [log] = done["logs"]
    assert done["execution"]["status"] == "failed"
    assert log["error_message"].startswith("InvalidInput: url: the host leads to")
    assert reason in log["error_message"]
    assert address not in log["error_message"]
    assert (receiver.got, internet.dialled) == ([], [])


def test_a_name_that_changes_its_mind_changes_nothing(run: Run, receiver: Receiver, internet: Internet) -> None:
    """The address that was judged is the one that is connected to: the name is not looked up again."""
    answers = [["93.184.216.34"], ["127.0.0.1"]]
    internet.names = _Changing(answers)

    run({"url": "http://rebind.example/x"})

    assert internet.dialled == ["93.184.216.34"]
    assert internet.asked == ["rebind.example"]


class _Changing(dict[str, list[str]]):
    """A resolver that answers otherwise each time."""

    def __init__(self, answers: list[list[str]]) -> None:
        super().__init__()
        self._answers = answers

    def __contains__(self, _: object) -> bool:
        return True

    def __getitem__(self, _: str) -> list[str]:
        return self._answers.pop(0)


def test_what_headers_keep_secret_is_not_in_the_log(run: Run, receiver: Receiver) -> None:
    done = run({"headers": {"Authorization": "Bearer s3cret", "X-Api-Key": "s3cret", "X-Plain": "shown"}})

    assert receiver.got[0].headers["authorization"] == "Bearer s3cret"
    [log] = done["logs"]
    assert "s3cret" not in json.dumps(log)
    assert log["input_data"]["config"]["headers"]["X-Plain"] == "shown"


def test_a_long_answer_is_cut_and_says_so(run: Run, receiver: Receiver) -> None:
    receiver.replies = [Reply(200, "é".encode() * 400_000, {"Content-Type": "text/plain"})]

    [log] = run({})["logs"]

    assert log["status"] == "completed"
    assert log["output_data"]["truncated"] is True
    assert set(log["output_data"]["body"]) == {"é"}
    assert len(log["output_data"]["body"]) == 8_000


@pytest.mark.parametrize(("body", "shown"), [(b"\xff\xfe\x00", None), (b"plain", "plain"), (b"", ""), (b"[1", "[1")])
def test_an_answer_that_is_no_json_is_text_or_nothing(run: Run, receiver: Receiver, body: bytes, shown: Any) -> None:
    receiver.replies = [Reply(200, body)]

    assert run({})["logs"][0]["output_data"]["body"] == shown


def test_later_actions_can_ask_for_the_answer(
    make_workflow: MakeWorkflow,
    add_action: AddAction,
    activate: Callable[[str], Any],
    make_lead: Callable[..., str],
    engine: Engine,
    receiver: Receiver,
) -> None:
    receiver.replies = [Reply(200, b'{"tier": "gold"}')]
    workflow_id = make_workflow()
    hook = add_action(workflow_id, "call_webhook", {"url": PLAIN})
    tag = {"add_tags": ["{{ actions." + hook + ".output.body.tier }}"]}
    add_action(workflow_id, "update_lead", tag, order=1)
    activate(workflow_id)
    engine.changes()
    lead_id = make_lead()
    engine.run()

    assert call("leads/get_lead", path={"lead_id": lead_id}).json["tags"] == ["gold"]


def test_an_erased_persons_calls_are_gone(run: Run, receiver: Receiver) -> None:
    done = run({"body": {"name": "{{ lead.name }}"}})
    assert wire.stored("OutboundCall")

    assert erase(done["lead_id"]).status == 202
    assert work(*queued()) == []

    assert wire.stored("OutboundCall") == []
