"""No role has a right too few or too many: what template.yaml gives, compared with what is asked (rights.json)."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
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


def test_a_call_belongs_to_the_door_that_makes_it_whichever_else_are_open() -> None:
    from botocore.session import get_session

    client = get_session().create_client("s3", region_name="us-east-1")
    folders = ("imports", "exports")
    both_open = threading.Barrier(2)
    noted: set[tuple[str, str]] = set()

    def sign(folder: str, context: Any) -> None:
        both_open.wait(10)
        client.generate_presigned_url("get_object", Params={"Bucket": "leadflow-test", "Key": f"{folder}/1"})
        both_open.wait(10)

    with (
        rights.watched(lambda name, asked: noted.update((name, str(right)) for right in asked)),
        ThreadPoolExecutor() as pool,
    ):
        doors = [pool.submit(rights.guarded(f"leads/{folder}", sign), folder, None) for folder in folders]
        for door in doors:
            door.result()
        client.generate_presigned_url("get_object", Params={"Bucket": "leadflow-test", "Key": "attachments/1"})
    assert noted == {(f"leads/{one}", f"s3:GetObject on Bucket/{one}/*") for one in folders}


def test_a_queue_of_the_one_machine_host_is_known_by_its_name_there() -> None:
    url = "http://127.0.0.1:40153/000000000000/leadflow-local-StartsQueue-6C921C60BFD00"

    assert rights.needed("sqs", "SendMessage", {"QueueUrl": url}) == {Right("sqs:SendMessage", "StartsQueue")}


def test_what_is_recorded_and_no_longer_asked_for_is_named() -> None:
    recorded_once = {"leads/get_lead": ["one", "two"], "leads/gone": ["one"]}

    assert recorded.beyond(recorded_once, {"leads/get_lead": ["two", "three"]}) == [
        "leads/get_lead: one",
        "leads/gone: one",
    ]


# What stands in a policy as one right: not every role that has it does all of it, and to part it further would take
# from rare failures what mends them. Each must be used by some role.
AS_ONE = {
    "RuntimePolicy": "every function may derive a key or write a link; both are read once and then kept",
    "TableReadPolicy": "reading the table, however core/table.py does it",
    "TableWritePolicy": "changing the table, however core/table.py does it; claims of Idempotency-Keys are removed",
    "TableRecordPolicy": "the same without removing anything",
}
# What a role needs where no functional test and no journey comes, and why.
UNRECORDED = {
    ("ImportWorkerRole", "s3:ListBucket on Bucket"): "without it S3 answers 403 for a file that is not there, not 404",
    ("DeliveryWorkerRole", "kms:Decrypt on CredentialsKey"): "tests have the secrets in memory from the post's door",
    (
        "DeliveryWorkerRole",
        "s3:PutObject on Bucket/deliveries/*",
    ): "what comes late about an erased person goes",
    ("SegmentRole", "events:PutEvents on JobsBus"): "a check before a message releases what its channel held",
}


def used(role: str) -> set[Right]:
    """What a role's functions have asked for, and what AWS does with it."""
    asked = recorded.on_file()
    functions = [asked.get(name, set()) for name in policies.house.functions() if policies.role_of(name) == role]
    return set().union(*functions, asked.get(role, set()), policies.done_by_aws()[role])


def unused(role: str, policy: str) -> set[Right]:
    """What a policy gives a role and the role does not use."""
    done = used(role)
    return {right for right in policies.given_by(role)[policy] if not any(right.allows(one) for one in done)}


@pytest.mark.parametrize("role", policies.roles())
def test_a_role_has_every_right_that_is_used(role: str) -> None:
    missing = {right for right in used(role) if not any(one.allows(right) for one in policies.given(role))}

    assert not missing, sorted(map(str, missing))


@pytest.mark.parametrize("role", policies.roles())
def test_a_role_uses_every_right_it_has(role: str) -> None:
    for policy in policies.given_by(role).keys() - AS_ONE.keys():
        too_many = {str(right) for right in unused(role, policy)} - {right for of, right in UNRECORDED if of == role}

        assert not too_many, f"{role} by {policy}: take it out of template.yaml, or say in UNRECORDED what needs it"


@pytest.mark.parametrize("policy", AS_ONE)
def test_somebody_uses_all_of_what_is_given_as_one(policy: str) -> None:
    having = [role for role in policies.roles() if policy in policies.given_by(role)]

    nobodys = set[Right].intersection(*(unused(role, policy) for role in having))

    assert having
    assert not nobodys, sorted(map(str, nobodys))


@pytest.mark.parametrize("role", policies.roles())
def test_a_role_uses_something_of_every_policy(role: str) -> None:
    excused = {right for of, right in UNRECORDED if of == role}
    for policy, given in policies.given_by(role).items():
        if policy != "RuntimePolicy":
            assert given - unused(role, policy) or excused & set(map(str, given)), f"{role} does nothing by {policy}"


def test_what_is_excused_is_given_and_not_recorded() -> None:
    for role, right in UNRECORDED:
        assert right in map(str, policies.given(role)), f"{role} no longer has {right}"
        assert right not in map(str, used(role)), f"{role} is seen to use {right}: it needs no excuse"


def test_every_function_that_asks_is_a_function_of_the_template() -> None:
    assert recorded.on_file().keys() <= {*policies.house.functions(), *policies.roles()}
