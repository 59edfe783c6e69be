"""template.yaml: what CloudFormation would only say at deployment, or never."""

from __future__ import annotations

import graphlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from leadflow.core import errors
from tests import policies
from tests.infra.house import Function, definition, event_sources, functions, of_type, references, template, transformed

# The whole list of the API contract. A route that is public and not here is a hole; one that is here and wants a key
# does not work.
PUBLIC = {
    "GET /docs",
    "GET /health",
    "GET /openapi.json",
    "GET /t/{tracking_id}/c/{link}",
    "GET /t/{tracking_id}/open.gif",
    "GET /t/{tracking_id}/unsubscribe",
    "GET /t/{tracking_id}/view",
    "GET /v.js",
    "GET /webhooks/meta/{channel_id}",
    "OPTIONS /forms/{form_id}",
    "OPTIONS /v",
    "POST /forms/{form_id}",
    "POST /hooks/{trigger_id}",
    "POST /t/{tracking_id}/unsubscribe",
    "POST /v",
    "POST /webhooks/meta/{channel_id}",
    "POST /webhooks/sendgrid/{channel_id}/events",
    "POST /webhooks/sendgrid/{channel_id}/inbound",
    "POST /webhooks/twilio/{channel_id}",
    "POST /webhooks/twilio/{channel_id}/status",
}
SHARED_ENVIRONMENT = {
    "APP_SECRET_ID",
    "BUCKET_NAME",
    "DELIVERIES_QUEUE_URL",
    "JOBS_BUS_NAME",
    "KMS_KEY_ID",
    "POWERTOOLS_LOG_LEVEL",
    "POWERTOOLS_METRICS_NAMESPACE",
    "POWERTOOLS_SERVICE_NAME",
    "PUBLIC_URL",
    "PUBLIC_URL_PARAMETER",
    "STAGE",
    "STARTS_QUEUE_URL",
    "TABLE_NAME",
    "TIMERS_QUEUE_URL",
    "COHORTS_QUEUE_URL",
    "ENRICHMENTS_QUEUE_URL",
}
# What a removal means that somebody removed it.
NEVER_EXPIRING = {"Appointment", "Conversation", "EmailCampaign", "Lead", "Message", "Task", "Workflow"}
EVERY_FUNCTION = pytest.mark.parametrize("function", functions().values(), ids=functions())


def test_stays_far_under_the_limits_of_cloudformation() -> None:
    assert len(transformed()) < 460
    assert len(json.dumps(transformed())) < 600_000


def test_has_no_dependency_cycle() -> None:
    graph = {
        name: {*references(resource.get("Properties", {})), *_depends_on(resource)} & transformed().keys()
        for name, resource in transformed().items()
    }

    order = list(graphlib.TopologicalSorter(graph).static_order())

    assert len(order) == len(graph)


def _depends_on(resource: dict[str, Any]) -> list[str]:
    given = resource.get("DependsOn", [])
    return [given] if isinstance(given, str) else given


def test_a_route_is_public_exactly_where_the_contract_says_so() -> None:
    routes = {route: public for function in functions().values() for route, public in function.routes.items()}

    assert {route for route, public in routes.items() if public} == PUBLIC & routes.keys()


def test_no_route_stands_twice() -> None:
    routes = [route for function in functions().values() for route in function.routes]

    assert len(routes) == len(set(routes))


def test_throttles_name_routes_that_exist() -> None:
    routes = {route for function in functions().values() for route in function.routes}

    assert of_type("AWS::Serverless::HttpApi")["Api"]["RouteSettings"].keys() <= routes


def test_a_cached_authorization_holds_for_one_route_only() -> None:
    auth = of_type("AWS::Serverless::HttpApi")["Api"]["Auth"]
    authorizer = auth["Authorizers"][auth["DefaultAuthorizer"]]

    assert authorizer["Identity"] == {"Headers": ["Authorization"], "Context": ["routeKey"], "ReauthorizeEvery": 60}
    assert authorizer["EnableSimpleResponses"] is True


