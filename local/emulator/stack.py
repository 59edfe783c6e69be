"""Deploys the template to the emulator and says what came of it."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from typing import Any

from botocore.config import Config
from botocore.session import Session, get_session

from local.emulator.template import StackTemplate
from local.errors import CannotStart

_CARRIER = "leadflow-template"
_TIMEOUT_SECONDS = 30
_FAILED = ("CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "ROLLBACK_IN_PROGRESS", "DELETE_COMPLETE")


@dataclass(frozen=True)
class Function:
    """One deployed function: its name in the emulator, its ARN and limits (seconds, MB), its environment."""

    logical_id: str
    name: str
    arn: str
    timeout: int
    memory: int
    environment: dict[str, str]


class Cloud:
    """Clients of the emulator, and the stack in it."""

    def __init__(self, stack: str) -> None:
        self.stack = stack
        self._session: Session = get_session()

    def client(self, service: str) -> Any:
        config = Config(connect_timeout=2, read_timeout=60, retries={"total_max_attempts": 1})
        return self._session.create_client(
            service, region_name=os.environ["AWS_REGION"], endpoint_url=os.environ["AWS_ENDPOINT_URL"], config=config
        )

    def deploy(self, template: StackTemplate, parameters: dict[str, str]) -> None:
        """Creates the stack and waits for it. Raises CannotStart with the reason of the first resource that failed."""
        known = template.body.get("Parameters", {})
        cloudformation = self.client("cloudformation")
        cloudformation.create_stack(
            StackName=self.stack,
            TemplateURL=self._carry(json.dumps(template.body)),
            Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items() if k in known],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
        self._wait(cloudformation)
        self._enable_expiry(template)

    def _carry(self, body: str) -> str:
        """CloudFormation takes a template of this size from a bucket only."""
        s3 = self.client("s3")
        s3.create_bucket(Bucket=_CARRIER)
        s3.put_object(Bucket=_CARRIER, Key="template.json", Body=body.encode())
        return f"{os.environ['AWS_ENDPOINT_URL']}/{_CARRIER}/template.json"

    def _wait(self, cloudformation: Any) -> None:
        give_up = time.monotonic() + _TIMEOUT_SECONDS
        while time.monotonic() < give_up:
            status = cloudformation.describe_stacks(StackName=self.stack)["Stacks"][0]["StackStatus"]
            if status == "CREATE_COMPLETE":
                return
            if status in _FAILED:
                raise CannotStart(f"template.yaml could not be deployed: {self._reason(cloudformation)}")
            time.sleep(0.02)
        raise CannotStart(f"template.yaml was not deployed within {_TIMEOUT_SECONDS} seconds")

    def _reason(self, cloudformation: Any) -> str:
        events = cloudformation.describe_stack_events(StackName=self.stack)["StackEvents"]
        for event in reversed(events):
            if event["ResourceStatus"] == "CREATE_FAILED":
                return f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}"
        return "no resource says why"

    def _enable_expiry(self, template: StackTemplate) -> None:
        """The emulator's CloudFormation passes over the time to live of a table."""
        ids = self.physical_ids()
        for name, properties in template.of_type("AWS::DynamoDB::Table").items():
            if expiry := properties.get("TimeToLiveSpecification"):
                self.client("dynamodb").update_time_to_live(TableName=ids[name], TimeToLiveSpecification=expiry)

    def physical_ids(self) -> dict[str, str]:
        """What every resource of the stack is called, by logical id."""
        pages = self.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=self.stack)
        return {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for page in pages
            for resource in page["StackResourceSummaries"]
        }

    def functions(self, template: StackTemplate) -> dict[str, Function]:
        """The deployed functions by logical id."""
        ids = self.physical_ids()
        deployed = {
            config["FunctionName"]: config
            for page in self.client("lambda").get_paginator("list_functions").paginate()
            for config in page["Functions"]
        }
        return {name: _function(name, deployed[ids[name]]) for name in template.code}


def _function(logical_id: str, config: dict[str, Any]) -> Function:
    return Function(
        logical_id=logical_id,
        name=config["FunctionName"],
        arn=config["FunctionArn"],
        timeout=config["Timeout"],
        memory=config["MemorySize"],
        environment=config.get("Environment", {}).get("Variables", {}),
    )


def shared_environment(functions: dict[str, Function]) -> dict[str, str]:
    """One environment for all functions, as they share a process. Raises CannotStart where two of them differ."""
    shared: dict[str, str] = {}
    for function in functions.values():
        for name, value in function.environment.items():
            if shared.setdefault(name, value) != value:
                raise CannotStart(
                    f"{function.logical_id} has {name}={value!r} where another function has {shared[name]!r}; "
                    "functions share one process here, so a variable must have one value"
                )
    return shared
