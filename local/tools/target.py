"""What a command works on: the host that runs on DATA_DIR, or a deployed stack."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.client import find_run
from local.settings import data_dir

ROOT = Path(__file__).resolve().parents[2]
# Of the stack: which resource each variable of the product's environment names.
_RESOURCES = {
    "TABLE_NAME": "Table",
    "BUCKET_NAME": "Bucket",
    "APP_SECRET_ID": "AppSecret",
    "KMS_KEY_ID": "CredentialsKey",
}


class NoTarget(Exception):
    """There is nothing to work on; the text says why and what to do."""


@dataclass(frozen=True)
class Target:
    """Where the table is. `name` is the stack, or the data directory; `stage` is local, dev or prod."""

    name: str
    stage: str
    api_url: str
    environment: Mapping[str, str]

    def enter(self) -> None:
        """Makes the product work on this target, for the rest of the process."""
        os.environ.update(self.environment, STAGE=self.stage)
        path = str(ROOT / "layers" / "leadflow" / "python")
        if path not in sys.path:
            sys.path.insert(0, path)


def find(env: Mapping[str, str] = os.environ) -> Target:
    """The stack that STACK names, else the host on DATA_DIR. Raises NoTarget."""
    stack = env.get("STACK")
    return _of_stack(stack, env.get("AWS_REGION")) if stack else _of_host(data_dir(env))


def _of_host(directory: Path) -> Target:
    if find_run(directory) is None:
        raise NoTarget(f"no host is running on {directory}; start one with `make run`, or say STACK=…")
    facts = json.loads((directory / "run.json").read_text())
    return Target(str(directory), "local", facts["api_url"], facts["aws"])


def _of_stack(stack: str, region: str | None) -> Target:
    """A stack of this region, or else of the one that the caller's profile names."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.session import get_session

    try:
        cloud = get_session().create_client("cloudformation", region_name=region)
        described = cloud.describe_stacks(StackName=stack)["Stacks"][0]
        names = {name: _physical_id(cloud, stack, resource) for name, resource in _RESOURCES.items()}
        # The product knows of no profile, and would look for the table in a region of its own.
        names["AWS_REGION"] = cloud.meta.region_name
    except (BotoCoreError, ClientError) as error:
        raise NoTarget(f"stack {stack} cannot be looked at: {error}") from error
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}
    parameters = {one["ParameterKey"]: one["ParameterValue"] for one in described.get("Parameters", [])}
    return Target(stack, parameters.get("Stage", "dev"), outputs["ApiUrl"], names)


def _physical_id(cloud: Any, stack: str, resource: str) -> str:
    found = cloud.describe_stack_resource(StackName=stack, LogicalResourceId=resource)
    return str(found["StackResourceDetail"]["PhysicalResourceId"])
