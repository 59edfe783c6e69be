"""The guard that holds doors to their roles sees what it must see."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests import rights


@pytest.mark.parametrize(
    ("service", "operation", "body", "needed"),
    [
        ("dynamodb", "PutItem", b"{}", {"dynamodb:PutItem"}),
        ("sqs", "SendMessageBatch", b"{}", {"sqs:SendMessage"}),
        ("events", "PutEvents", b"{}", {"events:PutEvents"}),
        ("s3", "UploadPart", b"", {"s3:PutObject"}),
        ("stepfunctions", "StartExecution", b"{}", {"states:StartExecution"}),
        (
            "dynamodb",
            "TransactWriteItems",
            json.dumps({"TransactItems": [{"Put": {}}, {"Delete": {}}]}).encode(),
            {"dynamodb:PutItem", "dynamodb:DeleteItem"},
        ),
    ],
)
def test_a_request_takes_these_rights(service: str, operation: str, body: Any, needed: set[str]) -> None:
    assert rights.needed(service, operation, body) == needed


def test_a_door_that_oversteps_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore.endpoint import Endpoint
    from botocore.session import get_session

    sent = []
    monkeypatch.setattr(Endpoint, "make_request", lambda *_: sent.append(1))
    client = get_session().create_client("dynamodb", region_name="us-east-1")

    def overstep(event: Any, context: Any) -> None:
        client.delete_item(TableName="leadflow-test", Key={})

    with rights.held(), pytest.raises(rights.NotAllowed, match="leads/get_lead needs dynamodb:DeleteItem"):
        rights.guarded("leads/get_lead", overstep)({}, None)
    assert sent == []
