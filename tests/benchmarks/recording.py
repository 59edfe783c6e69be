"""Runs doors against an emulated table and keeps what went over the wire: the basis of the warm benchmark."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

SETTINGS = {
    "APP_SECRET_ID": "bench",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "BUCKET_NAME": "bench",
    "KMS_KEY_ID": "alias/bench",
    "LAMBDA_TASK_ROOT": "/var/task",
    "POWERTOOLS_METRICS_NAMESPACE": "Leadflow",
    "POWERTOOLS_SERVICE_NAME": "leadflow",
    "PUBLIC_URL_PARAMETER": "/bench/public-url",
    "STAGE": "dev",
    "TABLE_NAME": "bench",
}
PAGE = 25


def record() -> dict[str, Any]:
    """By scenario: the event, and the calls of a first invocation with their answers."""
    from moto import mock_aws

    with patch.dict(os.environ, SETTINGS), mock_aws():
        _make_cloud()
        return _scenarios()


def _scenarios() -> dict[str, Any]:
    from tests.harness import call

    made = [
        call("leads/create_lead", {"name": f"Lead {n}", "email": f"lead{n}@example.com", "source": "api"}).json
        for n in range(PAGE + 5)
    ]
    fresh = {"name": "Ada Example", "email": "ada@example.com", "phone": "+41446681800", "company": "Example"}
    return {
        "get": _scenario("leads/get_lead", path={"lead_id": made[0]["id"]}),
        "post": _scenario("leads/create_lead", {**fresh, "source": "website", "tags": ["a", "b"]}),
        "list": _scenario("leads/list_leads", query={"limit": str(PAGE)}),
    }


def _scenario(name: str, body: Any = None, **options: Any) -> dict[str, Any]:
    import tests.harness
    from leadflow.core import seams

    events: list[dict[str, Any]] = []
    handler = tests.harness.door(name)

    def watched(event: dict[str, Any], context: Any) -> Any:
        events.append(event)
        return handler(event, context)

    with seams.installed(seams.Seams()), _on_the_wire() as calls, patch("tests.harness.door", lambda _: watched):
        answer = tests.harness.call(name, body, **options)
    assert answer.status < 300, answer.text
    return {"door": name, "event": events[0], "calls": calls}


@contextmanager
def _on_the_wire() -> Iterator[list[dict[str, Any]]]:
    from botocore.endpoint import Endpoint

    calls: list[dict[str, Any]] = []
    real = Endpoint.make_request

    def make_request(self: Any, model: Any, request: dict[str, Any]) -> Any:
        http, parsed = real(self, model, request)
        service = model.service_model.service_name
        asked, answer = json.loads(request["body"]), json.loads(http.content or b"{}")
        calls.append({"service": service, "operation": model.name, "asked": asked, "answer": answer})
        return http, parsed

    with patch.object(Endpoint, "make_request", make_request):
        yield calls


def _make_cloud() -> None:
    from leadflow.core import aws
    from tests.infra.house import template

    table = template()["Resources"]["Table"]["Properties"]
    wanted = ("AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes", "KeySchema")
    aws.client("dynamodb").create_table(TableName=SETTINGS["TABLE_NAME"], **{name: table[name] for name in wanted})
    secret = json.dumps({"master": "m" * 64})
    aws.client("secretsmanager").create_secret(Name=SETTINGS["APP_SECRET_ID"], SecretString=secret)
    aws.client("ssm").put_parameter(Name=SETTINGS["PUBLIC_URL_PARAMETER"], Value="https://bench.test", Type="String")
