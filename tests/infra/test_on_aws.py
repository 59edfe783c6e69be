"""What AWS does that no test on this machine would show, by its documentation, and what the template says to that."""

from __future__ import annotations

import json
import re

from leadflow.core import aws
from tests import policies
from tests.infra.house import event_sources, functions, of_type, references, template, transformed


def test_a_call_of_aws_that_hangs_is_tried_again_in_time() -> None:
    """Whoever waits for the table or the secret has an answer, or at least a second try, before it is ended itself."""
    for service in ("dynamodb", "secretsmanager"):
        config = aws.client(service).meta.config
        one_try = config.connect_timeout + config.read_timeout
        # Connections that hang were connected once.
        assert config.read_timeout + one_try < functions()["platform/authorize"].timeout
        assert config.retries["total_max_attempts"] * one_try < template()["Globals"]["Function"]["Timeout"]


def test_warnings_stop_a_deployment_only_where_none_are_to_be_expected() -> None:
    """A parameter has a schema or a content, says OpenAPI; SAM gives those of paths neither."""
    api = transformed()["Api"]["Properties"]
    operations = [operation for path in api["Body"]["paths"].values() for operation in path.values()]
    bare = [one for o in operations for one in o.get("parameters", []) if not {"schema", "content"} & one.keys()]

    assert not (bare and api.get("FailOnWarnings"))


def test_logs_that_services_deliver_need_no_room_in_the_policy_of_the_account() -> None:
    """It holds 5,120 characters, and a group of another name takes some of them, where other stacks left any."""
    api, engine = of_type("AWS::Serverless::HttpApi")["Api"], of_type("AWS::Serverless::StateMachine")["WorkflowEngine"]
    groups = of_type("AWS::Logs::LogGroup")

    delivered = set(references([api["AccessLogSettings"], engine["Logging"]])) & groups.keys()

    assert delivered == {"AccessLogs", "EngineLogs"}
    for name in delivered:
        assert groups[name]["LogGroupName"]["Fn::Sub"].startswith("/aws/vendedlogs/")


def test_a_worker_that_writes_to_its_own_queue_may_do_so_often() -> None:
    """Otherwise Lambda takes the 16th message in a row for an accident and puts it with the dead letters."""
    allowed = {name for name, function in functions().items() if function.properties.get("RecursiveLoop") == "Allow"}

    writing = {
        function.name
        for _, function, source in event_sources("SQS")
        if policies.Right("sqs:SendMessage", policies.named(source["Queue"]))
        in policies.given(policies.role_of(function.name))
    }

    assert allowed == writing
    assert len(writing) == 4


def test_a_reconcile_that_fails_is_told() -> None:
    """Other alarms depend on what it tells, and are as quiet without it as when nothing is wrong."""
    watched = {
        dimension["Value"]["Ref"]
        for alarm in of_type("AWS::CloudWatch::Alarm").values()
        if (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Lambda", "Errors")
        for dimension in alarm["Dimensions"]
        if dimension["Name"] == "FunctionName"
    }

    assert watched == {functions()["platform/reconcile"].logical_id}


def test_the_dashboard_shows_what_is_there() -> None:
    body = template()["Resources"]["OperationsDashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    named = set(re.findall(r"\$\{([^}:]+)\}", body))

    widgets = json.loads(re.sub(r"\$\{[^}]+\}", "here", body))["widgets"]

    assert named <= template()["Resources"].keys()
    assert len({(one["x"], one["y"]) for one in widgets}) == len(widgets)
    assert all(one["properties"]["metrics"] for one in widgets)


def test_the_dashboard_searches_for_names_that_begin_with_the_stack() -> None:
    """What stands in quotes is searched for as the whole name, and none is called as the stack alone."""
    body = template()["Resources"]["OperationsDashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]

    searches = re.findall(r"SEARCH\('([^']+)'", body)

    assert len(searches) == 4
    assert all(re.search(r' MetricName=\\"\w+\\" \$\{AWS::StackName\}$', one) for one in searches), searches
