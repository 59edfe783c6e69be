"""The cloud of functional and chaos tests: moto in process, one thread, with what template.yaml makes."""

from __future__ import annotations

import contextvars
import functools
import itertools
import json
import os
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import httpcore
import httpx
from moto import mock_aws

from leadflow.core import aws, seams
from tests import rights
from tests.harness import Clock, CountingEntropy
from tests.lighter_moto import lighter

PUBLIC_URL = "https://api.leadflow.test"
_MACHINE = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
_ACCOUNT = "123456789012"
_QUEUES = ("STARTS", "DELIVERIES", "TIMERS", "ENRICHMENTS", "COHORTS")
_BUS, _SCHEDULES = "jobs", "leadflow-test"
# What one-off schedules name, as template.yaml has it.
_SCHEDULED = {
    "TIMERS_QUEUE_ARN": "timers",
    "TIMERS_DEAD_LETTERS_ARN": "timers_dead_letters",
    "COHORTS_QUEUE_ARN": "cohorts",
    "COHORTS_DEAD_LETTERS_ARN": "jobs_dead_letters",
}
# Making a client takes longer than most tests, and a client keeps nothing of the cloud it talks to.
_clients: dict[str, Any] = {}


@functools.cache
def _authorities() -> dict[str, ssl.SSLContext]:
    """Whom to trust, read once: it takes as long as a test."""
    return {"tls providers": httpx.create_ssl_context(), "tls outbound": httpcore.default_ssl_context()}


@contextmanager
def fresh_cloud(clock: Clock) -> Iterator[seams.Seams]:
    """A table, queues, a state machine, a key and secrets, empty; seams with this clock; doors held to their roles."""
    fresh = seams.Seams(clock, CountingEntropy(), sleep=lambda _: None, kept={**_clients, **_authorities()})
    with lighter(), mock_aws(), seams.installed(fresh) as installed, rights.held(), _made_on_demand(), _bus() as bus:
        _make_table()
        made = {
            f"{name}_QUEUE_URL": f"https://sqs.us-east-1.amazonaws.com/{_ACCOUNT}/{name.lower()}" for name in _QUEUES
        }
        made["STATE_MACHINE_ARN"] = f"arn:aws:states:us-east-1:{_ACCOUNT}:stateMachine:engine"
        made["JOBS_BUS_NAME"] = bus
        made |= {name: f"arn:aws:sqs:us-east-1:{_ACCOUNT}:{queue}" for name, queue in _SCHEDULED.items()}
        made |= {"SCHEDULE_GROUP": _SCHEDULES, "SCHEDULER_ROLE_ARN": f"arn:aws:iam::{_ACCOUNT}:role/scheduler"}
        with patch.dict(os.environ, made):
            seams.current().forget("settings")
            yield installed
        _clients.update(
            {name: kept for name, kept in installed.kept.items() if name.startswith(("client:", "session"))}
        )


@contextmanager
def _bus() -> Iterator[str]:
    """The jobs bus by its name; what is put on it is kept in the seams, for tests to take."""
    events, name = aws.client("events"), _BUS
    numbers = itertools.count(1)

    def note(params: dict[str, Any], **_: Any) -> None:
        for entry in params["Entries"]:
            if entry["EventBusName"] == name:
                event = {"id": f"event {next(numbers)}", "source": entry["Source"], "detail-type": entry["DetailType"]}
                event["detail"] = json.loads(entry["Detail"])
                seams.current().remember(name, list).append(event)

    events.meta.events.register("before-parameter-build.events.PutEvents", note)
    try:
        yield name
    finally:
        events.meta.events.unregister("before-parameter-build.events.PutEvents", note)


def _make_table() -> None:
    keys = [("pk", "sk"), *((f"gsi{n}pk", f"gsi{n}sk") for n in (1, 2, 3))]
    schemas: list[Any] = [
        [{"AttributeName": hash_, "KeyType": "HASH"}, {"AttributeName": range_, "KeyType": "RANGE"}]
        for hash_, range_ in keys
    ]
    aws.client("dynamodb").create_table(
        TableName=os.environ["TABLE_NAME"],
        KeySchema=schemas[0],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for pair in keys for name in pair],
        GlobalSecondaryIndexes=[
            {"IndexName": f"GSI{n}", "KeySchema": schemas[n], "Projection": {"ProjectionType": "KEYS_ONLY"}}
            for n in (1, 2, 3)
        ],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )


@contextmanager
def _made_on_demand() -> Iterator[None]:
    """What takes a call each to make, and most tests do without, is made at the first call to its service."""
    with ExitStack() as stack:
        for service, make in _MAKERS.items():
            stack.enter_context(_on_demand(service, make))
        stack.enter_context(_key_on_demand())
        stack.enter_context(_bucket_on_demand())
        yield


@contextmanager
def _on_demand(service: str, make: Callable[[Any], object]) -> Iterator[None]:
    client = aws.client(service)
    made: list[bool] = []

    def look(**_: Any) -> None:
        if not made:
            made.append(True)
            # Not with the rights of the door that is open.
            contextvars.Context().run(make, client)

    client.meta.events.register(f"before-parameter-build.{service}", look)
    try:
        yield
    finally:
        client.meta.events.unregister(f"before-parameter-build.{service}", look)


def _make_queues(sqs: Any) -> None:
    for name in _QUEUES:
        sqs.create_queue(QueueName=name.lower())


_MAKERS: dict[str, Callable[[Any], object]] = {
    "sqs": _make_queues,
    "stepfunctions": lambda machines: machines.create_state_machine(
        name="engine", definition=json.dumps(_MACHINE), roleArn=f"arn:aws:iam::{_ACCOUNT}:role/engine"
    ),
    "events": lambda events: events.create_event_bus(Name=_BUS),
    "scheduler": lambda scheduler: scheduler.create_schedule_group(Name=_SCHEDULES),
    "secretsmanager": lambda secrets: secrets.create_secret(
        Name=os.environ["APP_SECRET_ID"], SecretString=json.dumps({"master": "m" * 64})
    ),
    "ssm": lambda ssm: ssm.put_parameter(Name=os.environ["PUBLIC_URL_PARAMETER"], Value=PUBLIC_URL, Type="String"),
}


@contextmanager
def _bucket_on_demand() -> Iterator[None]:
    """Makes the bucket when somebody first asks what is in it; whoever puts something there makes it before."""
    s3 = aws.client("s3")

    def make(**_: Any) -> None:
        contextvars.Context().run(s3.create_bucket, Bucket=os.environ["BUCKET_NAME"])

    s3.meta.events.register("before-parameter-build.s3.ListObjectsV2", make)
    try:
        yield
    finally:
        s3.meta.events.unregister("before-parameter-build.s3.ListObjectsV2", make)


@contextmanager
def _key_on_demand() -> Iterator[None]:
    """Makes the KMS key when something is first encrypted: moto's takes longer to make than most tests run."""
    kms = aws.client("kms")
    made: list[str] = []

    def make() -> None:
        made.append(kms.create_key()["KeyMetadata"]["KeyId"])
        kms.create_alias(AliasName=os.environ["KMS_KEY_ID"], TargetKeyId=made[0])

    def look(model: Any, **_: Any) -> None:
        if model.name == "Encrypt" and not made:
            # Not with the rights of the door that is open.
            contextvars.Context().run(make)

    kms.meta.events.register("before-parameter-build.kms", look)
    try:
        yield
    finally:
        kms.meta.events.unregister("before-parameter-build.kms", look)