@EVERY_FUNCTION
def test_a_function_has_a_shared_role_and_a_log_group_that_ends(function: Function) -> None:
    role = function.properties["Role"]["Fn::GetAtt"][0]
    log_group = function.properties["LoggingConfig"]["LogGroup"]["Ref"]

    assert template()["Resources"][role]["Type"] == "AWS::IAM::Role"
    assert of_type("AWS::Logs::LogGroup")[log_group]["RetentionInDays"] == 30


@EVERY_FUNCTION
def test_a_function_is_reached_in_one_kind_of_way(function: Function) -> None:
    called_by_name = {"platform/authorize", "workflows/run_segment"}

    kinds = {event["Type"] for event in function.events.values()}

    assert len(kinds) == (0 if function.name in called_by_name else 1)


@EVERY_FUNCTION
def test_an_endpoint_gives_up_before_the_gateway_does(function: Function) -> None:
    if function.routes:
        assert function.timeout <= 29


def test_functions_share_their_environment_and_it_refers_to_no_function_or_api() -> None:
    shared = template()["Globals"]["Function"]["Environment"]["Variables"]
    kinds = {template()["Resources"][name]["Type"] for name in references(shared) if name in template()["Resources"]}

    assert shared.keys() == SHARED_ENVIRONMENT
    assert not {kind for kind in kinds if kind.startswith("AWS::Serverless::")}


def test_only_starters_know_the_state_machine() -> None:
    knowing = {f.name for f in functions().values() if "WorkflowEngine" in set(references(f.properties))}

    assert knowing == {"workflows/start_executions"}


@pytest.mark.parametrize(
    ("where", "function", "source"), event_sources("SQS", "DynamoDB"), ids=lambda value: str(value)[:40]
)
def test_a_source_reports_single_failures(where: str, function: Function, source: dict[str, Any]) -> None:
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"], where


@pytest.mark.parametrize(("where", "function", "source"), event_sources("SQS"), ids=lambda value: str(value)[:40])
def test_a_queue_outlasts_its_worker_and_has_a_dead_letter_queue(
    where: str, function: Function, source: dict[str, Any]
) -> None:
    queue = of_type("AWS::SQS::Queue")[source["Queue"]["Fn::GetAtt"][0]]

    assert queue["VisibilityTimeout"] >= 6 * function.timeout, where
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 5
    assert source["ScalingConfig"]["MaximumConcurrency"] >= 2


@pytest.mark.parametrize(("where", "function", "source"), event_sources("DynamoDB"), ids=lambda value: str(value)[:40])
def test_a_stream_reader_misses_nothing_and_no_poison_record_stops_it(
    where: str, function: Function, source: dict[str, Any]
) -> None:
    assert source["StartingPosition"] == "TRIM_HORIZON", where
    assert source["MaximumRetryAttempts"] > 0
    assert source["MaximumRecordAgeInSeconds"] == 21_600
    assert source["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": ["StreamFailuresQueue", "Arn"]}
    patterns = [json.loads(one["Pattern"]) for one in source["FilterCriteria"]["Filters"]]
    for pattern in patterns:
        if pattern["eventName"] == ["REMOVE"]:
            kinds = set(pattern["dynamodb"]["OldImage"]["type"]["S"])
            assert kinds <= NEVER_EXPIRING, "TTL removals would get through"
        else:
            assert pattern["eventName"] == ["INSERT", "MODIFY"]


def test_a_stream_has_at_most_two_readers() -> None:
    assert len(event_sources("DynamoDB")) <= 2


def test_counters_keep_one_checkpoint_per_shard() -> None:
    (source,) = [
        source for _, function, source in event_sources("DynamoDB") if function.name.endswith("project_counters")
    ]

    assert source["ParallelizationFactor"] == 1
    assert "BisectBatchOnFunctionError" not in source


