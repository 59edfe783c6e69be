"""No role has a right too few or too many: what template.yaml gives, compared with what is asked (rights.json)."""

from __future__ import annotations

from typing import Any

import pytest

from tests import policies, recorded, rights
from tests.policies import Right


@pytest.mark.parametrize(
    ("service", "operation", "params", "needed"),
    [
        ("dynamodb", "PutItem", {"TableName": "leadflow"}, {"dynamodb:PutItem on Table"}),
        ("dynamodb", "Query", {"IndexName": "GSI2"}, {"dynamodb:Query on Table/index/GSI2"}),
        ("sqs", "SendMessageBatch", {"QueueUrl": "http://here/starts"}, {"sqs:SendMessage on StartsQueue"}),
        ("events", "PutEvents", {}, {"events:PutEvents on JobsBus"}),
        ("s3", "UploadPart", {"Key": "exports/1.csv"}, {"s3:PutObject on Bucket/exports/*"}),
        ("s3", "ListObjectsV2", {"Prefix": "exports/"}, {"s3:ListBucket on Bucket"}),
        ("stepfunctions", "StartExecution", {}, {"states:StartExecution on WorkflowEngine"}),
        (
            "scheduler",
            "CreateSchedule",
            {"Name": "one"},
            {"scheduler:CreateSchedule on ScheduleGroup/*", "iam:PassRole on SchedulerRole"},
        ),
        (
            "dynamodb",
            "TransactWriteItems",
            {"TransactItems": [{"Put": {}}, {"Delete": {}}]},
            {"dynamodb:PutItem on Table", "dynamodb:DeleteItem on Table"},
        ),
    ],
)
def test_a_request_takes_these_rights(service: str, operation: str, params: Any, needed: set[str]) -> None:
    assert set(map(str, rights.needed(service, operation, params))) == needed


@pytest.mark.parametrize(
    ("door", "service", "call", "missing"),
    [
        ("leads/get_lead", "dynamodb", {"delete_item": {"Key": {}}}, "dynamodb:DeleteItem on Table"),
        (
            "workflows/start_executions",
            "sqs",
            {"send_message": {"QueueUrl": "http://x/timers", "MessageBody": ""}},
            "sqs:SendMessage on TimersQueue",
        ),
    ],
)
def test_a_door_that_oversteps_is_stopped(
    monkeypatch: pytest.MonkeyPatch, door: str, service: str, call: dict[str, dict[str, Any]], missing: str
) -> None:
    from botocore.endpoint import Endpoint
    from botocore.session import get_session

    sent = []
    monkeypatch.setattr(Endpoint, "make_request", lambda *_: sent.append(1))
    client = get_session().create_client(service, region_name="us-east-1")
    [(operation, params)] = call.items()

    def overstep(event: Any, context: Any) -> None:
        getattr(client, operation)(**params)

    with rights.held(), pytest.raises(rights.NotAllowed, match=f"{door} needs {missing}: give it to"):
        rights.guarded(door, overstep)({}, None)
    assert sent == []


def test_a_signed_link_takes_the_right_it_hands_on() -> None:
    from botocore.session import get_session

    client = get_session().create_client("s3", region_name="us-east-1")

    def sign(event: Any, context: Any) -> None:
        client.generate_presigned_url("get_object", Params={"Bucket": "leadflow-test", "Key": "exports/1.csv"})

    with rights.held(), pytest.raises(rights.NotAllowed, match=r"s3:GetObject on Bucket/exports/\*"):
        rights.guarded("leads/get_lead", sign)({}, None)


def used(role: str) -> set[Right]:
    """What a role's functions have asked for, and what AWS does with it."""
    asked = recorded.on_file()
    functions = [asked.get(name, set()) for name in policies.house.functions() if policies.role_of(name) == role]
    return set().union(*functions, asked.get(role, set()), policies.done_by_aws()[role])


@pytest.mark.parametrize("role", policies.roles())
def test_a_role_has_every_right_that_is_used(role: str) -> None:
    missing = {right for right in used(role) if not any(one.allows(right) for one in policies.given(role))}

    assert not missing, sorted(map(str, missing))
