"""Routes come from the template, and a request finds the most specific one."""

from __future__ import annotations

from typing import Any

import pytest

from local.emulator.template import StackTemplate
from local.errors import CannotStart
from local.host.routes import Authorizer, Cors, Route, RouteTable, Throttle, from_template

URI = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${%s.Arn}/invocations"


def _operation(function: str, *, public: bool = False) -> dict[str, Any]:
    integration = {"type": "aws_proxy", "uri": {"Fn::Sub": URI % function}, "payloadFormatVersion": "2.0"}
    security = {} if public else {"security": [{"ApiKey": []}]}
    return {"x-amazon-apigateway-integration": integration, **security}


def _template(**body: Any) -> StackTemplate:
    scheme = {
        "type": "request",
        "authorizerUri": {"Fn::Sub": ["…", {"__FunctionArn__": {"Fn::GetAtt": ["AuthorizeFunction", "Arn"]}}]},
        "authorizerResultTtlInSeconds": 60,
        "identitySource": ["$request.header.Authorization", "$context.routeKey"],
        "enableSimpleResponses": True,
    }
    document = {
        "paths": {
            "/leads": {"get": _operation("ListLeads"), "post": _operation("CreateLead")},
            "/leads/{lead_id}": {"get": _operation("GetLead")},
            "/leads/export": {"get": _operation("ExportLeads")},
            "/leads/{lead_id}/emails": {"get": _operation("ListEmails")},
            "/leads/import/{job}": {"get": _operation("GetImport")},
            "/health": {"get": _operation("Health", public=True)},
        },
        "components": {"securitySchemes": {"ApiKey": {"x-amazon-apigateway-authorizer": scheme}}},
        **body,
    }
    stage = {
        "DefaultRouteSettings": {"ThrottlingRateLimit": 500, "ThrottlingBurstLimit": 1000},
        "RouteSettings": {"GET /health": {"ThrottlingRateLimit": 50, "ThrottlingBurstLimit": 100}},
    }
    resources = {
        "Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Body": document}},
        "Stage": {"Type": "AWS::ApiGatewayV2::Stage", "Properties": stage},
    }
    return StackTemplate({"Resources": resources}, {}, {})


@pytest.fixture
def table() -> RouteTable:
    return from_template(_template())


@pytest.mark.parametrize(
    ("method", "path", "function", "parameters"),
    [
        ("GET", "/leads", "ListLeads", {}),
        ("POST", "/leads", "CreateLead", {}),
        ("GET", "/leads/l1", "GetLead", {"lead_id": "l1"}),
        ("GET", "/leads/export", "ExportLeads", {}),
        ("GET", "/leads/l1/emails", "ListEmails", {"lead_id": "l1"}),
        ("GET", "/leads/import/emails", "GetImport", {"job": "emails"}),
    ],
)
def test_the_most_specific_route_is_found(
    table: RouteTable, method: str, path: str, function: str, parameters: dict[str, str]
) -> None:
    found = table.find(method, path)

    assert found is not None
    assert (found[0].function, found[1]) == (function, parameters)


@pytest.mark.parametrize(
    ("method", "path"),
    [("DELETE", "/leads"), ("HEAD", "/leads"), ("GET", "/leads/"), ("GET", "/leads//emails"), ("GET", "/")],
)
def test_no_such_route(table: RouteTable, method: str, path: str) -> None:
    assert table.find(method, path) is None


def test_who_may_call_and_how_often_comes_from_the_template(table: RouteTable) -> None:
    authorizer = Authorizer("AuthorizeFunction", ("$request.header.Authorization", "$context.routeKey"), 60)
    routes = {route.key: route for route in table.routes}

    assert routes["GET /leads"] == Route("GET /leads", "ListLeads", authorizer, Throttle(500, 1000))
    assert routes["GET /health"] == Route("GET /health", "Health", None, Throttle(50, 100))


def test_cors_comes_from_the_template() -> None:
    settings = {"allowOrigins": ["https://a"], "allowMethods": ["GET"], "allowHeaders": ["X-A"], "maxAge": 60}

    table = from_template(_template(**{"x-amazon-apigateway-cors": settings}))

    assert table.cors == Cors(("https://a",), ("GET",), ("x-a",), (), 60, credentials=False)


def test_a_template_without_an_http_api_cannot_be_served() -> None:
    with pytest.raises(CannotStart, match="0 HTTP APIs"):
        from_template(StackTemplate({"Resources": {}}, {}, {}))
