"""POST /api-keys"""

from __future__ import annotations

import json
from typing import Any

import pytest

from leadflow.core import aws
from leadflow.core.settings import settings
from leadflow.platform import service, store
from tests.harness import call

BODY = {"name": "Website", "scopes": ["leads:read", "leads:write"]}


def everything_stored() -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = aws.client("dynamodb").scan(TableName=settings().table_name)["Items"]
    return items


def test_a_key_is_made_and_shown_once() -> None:
    answer = call("platform/create_api_key", {"name": " Website ", "scopes": ["leads:read"]})
    assert answer.status == 201
    made = answer.json
    assert answer.headers["location"] == f"/api-keys/{made['id']}"
    assert answer.etag == '"1"'
    assert set(made) == {"id", "name", "prefix", "scopes", "created_at", "updated_at", "revoked_at", "key"}
    assert (made["name"], made["scopes"], made["revoked_at"]) == ("Website", ["leads:read"], None)
    assert made["key"].startswith(made["prefix"])
    assert len(made["prefix"]) == 8
    assert len(made["key"]) == 3 + 5 + 1 + 43


def test_the_key_itself_is_stored_nowhere() -> None:
    key = call("platform/create_api_key", BODY, headers={"idempotency-key": "k1"}).json["key"]
    stored = json.dumps(everything_stored(), default=str)
    assert key not in stored
    assert key[len("lf_xxxxx_") :] not in stored


def test_two_keys_of_one_name_are_two_keys() -> None:
    first, second = (call("platform/create_api_key", BODY).json for _ in range(2))
    assert first["id"] != second["id"]
    assert first["key"] != second["key"]


def test_a_replay_gives_the_record_without_the_key() -> None:
    first = call("platform/create_api_key", BODY, headers={"idempotency-key": "k1"})
    again = call("platform/create_api_key", BODY, headers={"idempotency-key": "k1"})
    assert (again.status, again.headers["idempotency-replayed"]) == (201, "true")
    assert again.json == {name: value for name, value in first.json.items() if name != "key"}
    assert len(list(store.every())) == 1


def test_a_try_that_died_before_its_answer_leaves_no_second_key(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []

    def dies_after(body: Any) -> Any:
        made.append(original(body))
        raise ConnectionError

    original = service.create_api_key
    monkeypatch.setattr(service, "create_api_key", dies_after)
    assert call("platform/create_api_key", BODY, headers={"idempotency-key": "k1"}).status == 500
    monkeypatch.setattr(service, "create_api_key", original)
    answer = call("platform/create_api_key", BODY, headers={"idempotency-key": "k1"})
    assert (answer.status, answer.json["id"]) == (201, made[0]["id"])
    assert service.authorize(answer.json["key"]) is not None
    assert service.authorize(made[0]["key"]) is None
    assert len(list(store.every())) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["leads:delete"]}, "scopes.0"),
        ({"scopes": ["admin", "admin"]}, "scopes"),
        ({"key": "mine"}, "key"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, Any], field: str) -> None:
    answer = call("platform/create_api_key", {**BODY, **change})
    assert answer.status == 422
    assert [error["field"] for error in answer.json["errors"]] == [field]


def test_only_admin_keys_make_keys() -> None:
    answer = call("platform/create_api_key", BODY, scopes="platform:write leads:write")
    assert answer.status == 403
    assert not list(store.every())
