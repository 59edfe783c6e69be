"""Least privilege, held while doors run: what a door asks of AWS must be allowed to its role in template.yaml.

moto asks for no rights, so without this a door that lacks one would pass every test and fail on AWS.
"""

from __future__ import annotations

import contextvars
import functools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from tests.infra import house

# The function whose door is open in this context; a test that plays a rival runs it in a context of its own.
_running: contextvars.ContextVar[str | None] = contextvars.ContextVar("running", default=None)
# Where the name of an operation is not the name of the right.
_RIGHTS = {
    "CompleteMultipartUpload": {"PutObject"},
    "CreateMultipartUpload": {"PutObject"},
    "DeleteMessageBatch": {"DeleteMessage"},
    "HeadObject": {"GetObject"},
    "ListObjectsV2": {"ListBucket"},
    "SendMessageBatch": {"SendMessage"},
    "UploadPart": {"PutObject"},
}
_SERVICES = {"stepfunctions": "states"}
_TRANSACTED = {
    "ConditionCheck": "ConditionCheckItem",
    "Delete": "DeleteItem",
    "Get": "GetItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
}


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
    from botocore.endpoint import Endpoint

    real = Endpoint.make_request

    def make_request(self: Any, model: Any, request: dict[str, Any]) -> Any:
        if name := _running.get():
            missing = needed(model.service_model.service_name, model.name, request["body"]) - of_function(name)
            if missing:
                raise NotAllowed(f"{name} needs {', '.join(sorted(missing))}: give it to its role in template.yaml")
        return real(self, model, request)

    with patch.object(Endpoint, "make_request", make_request):
        yield


def needed(service: str, operation: str, body: Any) -> set[str]:
    """The rights one request takes, as `service:Action`."""
    if operation.startswith("Transact"):
        actions = {_TRANSACTED[kind] for item in json.loads(body)["TransactItems"] for kind in item}
    else:
        actions = _RIGHTS.get(operation, {operation})
    return {f"{_SERVICES.get(service, service)}:{action}" for action in actions}


def of_function(name: str) -> set[str]:
    """The actions the role of a function allows, whatever the resource."""
    return of_role(house.functions()[name].properties["Role"]["Fn::GetAtt"][0])


@functools.cache
def of_role(name: str) -> set[str]:
    """The actions a role of template.yaml allows, whatever the resource."""
    role = house.template()["Resources"][name]["Properties"]
    managed = [house.template()["Resources"][one["Ref"]]["Properties"] for one in role.get("ManagedPolicyArns", [])]
    found: set[str] = set()
    for policy in [*managed, *role.get("Policies", [])]:
        for statement in policy["PolicyDocument"]["Statement"]:
            actions = statement["Action"]
            found.update(actions if isinstance(actions, list) else [actions])
    return found
