"""Puts the document together. The same input makes the same text, byte by byte."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path
from types import NoneType
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

import leadflow
from leadflow.core.table import Record
from leadflow.entry.api import PAGE_PARAMS, takes_no_body
from leadflow.entry.http import JSON, PROBLEM
from local.openapi import doors, texts
from local.openapi.doors import CannotDescribe, Door

_WINGS = {
    "agents": "workflows",
    "appointments": "activities",
    "conversations": "channels",
    "suppressions": "campaigns",
    "tasks": "activities",
    "scoring": "leads",
    "signals": "leads",
    "templates": "campaigns",
    "tracking": "campaigns",
    "executions": "workflows",
    "webhooks": "channels",
}
_WITH_BODY = ("POST", "PUT", "PATCH")
# `returns` of a list that is always answered whole, in the shape of a page.
_WHOLE_LIST = "[]"
_REFERENCE = "#/components/{}/{}"
_Model = tuple[Any, JsonSchemaMode]


def build(root: Path) -> tuple[dict[str, Any], list[CannotDescribe]]:
    """The document of all routes that can be described, and why the others cannot."""
    known: list[Door] = []
    problems: list[CannotDescribe] = []
    for route in doors.routes(root):
        try:
            door = doors.load(route, root)
            _check(door)
        except CannotDescribe as problem:
            problems.append(problem)
        else:
            known.append(door)
    known.sort(key=lambda door: (list(texts.AREAS).index(door.route.area), door.route.path, door.route.method))
    references, schemas = _schemas(known)
    return _document(known, references, schemas), problems


def render(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _check(door: Door) -> None:
    route, spec = door.route, door.spec
    if route.area not in texts.AREAS:
        raise CannotDescribe(f"local/openapi/texts.py has no words for the area {route.area}")
    if spec is None:
        return
    if spec.returns:
        _read_model(door)
    elif spec.produces is None and door.answer is not NoneType:
        raise CannotDescribe(f"functions/{route.name} should say what it answers: returns=, produces= or -> None")


def _read_model(door: Door) -> type[BaseModel]:
    wing = _WINGS.get(door.route.area, door.route.area)
    name = ((door.spec and door.spec.returns) or "").removesuffix(_WHOLE_LIST)
    found = getattr(importlib.import_module(f"leadflow.{wing}.schema"), name, None)
    if not (isinstance(found, type) and issubclass(found, BaseModel)):
        raise CannotDescribe(f"functions/{door.route.name} returns {name}, which leadflow.{wing}.schema does not have")
    return found


def _schemas(known: list[Door]) -> tuple[dict[_Model, dict[str, Any]], dict[str, Any]]:
    """References by model and mode, and all schemas by name."""
    models: dict[_Model, None] = {}
    once_only: dict[str, set[str]] = {}
    for door in known:
        if door.spec and door.spec.body:
            models[door.spec.body, "validation"] = None
        if door.spec and door.spec.returns:
            model = _read_model(door)
            models[model, "serialization"] = None
            once_only.setdefault(model.__name__, set()).update(door.spec.once_only)
    references, generated = models_json_schema(list(models), ref_template=_REFERENCE.format("schemas", "{model}"))
    schemas = {name: generated["$defs"][name] for name in sorted(generated.get("$defs", {}))}
    for name, left_out in once_only.items():
        schemas[name]["required"] = [each for each in schemas[name]["required"] if each not in left_out]
    return references, {**schemas, "Problem": texts.PROBLEM, "GatewayMessage": texts.GATEWAY_MESSAGE}


def _document(known: list[Door], references: dict[_Model, dict[str, Any]], schemas: dict[str, Any]) -> dict[str, Any]:
    paths: dict[str, dict[str, Any]] = {}
    for door in known:
        paths.setdefault(door.route.path, {})[door.route.method.lower()] = _operation(door, references)
    areas = dict.fromkeys(door.route.area for door in known)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Leadflow API", "version": leadflow.__version__, "description": texts.CONVENTIONS},
        "servers": [{"url": "./", "description": "Where this document came from"}],
        "security": [{"ApiKey": []}],
        "tags": [{"name": area, "description": texts.AREAS[area]} for area in areas],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "ApiKey": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key. The roles a route names are the scopes it needs.",
                }
            },
            "parameters": {"IdempotencyKey": texts.IDEMPOTENCY_KEY, "IfMatch": texts.IF_MATCH},
            "headers": texts.HEADERS,
            "responses": {refusal.name: _refusal(refusal) for refusal in texts.REFUSALS.values()},
            "schemas": schemas,
        },
    }


def _refusal(refusal: texts.Refusal) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if refusal.by_us:
        content[PROBLEM] = {"schema": {"$ref": _REFERENCE.format("schemas", "Problem")}}
    if refusal.by_gateway:
        content[JSON] = {"schema": {"$ref": _REFERENCE.format("schemas", "GatewayMessage")}}
    answer: dict[str, Any] = {"description": refusal.description, "content": content}
    if refusal.passing:
        answer["headers"] = {"Retry-After": {"$ref": _REFERENCE.format("headers", "RetryAfter")}}
    return answer


def _operation(door: Door, references: dict[_Model, dict[str, Any]]) -> dict[str, Any]:
    route, spec = door.route, door.spec
    access = "Public." if route.public else f"Needs the scope `{spec.scope if spec else ''}`."
    operation: dict[str, Any] = {
        "operationId": f"{route.operation}_preflight" if route.is_question else route.operation,
        "tags": [route.area],
        "summary": door.summary,
        "description": "\n\n".join(part for part in (door.description, access) if part),
        "security": [] if route.public else [{"ApiKey": [spec.scope if spec else ""]}],
    }
    parameters = _parameters(door)
    body = _request_body(door, references)
    if parameters:
        operation["parameters"] = parameters
    if body:
        operation["requestBody"] = body
    operation["responses"] = {**_success(door, references), **{code: _refused(door, code) for code in _refusals(door)}}
    return operation


def _refused(door: Door, code: str) -> dict[str, Any]:
    if code == "404" and door.shows and door.route.public:
        return {"description": "There is no such page.", "content": _shown(door)}
    return {"$ref": _REFERENCE.format("responses", texts.REFUSALS[code].name)}


def _parameters(door: Door) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in re.findall(r"{(\w+)}", door.route.path)
    ]
    spec = door.spec
    if spec is None:
        return found
    for name, param in {**spec.query, **(PAGE_PARAMS if spec.page else {})}.items():
        words = {"description": texts.PARAMETERS[name]} if name in texts.PARAMETERS else {}
        found.append({"name": name, "in": "query", "required": False, **words, "schema": param.schema})
    if door.route.method == "POST" and spec.scope:
        found.append({"$ref": _REFERENCE.format("parameters", "IdempotencyKey")})
    if "if_match" in spec.argument_names:
        found.append({"$ref": _REFERENCE.format("parameters", "IfMatch")})
    return found


def _request_body(door: Door, references: dict[_Model, dict[str, Any]]) -> dict[str, Any] | None:
    text = door.sample.get("body")
    if door.spec and door.spec.body:
        content: dict[str, Any] = {"schema": references[door.spec.body, "validation"]}
        if text and not door.sample.get("isBase64Encoded"):
            content["example"] = json.loads(text)
        required = not takes_no_body(door.spec.body, door.route.method)
        return {"required": required, "content": {JSON: content}}
    headers = {name.lower(): value for name, value in door.sample.get("headers", {}).items()}
    kind = headers.get("content-type", JSON).split(";")[0]
    is_file = bool(door.spec and door.spec.larger)
    if not text or not (door.route.public or is_file) or door.route.method not in _WITH_BODY:
        return None
    example = json.loads(text) if kind == JSON else text
    return {"content": {kind: {"schema": {}, "example": example}}}


def _success(door: Door, references: dict[_Model, dict[str, Any]]) -> dict[str, Any]:
    spec = door.spec
    if spec is None:
        told = {"description": "The challenge." if door.route.method == "GET" else "Kept. It is worked on later."}
        if door.answers:
            return {"200": {**told, "content": {door.answers: {"schema": {"type": "string"}}}}}
        return {"204": told}
    if door.answer is NoneType:
        return {"204": {"description": "Done."}}
    answer: dict[str, Any] = {"description": door.summary}
    if 300 <= spec.status < 400:
        return {str(spec.status): {**answer, "headers": {"Location": texts.LEADS_TO}}}
    headers = _answer_headers(door)
    if headers:
        answer["headers"] = {name: {"$ref": _REFERENCE.format("headers", key)} for name, key in headers.items()}
    if spec.returns:
        schema = references[_read_model(door), "serialization"]
        listed = spec.page or spec.returns.endswith(_WHOLE_LIST)
        answer["content"] = {JSON: {"schema": _page_of(schema) if listed else schema}}
    elif door.shows:
        answer["content"] = _shown(door)
    return {str(spec.status): answer}


def _shown(door: Door) -> dict[str, Any]:
    return {kind: {"schema": {} if kind == JSON else {"type": "string"}} for kind in door.shows}


def _answer_headers(door: Door) -> dict[str, str]:
    spec = door.spec
    headers = {}
    if door.answer is Record:
        headers["ETag"] = "ETag"
    if spec and spec.location:
        headers["Location"] = "Location"
    if spec and spec.scope and door.route.method == "POST":
        headers["Idempotency-Replayed"] = "IdempotencyReplayed"
    return headers


def _page_of(schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["items", "next_cursor"],
        "properties": {
            "items": {"type": "array", "items": schema},
            "next_cursor": {"type": ["string", "null"], "description": "`cursor` of the next page; null on the last."},
        },
    }


def _refusals(door: Door) -> list[str]:
    """Which refusals this route can answer, by what it takes."""
    route, spec = door.route, door.spec
    changes = route.method in (*_WITH_BODY, "DELETE")
    from_pages = bool(spec and spec.origins) and not route.is_question
    possible = {
        "400": bool(spec and (spec.body or spec.page)) or from_pages,
        "401": not route.public or spec is None,
        # What a provider asks by GET is whether we know its verify token.
        "403": not route.public or from_pages or (spec is None and route.method == "GET"),
        # A public picture is shown for any id.
        "404": "{" in route.path and not (route.public and door.shows and door.shows[0].startswith("image/")),
        "409": changes and not route.public,
        "412": bool(spec and "if_match" in spec.argument_names),
        "413": route.method in _WITH_BODY,
        "415": from_pages or bool(spec and (spec.body or spec.larger)),
        "422": bool(spec and (spec.body or spec.query or spec.page or spec.scope)) or from_pages,
        "429": True,
        "5XX": True,
    }
    return [code for code, can in possible.items() if can or (spec and code in spec.refuses)]
