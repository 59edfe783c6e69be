"""The OpenAPI document: it is what the code makes, holds together by itself, and describes every route truly."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from local import build_openapi
from local.openapi import document, doors
from tests.harness import ROOT

METHODS = {"get", "put", "post", "patch", "delete"}
PUBLIC = {
    "GET /docs",
    "GET /health",
    "GET /openapi.json",
    "GET /t/{tracking_id}/c/{link}",
    "GET /t/{tracking_id}/open.gif",
    "GET /t/{tracking_id}/unsubscribe",
    "GET /t/{tracking_id}/view",
    "GET /v.js",
    "OPTIONS /forms/{form_id}",
    "OPTIONS /v",
    "POST /forms/{form_id}",
    "POST /hooks/{trigger_id}",
    "POST /t/{tracking_id}/unsubscribe",
    "POST /v",
    "GET /webhooks/meta/{channel_id}",
    "POST /webhooks/meta/{channel_id}",
    "POST /webhooks/sendgrid/{channel_id}/events",
    "POST /webhooks/sendgrid/{channel_id}/inbound",
    "POST /webhooks/twilio/{channel_id}",
    "POST /webhooks/twilio/{channel_id}/status",
}


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    """The document as the code makes it now."""
    built, problems = document.build(ROOT)
    assert [str(problem) for problem in problems] == []
    return built


@pytest.fixture(scope="module")
def operations(made: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in made["paths"].items()
        for method, operation in methods.items()
    }


def resolve(made: dict[str, Any], reference: str) -> Any:
    found: Any = made
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def test_the_committed_document_is_what_the_code_makes(capsys: pytest.CaptureFixture[str]) -> None:
    assert build_openapi.main(["--check"]) == 0, capsys.readouterr().err


def test_a_stale_document_is_told_in_a_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document, "render", lambda made: json.dumps({**made, "openapi": "3.1.1"}))
    assert build_openapi.main(["--check"]) == 1
    assert "openapi.json is not what the code makes. Run `python -m local.build_openapi`" in capsys.readouterr().err


def test_making_it_twice_makes_the_same_bytes(made: dict[str, Any]) -> None:
    assert document.render(document.build(ROOT)[0]) == document.render(made)


def test_a_route_without_a_function_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = doors.Route("GET", "/nowhere", False, "leads", "nowhere")
    monkeypatch.setattr(doors, "routes", lambda _: [missing])
    assert build_openapi.main(["--check"]) == 1
    assert "error: functions/leads/nowhere/app.py is missing (GET /nowhere)" in capsys.readouterr().err


def test_a_function_that_contradicts_its_route_is_named() -> None:
    route = next(route for route in doors.routes(ROOT) if route.name == "platform/list_api_keys")
    with pytest.raises(doors.CannotDescribe, match="do not agree on whether /api-keys is public"):
        doors.load(doors.Route(**{**route.__dict__, "public": True}), ROOT)
    with pytest.raises(doors.CannotDescribe, match="should begin with"):
        doors.load(doors.Route(**{**route.__dict__, "method": "POST"}), ROOT)


def test_every_route_of_the_template_is_there_once(operations: dict[str, dict[str, Any]]) -> None:
    assert sorted(operations) == sorted(f"{route.method} {route.path}" for route in doors.routes(ROOT))
    ids = [operation["operationId"] for operation in operations.values()]
    assert len(set(ids)) == len(ids)


def test_every_reference_leads_somewhere(made: dict[str, Any]) -> None:
    for reference in set(references(made)):
        resolve(made, reference)


def test_every_part_is_used(made: dict[str, Any]) -> None:
    used = set(references(made))
    parts = {
        f"#/components/{kind}/{name}"
        for kind, named in made["components"].items()
        for name in named
        if kind != "securitySchemes"
    }
    assert parts - used == set()


def test_schemas_are_json_schemas_and_examples_fit_them(made: dict[str, Any]) -> None:
    for schema in made["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
        for example in schema.get("examples", []):
            Draft202012Validator({**schema, "components": made["components"]}).validate(example)


def test_sample_bodies_fit_the_schema_and_the_model(
    made: dict[str, Any], operations: dict[str, dict[str, Any]]
) -> None:
    for route in doors.routes(ROOT):
        operation = operations[f"{route.method} {route.path}"]
        for media in operation.get("requestBody", {}).get("content", {}).values():
            if "example" in media:
                schema = {**media["schema"], "components": made["components"]}
                Draft202012Validator(schema).validate(media["example"])
                _fits_model(route, media["example"])


def _fits_model(route: doors.Route, example: Any) -> None:
    spec = doors.load(route, ROOT).spec
    if spec and spec.body:
        model: type[BaseModel] = spec.body
        assert model.model_validate_json(json.dumps(example)), route.name


def test_only_the_listed_routes_are_public(operations: dict[str, dict[str, Any]]) -> None:
    assert {route for route, operation in operations.items() if operation["security"] == []} == PUBLIC


def test_operations_with_a_key_name_their_scope_and_the_refusals_of_keys(
    operations: dict[str, dict[str, Any]],
) -> None:
    for route, operation in operations.items():
        if route not in PUBLIC:
            (requirement,) = operation["security"]
            (scope,) = requirement["ApiKey"]
            assert re.fullmatch(r"\w+:(read|write|send)|admin", scope), route
            assert {"401", "403", "422", "429"} <= set(operation["responses"]), route


def test_each_operation_says_what_it_answers_and_what_may_go_wrong(operations: dict[str, dict[str, Any]]) -> None:
    for route, operation in operations.items():
        statuses = list(operation["responses"])
        assert re.fullmatch(r"[23]\d\d", statuses[0]), route
        assert {"429", "5XX"} <= set(statuses), route
        assert ("404" in statuses) is ("{" in route and "image/gif" not in str(operation["responses"])), route
        assert operation["summary"], route


def test_posts_with_a_key_take_an_idempotency_key_and_others_do_not(operations: dict[str, dict[str, Any]]) -> None:
    for route, operation in operations.items():
        named = {parameter.get("$ref", "").rpartition("/")[2] for parameter in operation.get("parameters", [])}
        assert ("IdempotencyKey" in named) is (route.startswith("POST ") and route not in PUBLIC), route
        assert ("IfMatch" in named) is ("412" in operation["responses"]), route


def test_path_parameters_are_those_of_the_path(operations: dict[str, dict[str, Any]]) -> None:
    for route, operation in operations.items():
        named = [each["name"] for each in operation.get("parameters", []) if each.get("in") == "path"]
        assert named == re.findall(r"{(\w+)}", route), route


def test_the_key_of_a_new_api_key_may_be_left_out_of_a_replay(made: dict[str, Any]) -> None:
    schema = made["components"]["schemas"]["NewApiKey"]
    assert "key" in schema["properties"]
    assert "key" not in schema["required"]
