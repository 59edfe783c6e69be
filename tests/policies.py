"""What template.yaml allows each role, and what AWS itself does with it, as (action, resource).

A resource is named by its logical id: `Table`, `Table/index/GSI1`, `Bucket/imports/*`, `StartsQueue`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from tests.infra import house


class Right(NamedTuple):
    """An action on a resource; of a right that is allowed, the resource may be a pattern with `*`."""

    action: str
    resource: str

    def allows(self, asked: Right) -> bool:
        return self.action == asked.action and fnmatchcase(asked.resource, self.resource)

    def __str__(self) -> str:
        return f"{self.action} on {self.resource}"


# Things of which an ARN is written out, since CloudFormation has none to give.
_WRITTEN_OUT = (
    (r"arn:.*:parameter/\$\{AWS::StackName\}/public-url", "PublicUrlParameter"),
    (r"arn:.*:log-group:/leadflow/\$\{AWS::StackName\}/\*", "logs/*"),
    (r"arn:.*:schedule/\$\{ScheduleGroup\}/\*", "ScheduleGroup/*"),
)
# What Lambda does with the role of a function that reads from such a source.
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
_OF_A_QUEUE = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
# https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html
_OF_A_STREAM = (
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
)
_OF_EVERY_FUNCTION = ("logs:CreateLogStream", "logs:PutLogEvents")
# What Step Functions takes to write the log of a state machine.
# https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
_OF_AN_ENGINE_THAT_LOGS = (
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
)


def role_of(function: str) -> str:
    """The logical id of a function's role, by `<area>/<operation>`."""
    role: str = house.functions()[function].properties["Role"]["Fn::GetAtt"][0]
    return role


def roles() -> list[str]:
    return [name for name, one in house.template()["Resources"].items() if one["Type"] == "AWS::IAM::Role"]


@functools.cache
def given(role: str) -> frozenset[Right]:
    """What a role allows, with patterns as they stand."""
    return frozenset(right for policy in _policies(role) for right in _rights(policy))


@functools.cache
def given_by(role: str) -> dict[str, frozenset[Right]]:
    """What a role allows, by the name of the policy that says so; its own are called as it is."""
    resources = house.template()["Resources"]
    attached = resources[role]["Properties"].get("ManagedPolicyArns", [])
    found = {one["Ref"]: frozenset(_rights(resources[one["Ref"]]["Properties"])) for one in attached}
    own = resources[role]["Properties"].get("Policies", [])
    return found | ({role: frozenset(right for policy in own for right in _rights(policy))} if own else {})


def _policies(role: str) -> Iterator[dict[str, Any]]:
    resources = house.template()["Resources"]
    yield from resources[role]["Properties"].get("Policies", [])
    for one in resources[role]["Properties"].get("ManagedPolicyArns", []):
        yield resources[one["Ref"]]["Properties"]


def _rights(policy: dict[str, Any]) -> Iterator[Right]:
    for statement in policy["PolicyDocument"]["Statement"]:
        for action in _listed(statement["Action"]):
            for resource in _listed(statement["Resource"]):
                yield Right(action, named(resource))


def named(resource: Any) -> str:
    """A resource of a policy by its logical id. Raises LookupError for one that is written in a way not known here."""
    if resource == "*":
        return "*"
    (how, what), *_ = resource.items()
    if how == "Ref":
        return str(what)
    if how == "Fn::GetAtt":
        return str(what[0])
    for pattern, name in _WRITTEN_OUT:
        if re.fullmatch(pattern, what):
            return name
    text, count = re.subn(r"^\$\{(\w+)\.Arn\}", r"\1", what)
    if not count or "$" in text:
        raise LookupError(f"which resource is {resource}?")
    return text


@functools.cache
def done_by_aws() -> dict[str, frozenset[Right]]:
    """What AWS does with each role by what the template says: sources, destinations, logs, tasks of the engine."""
    found: dict[str, set[Right]] = {role: set() for role in roles()}
    for name, function in house.functions().items():
        rights = found[role_of(name)]
        group = function.properties["LoggingConfig"]["LogGroup"]["Ref"]
        rights.update(Right(action, f"logs/{group}") for action in _OF_EVERY_FUNCTION)
        for event in function.events.values():
            rights.update(_of_source(event["Type"], event["Properties"]))
        rights.update(_of_destination(function.properties.get("EventInvokeConfig", {})))
    for machine in house.template()["Resources"].values():
        if machine["Type"] == "AWS::Serverless::StateMachine":
            properties = machine["Properties"]
            rights = found[properties["Role"]["Fn::GetAtt"][0]]
            tasks = properties["DefinitionSubstitutions"].values()
            rights.update(Right("lambda:InvokeFunction", named(task)) for task in tasks)
            rights.update(Right(action, "*") for action in _OF_AN_ENGINE_THAT_LOGS if "Logging" in properties)
    return {role: frozenset(rights) for role, rights in found.items()}


def _of_source(kind: str, source: dict[str, Any]) -> Iterator[Right]:
    if kind == "SQS":
        yield from (Right(action, named(source["Queue"])) for action in _OF_A_QUEUE)
    if kind == "DynamoDB":
        yield from (Right(action, f"{named(source['Stream'])}/stream/*") for action in _OF_A_STREAM)
        yield from _of_destination(source)


def _of_destination(config: dict[str, Any]) -> Iterator[Right]:
    destination = config.get("DestinationConfig", {}).get("OnFailure")
    if destination:
        yield Right("sqs:SendMessage", named(destination["Destination"]))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
