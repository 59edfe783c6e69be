"""The seams of MiniStack's other services: keys, secrets, objects, functions, schedules, memory."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore import handlers
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError
from botocore.session import get_session
from ministack.services import eventbridge, kms, lambda_svc, s3, scheduler, secretsmanager, sqs, stepfunctions
from ministack.services.cloudformation import provisioners

from local.emulator import functions, objects, upkeep, wire
from local.emulator.journal import Journal
from local.emulator.vault import Vault

# -- the vault


@pytest.fixture
def vault_services(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for service in (kms, secretsmanager):
        monkeypatch.setattr(service, "handle_request", service.handle_request)
        service.reset()
    for kind in ("AWS::KMS::Key", "AWS::SecretsManager::Secret"):
        entry = provisioners._RESOURCE_HANDLERS[kind]
        monkeypatch.setitem(entry, "create", entry["create"])
    yield
    for service in (kms, secretsmanager):
        service.reset()


def _ask(service: Any, target: str, **body: Any) -> dict[str, Any]:
    headers = {"x-amz-target": target}
    status, _, answer = asyncio.run(service.handle_request("POST", "/", headers, json.dumps(body).encode(), {}))
    assert status == 200, answer
    found: dict[str, Any] = json.loads(answer)
    return found


@pytest.mark.usefixtures("vault_services")
def test_a_key_of_the_stack_opens_after_a_restart_what_it_sealed_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = provisioners._RESOURCE_HANDLERS["AWS::KMS::Key"]
    original, context = create["create"], {"channel": "c1"}
    properties = {"MultiRegion": True, "EnableKeyRotation": True}
    Vault(Journal(tmp_path / "j.db")).install()
    key_id, _ = create["create"]("Key", properties, "stack")
    sealed = _ask(kms, "TrentService.Encrypt", KeyId=key_id, Plaintext="c2VjcmV0", EncryptionContext=context)

    kms.reset()
    monkeypatch.setitem(create, "create", original)
    Vault(Journal(tmp_path / "j.db")).install()
    found_id, attributes = create["create"]("Key", properties, "stack")

    assert found_id == key_id
    assert attributes["Arn"].endswith(key_id)
    opened = _ask(kms, "TrentService.Decrypt", CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext=context)
    assert opened["Plaintext"] == "c2VjcmV0"


@pytest.mark.usefixtures("vault_services")
def test_a_secret_of_the_stack_keeps_its_value_also_one_put_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"]
    original = create["create"]
    properties = {"GenerateSecretString": {"SecretStringTemplate": "{}", "GenerateStringKey": "master"}}
    Vault(Journal(tmp_path / "j.db")).install()
    name, _ = create["create"]("Secret", properties, "stack")
    _ask(secretsmanager, "secretsmanager.PutSecretValue", SecretId=name, SecretString='{"master": "later"}')

    secretsmanager.reset()
    monkeypatch.setitem(create, "create", original)
    Vault(Journal(tmp_path / "j.db")).install()
    found, attributes = create["create"]("Secret", properties, "stack")

    assert found == name
    for secret_id in (name, attributes["Arn"]):
        answer = _ask(secretsmanager, "secretsmanager.GetSecretValue", SecretId=secret_id)
        assert json.loads(answer["SecretString"]) == {"master": "later"}


# -- objects


def test_an_object_is_there_again_after_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "DATA_DIR", s3.DATA_DIR)
    monkeypatch.setattr(s3, "S3_PERSIST", False)
    try:
        asyncio.run(s3.handle_request("PUT", "/kept", {}, b"", {}))
        objects.persist(tmp_path)
        asyncio.run(s3.handle_request("PUT", "/kept/a/b", {"content-type": "text/csv"}, b"one,two", {}))

        s3.S3_PERSIST = False
        s3.reset()
        asyncio.run(s3.handle_request("PUT", "/kept", {}, b"", {}))
        objects.persist(tmp_path)

        status, headers, body = asyncio.run(s3.handle_request("GET", "/kept/a/b", {}, b"", {}))
    finally:
        s3.S3_PERSIST = False
        s3.reset()
    assert (status, bytes(body)) == (200, b"one,two")
    assert headers["Content-Type"] == "text/csv"


# -- functions


def _function(name: str) -> dict[str, Any]:
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{name}"
    return {"config": {"FunctionName": name, "FunctionArn": arn, "Timeout": 3, "MemorySize": 128}}


@pytest.fixture
def executor(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_proxy_url_for", "_execute_function_proxy", "_emit_lambda_logs", "_emit_lambda_metrics"):
        monkeypatch.setattr(lambda_svc, name, getattr(lambda_svc, name))


@pytest.mark.usefixtures("executor")
def test_functions_run_on_the_host() -> None:
    seen = []

    def invoke(name: str, event: Any, request_id: str) -> Any:
        seen.append((name, event, bool(request_id)))
        return {"batchItemFailures": []}

    functions.run_with(invoke)
    event = {"Records": [{"body": "{}"}]}

    result = lambda_svc._execute_function(_function("worker"), event)

    assert result == {"body": {"batchItemFailures": []}}
    assert seen == [("worker", event, True)]
    assert seen[0][1] is not event


@pytest.mark.usefixtures("executor")
def test_what_a_function_raises_keeps_its_name() -> None:
    def invoke(name: str, event: Any, request_id: str) -> Any:
        raise KeyError("field")

    functions.run_with(invoke)

    result = lambda_svc._execute_function(_function("worker"), {})

    assert result["error"] is True
    assert result["body"]["errorType"] == "KeyError"


def test_filters_of_event_sources_are_the_emulators_own() -> None:
    pattern = {"eventName": ["INSERT"], "dynamodb": {"NewImage": {"type": {"S": ["Lead"]}}}}
    records = [
        {"eventName": name, "dynamodb": {"NewImage": {"type": {"S": kind}}}}
        for name in ("INSERT", "REMOVE")
        for kind in ("Lead", "Task")
    ]

    kept = functions.matching(records, {"Filters": [{"Pattern": json.dumps(pattern)}]})

    assert kept == records[:1]
    assert functions.matching(records, {}) == records


def test_finished_executions_and_old_events_are_forgotten() -> None:
    executions, events = stepfunctions._executions, eventbridge._events_log_list()
    try:
        for n in range(upkeep.KEPT_EXECUTIONS + 5):
            executions[f"arn:{n}"] = {"status": "SUCCEEDED", "stopDate": f"2026-01-01T00:00:{n:06d}Z"}
        executions["arn:running"] = {"status": "RUNNING", "stopDate": None}
        events.extend({"n": n} for n in range(upkeep.KEPT_EVENTS + 5))

        upkeep.forget()

        assert len(executions) == upkeep.KEPT_EXECUTIONS + 1
        assert "arn:running" in executions
        assert "arn:0" not in executions
        assert [event["n"] for event in eventbridge._events_log_list()] == list(range(5, upkeep.KEPT_EVENTS + 5))
    finally:
        stepfunctions.reset()
        eventbridge.reset()


def test_an_execution_is_kept_as_we_think() -> None:
    source = inspect.getsource(stepfunctions)

    assert '"status": "RUNNING",' in source
    assert 'execution["stopDate"] = now_iso()' in source


def test_due_schedules_are_looked_for_as_often_as_we_say() -> None:
    assert isinstance(scheduler._SCHEDULE_TICK_INTERVAL, int)
    assert isinstance(eventbridge._SCHEDULER_TICK_INTERVAL, int)
    assert "_SCHEDULE_TICK_INTERVAL" in inspect.getsource(scheduler._ticker_loop)
    assert "_SCHEDULER_TICK_INTERVAL" in inspect.getsource(eventbridge._scheduler_loop)


# -- queues


@pytest.fixture
def queue() -> Iterator[tuple[Any, str]]:
    """A client whose messages take the short way, and a queue; over a connection nobody is there."""
    before = list(handlers.BUILTIN_HANDLERS)
    wire.install_queues()
    url = sqs._act_create_queue({"QueueName": "short-way"}, "")["QueueUrl"]
    once = Config(retries={"total_max_attempts": 1})
    client = get_session().create_client(
        "sqs",
        region_name="us-east-1",
        endpoint_url="http://127.0.0.1:9",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=once,
    )
    yield client, url
    handlers.BUILTIN_HANDLERS[:] = before
    sqs.reset()


def test_messages_take_the_short_way_to_their_queue(queue: tuple[Any, str]) -> None:
    client, url = queue

    one = client.send_message(QueueUrl=url, MessageBody="one")
    entries = [{"Id": name, "MessageBody": name} for name in ("two", "three")]
    some = client.send_message_batch(QueueUrl=url, Entries=entries)

    taken = sqs._receive_messages_for_esm(url, 10)
    assert [message["body"] for message in taken] == ["one", "two", "three"]
    assert [message["id"] for message in taken] == [
        one["MessageId"],
        *(done["MessageId"] for done in some["Successful"]),
    ]


def test_what_a_queue_does_not_take_is_refused_over_the_connection(queue: tuple[Any, str]) -> None:
    client, url = queue

    with pytest.raises(EndpointConnectionError):
        client.send_message(QueueUrl=url, MessageBody="no \x00 text")
    with pytest.raises(EndpointConnectionError):
        client.receive_message(QueueUrl=url)
