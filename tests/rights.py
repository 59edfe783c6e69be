"""Least privilege, held while doors run: what a door asks of AWS must be allowed to its role in template.yaml.

moto asks for no rights, so without this a door that lacks one would pass every test and fail on AWS. What doors ask for
is noted besides (`asked_for`): tests/recorded.py makes of it the list that shows which rights nobody uses.
"""

from __future__ import annotations

import contextvars
import functools
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from tests import policies
from tests.policies import Right

# The function whose door is open in this context; a test that plays a rival runs it in a context of its own.
_running: contextvars.ContextVar[str | None] = contextvars.ContextVar("running", default=None)
# Where the name of an operation is not the name of the right.
_ACTIONS = {
    "CompleteMultipartUpload": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "DeleteMessageBatch": "DeleteMessage",
    "HeadObject": "GetObject",
    "ListObjectsV2": "ListBucket",
    "SendMessageBatch": "SendMessage",
    "UploadPart": "PutObject",
}
_TRANSACTED = {
    "ConditionCheck": "ConditionCheckItem",
    "Delete": "DeleteItem",
    "Get": "GetItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
}
# Services of which the product knows one thing.
_ONLY_ONE = {
    "kms": "CredentialsKey",
    "secretsmanager": "AppSecret",
    "ssm": "PublicUrlParameter",
    "stepfunctions": "WorkflowEngine",
    "events": "JobsBus",
}
_PROMISED = "SchedulerRole"
_DEPLOYED = re.compile(r"leadflow-local-(\w+)-[0-9A-F]+")
# What each door has asked for in this process, and what it had the scheduler promise to do with the scheduler's role.
asked_for: dict[str, set[Right]] = {}


class NotAllowed(BaseException):
    """A door asked for what its role does not allow. No code may take it for a failure it can answer."""


def guarded(name: str, handler: Callable[..., Any]) -> Callable[..., Any]:
    """The handler of a function, held to its role while `held` is in force."""

    @functools.wraps(handler)
    def door(*arguments: Any) -> Any:
        token = _running.set(name)
        try:
            return handler(*arguments)
        finally:
            _running.reset(token)

    return door


@contextmanager
def held() -> Iterator[None]:
    """Holds guarded doors to their roles. Raises NotAllowed where one oversteps."""
    with _told(_hold):
        yield


@contextmanager
def watched(note: Callable[[str, set[Right]], None]) -> Iterator[None]:
    """Tells what guarded doors ask for, by who needs it, and holds them to nothing."""

    def tell(*call: Any) -> None:
        for owner, rights in _asked(*call).items():
            note(owner, rights)

    with _told(tell):
        yield


@contextmanager
def _told(tell: Callable[[str, str, str, Mapping[str, Any]], None]) -> Iterator[None]:
    """Tells of what a door asks AWS for: each call, and each link that is signed without one."""
    from botocore.client import BaseClient

    real = BaseClient._emit_api_params

    def emit(client: Any, api_params: dict[str, Any], operation_model: Any, context: Any) -> Any:
        if name := _running.get():
            tell(name, operation_model.service_model.service_name, operation_model.name, api_params)
        return real(client, api_params, operation_model, context)

    with patch.object(BaseClient, "_emit_api_params", emit):
        yield


def _asked(name: str, service: str, operation: str, params: Mapping[str, Any]) -> dict[str, set[Right]]:
    """What a call asks for, by who needs it: the function, and the role that does later what the call promises."""
    asked = {name: needed(service, operation, params)}
    if operation == "CreateSchedule":
        target = params["Target"]
        queues = (target["Arn"], target["DeadLetterConfig"]["Arn"])
        asked[_PROMISED] = {Right("sqs:SendMessage", _queue(arn.rpartition(":")[2])) for arn in queues}
    return asked


def _hold(name: str, service: str, operation: str, params: Mapping[str, Any]) -> None:
    for owner, wanted in _asked(name, service, operation, params).items():
        role = owner if owner == _PROMISED else policies.role_of(owner)
        rights = set(filter(_is_there, wanted))
        missing = {right for right in rights if not any(one.allows(right) for one in policies.given(role))}
        if missing:
            texts = ", ".join(sorted(map(str, missing)))
            raise NotAllowed(f"{name} needs {texts}: give it to {role} in template.yaml")
        asked_for.setdefault(owner, set()).update(rights)


def needed(service: str, operation: str, params: Mapping[str, Any]) -> set[Right]:
    """The rights that one request takes."""
    if service == "dynamodb":
        return set(_of_table(operation, params))
    resource = _ONLY_ONE.get(service) or _RESOURCES[service](params)
    prefix = "states" if service == "stepfunctions" else service
    rights = {Right(f"{prefix}:{_ACTIONS.get(operation, operation)}", resource)}
    if operation == "CreateSchedule":
        rights.add(Right("iam:PassRole", _PROMISED))
    return rights


def _of_table(operation: str, params: Mapping[str, Any]) -> Iterator[Right]:
    if operation.startswith("Transact"):
        kinds = {kind for item in params["TransactItems"] for kind in item}
        yield from (Right(f"dynamodb:{_TRANSACTED[kind]}", "Table") for kind in kinds)
    else:
        index = params.get("IndexName")
        yield Right(f"dynamodb:{operation}", f"Table/index/{index}" if index else "Table")


def _object(params: Mapping[str, Any]) -> str:
    """A kind of objects, by the folder they are in; the bucket itself where it is listed."""
    return f"Bucket/{params['Key'].partition('/')[0]}/*" if "Key" in params else "Bucket"


def _queue(name: str) -> str:
    """A queue by the name it has in tests/cloud.py, `starts` or `jobs_dead_letters`, or on the one-machine host,
    `leadflow-local-StartsQueue-6C921C60BFD00`.
    """
    if deployed := _DEPLOYED.fullmatch(name):
        return deployed[1]
    words = "".join(word.capitalize() for word in name.split("_"))
    return words if words.endswith("DeadLetters") else f"{words}Queue"


def _is_there(right: Right) -> bool:
    """Whether it is about something that the template makes: some tests take a queue away by giving a wrong name."""
    return not right.action.startswith("sqs:") or right.resource in policies.house.template()["Resources"]


_RESOURCES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "s3": _object,
    "sqs": lambda params: _queue(params["QueueUrl"].rpartition("/")[2]),
    "scheduler": lambda _: "ScheduleGroup/*",
}