def test_what_must_last_is_kept_and_protected() -> None:
    lasting = {"Table", "Bucket", "CredentialsKey", "AppSecret"}

    for name in lasting:
        resource = template()["Resources"][name]
        assert resource["DeletionPolicy"] == "RetainExceptOnCreate", name
        assert resource["UpdateReplacePolicy"] == "Retain", name
    table = of_type("AWS::DynamoDB::Table")["Table"]
    assert table["DeletionProtectionEnabled"] == {"Fn::If": ["Protected", True, False]}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert of_type("AWS::KMS::Key")["CredentialsKey"]["EnableKeyRotation"] is True


def test_no_policy_gives_every_action_or_every_resource() -> None:
    only_on_everything = {"logs:"}  # log delivery of the state machine

    for name, statement in _statements():
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        assert not [action for action in actions if "*" in action], f"{name} has a wildcard in {actions}"
        if statement["Resource"] == "*":
            assert {action.split(":")[0] + ":" for action in actions} == only_on_everything, name


def _statements() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, policy in of_type("AWS::IAM::ManagedPolicy").items():
        yield from ((name, statement) for statement in policy["PolicyDocument"]["Statement"])
    for name, role in of_type("AWS::IAM::Role").items():
        for policy in role.get("Policies", []):
            yield from ((name, statement) for statement in policy["PolicyDocument"]["Statement"])


@pytest.mark.parametrize(
    ("action", "may"),
    [
        (
            "kms:Decrypt",
            {
                "CampaignWorkerRole",
                "ChannelCheckRole",
                "DeliveryWorkerRole",
                "EnrichmentWorkerRole",
                "IngestRole",
                "MessagesWorkerRole",
                "SegmentRole",
            },
        ),
        ("states:StartExecution", {"StarterRole"}),
        ("lambda:InvokeFunction", {"EngineRole"}),
    ],
)
def test_special_rights_are_given_to_few(action: str, may: set[str]) -> None:
    assert {role for role, actions in _rights().items() if action in actions} == may


def test_public_doors_cannot_delete() -> None:
    public = {f.properties["Role"]["Fn::GetAtt"][0] for f in functions().values() if any(f.routes.values())}

    for role in public:
        assert "dynamodb:DeleteItem" not in _rights()[role], role


def test_reading_doors_cannot_write() -> None:
    begins_a_job = {"leads/export_leads"}
    for function in functions().values():
        if function.name in begins_a_job:
            continue
        if all(route.startswith("GET ") for route in function.routes) and not any(function.routes.values()):
            role = function.properties["Role"]["Fn::GetAtt"][0]
            if function.routes:
                assert not {"dynamodb:PutItem", "s3:PutObject", "sqs:SendMessage"} & _rights()[role], function.name


def test_every_role_and_policy_is_used() -> None:
    used = {
        name for resource in template()["Resources"].values() for name in references(resource.get("Properties", {}))
    }
    given = {*of_type("AWS::IAM::ManagedPolicy"), *of_type("AWS::IAM::Role")} - {"SchedulerRole"}

    assert given <= used


def _rights() -> dict[str, set[str]]:
    """The actions each role may do."""
    return {role: {right.action for right in policies.given(role)} for role in policies.roles()}


def test_the_state_machine_names_only_errors_that_can_occur() -> None:
    ours = {name for name, value in vars(errors).items() if isinstance(value, type)}

    for state in definition()["States"].values():
        for rule in [*state.get("Retry", []), *state.get("Catch", [])]:
            for name in rule["ErrorEquals"]:
                assert name.startswith(("States.", "Lambda.")) or name in ours, name


def test_the_state_machine_bounds_its_task_and_spreads_its_retries() -> None:
    task = definition()["States"]["RunSegment"]

    assert functions()["workflows/run_segment"].timeout < task["TimeoutSeconds"]
    assert all(rule["JitterStrategy"] == "FULL" for rule in task["Retry"])
    assert definition()["States"][task["Catch"][0]["Next"]]["Type"] == "Fail"


def test_every_state_is_reached() -> None:
    states = definition()["States"]
    named = {definition()["StartAt"]}
    for state in states.values():
        named.update(state[key] for key in ("Next", "Default") if key in state)
        named.update(rule["Next"] for rule in [*state.get("Choices", []), *state.get("Catch", [])])

    assert named == states.keys()
