"""The data's tools with STACK=…, as `make` calls them: on a stack that CloudFormation knows, in its own region."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.journeys.host import HostProcess

NewHost = Callable[..., HostProcess]
Tool = Callable[..., subprocess.CompletedProcess[str]]
ROOT = Path(__file__).resolve().parents[2]
STACK, REGION = "theirs", "eu-central-1"
STRANGER = {"pk": {"S": "X#1"}, "sk": {"S": "#"}, "type": {"S": "Nothing"}}


def template(api_url: str) -> str:
    keys = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
    named = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")]
    table = {"KeySchema": keys, "AttributeDefinitions": named, "BillingMode": "PAY_PER_REQUEST"}
    resources = {
        "Table": {"Type": "AWS::DynamoDB::Table", "Properties": table},
        "Bucket": {"Type": "AWS::S3::Bucket"},
        "AppSecret": {"Type": "AWS::SecretsManager::Secret", "Properties": {"SecretString": "{}"}},
        "CredentialsKey": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {}}},
    }
    parameters = {"Stage": {"Type": "String"}}
    outputs = {"ApiUrl": {"Value": api_url}}
    return json.dumps({"Parameters": parameters, "Resources": resources, "Outputs": outputs})


@pytest.fixture
def profile(new_host: NewHost, tmp_path: Path) -> dict[str, str]:
    """What a person's environment says: no region but that of a profile."""
    host = new_host()
    run = host.start()
    config = tmp_path / "config"
    config.write_text(f"[default]\nregion = {REGION}\n")
    facts = json.loads((host.data_dir / "run.json").read_text())["aws"]
    said = {name: facts[name] for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    return {**said, "AWS_CONFIG_FILE": str(config), "API_URL": run.api_url, "ADMIN_KEY": run.admin_key}


@pytest.fixture
def tool(profile: dict[str, str], tmp_path: Path) -> Tool:
    def call(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
        environment = {**kept, **profile, "DATA_DIR": str(tmp_path / "none"), "STACK": STACK, **variables}
        return subprocess.run(
            [sys.executable, "-m", *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
        )

    return call


def cloud(profile: dict[str, str], service: str) -> Any:
    names = {"aws_access_key_id": "AWS_ACCESS_KEY_ID", "aws_secret_access_key": "AWS_SECRET_ACCESS_KEY"}
    keys = {argument: profile[name] for argument, name in names.items()}
    return boto3.client(service, endpoint_url=profile["AWS_ENDPOINT_URL"], region_name=REGION, **keys)


def make_stack(profile: dict[str, str], stage: str) -> str:
    """The name of its table."""
    formation = cloud(profile, "cloudformation")
    said = [{"ParameterKey": "Stage", "ParameterValue": stage}]
    formation.create_stack(StackName=STACK, TemplateBody=template(profile["API_URL"]), Parameters=said)
    formation.get_waiter("stack_create_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})
    found = formation.describe_stack_resource(StackName=STACK, LogicalResourceId="Table")
    return str(found["StackResourceDetail"]["PhysicalResourceId"])


def test_they_work_on_its_table_and_on_no_other(profile: dict[str, str], tool: Tool) -> None:
    nobody = tool("local.tools", "validate")
    assert (nobody.returncode, nobody.stdout, nobody.stderr.count("\n")) == (1, "", 1)
    table = make_stack(profile, "dev")
    assert tool("local.seed").returncode == 0, "samples go through the stack's API"
    assert tool("local.tools", "validate").stdout.endswith("0 items, 0 problems\n")
    assert tool("local.tools", "migrate").returncode == 0
    assert tool("local.tools", "rollback").stdout == "nothing is applied\n"
    cloud(profile, "dynamodb").put_item(TableName=table, Item=STRANGER)

    found = tool("local.tools", "validate")
    assert (found.returncode, "1 items, 1 problems" in found.stdout) == (1, True), found.stdout
    unsaid = tool("local.tools", "reset")
    assert (unsaid.returncode, f"CONFIRM={STACK}" in unsaid.stderr) == (1, True)
    emptied = tool("local.tools", "reset", CONFIRM=STACK)
    assert (emptied.returncode, emptied.stdout) == (0, "1 items and 0 objects removed; API keys stay\n")
    assert cloud(profile, "dynamodb").scan(TableName=table)["Items"] == []


def test_a_region_that_is_said_goes_before_the_profiles(profile: dict[str, str], tool: Tool) -> None:
    make_stack(profile, "prod")

    elsewhere = tool("local.tools", "validate", AWS_REGION="us-west-2")
    assert (elsewhere.returncode, STACK in elsewhere.stderr) == (1, True), elsewhere.stdout
    assert tool("local.tools", "validate").returncode == 0
    kept = tool("local.tools", "reset", CONFIRM=STACK)
    assert (kept.returncode, "production" in kept.stderr) == (1, True)
