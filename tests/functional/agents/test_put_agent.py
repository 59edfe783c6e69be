from __future__ import annotations

from typing import Any

import pytest

from tests.functional import wire
from tests.harness import Answer, call

AGENT = {"base_url": "https://models.example/v1", "model": "small", "input_price": 0.4, "output_price": 1.6}


def put(name: str = "judge", *, headers: dict[str, str] | None = None, **fields: Any) -> Answer:
    return call("agents/put_agent", {**AGENT, **fields}, path={"name": name}, headers=headers)


def test_an_agent_is_made_and_changed() -> None:
    made = put(api_key="sk-1", instructions="Be brief.")
    changed = put(model="large", max_tokens=50, structured=True, is_active=False)

    assert (made.status, changed.status) == (200, 200)
    assert made.json == {
        "name": "judge",
        **AGENT,
        "api_key_set": True,
        "instructions": "Be brief.",
        "max_tokens": 1000,
        "structured": False,
        "is_active": True,
        "created_at": "2026-03-02T09:00:00.000Z",
        "updated_at": "2026-03-02T09:00:00.000Z",
    }
    assert (changed.json["model"], changed.json["max_tokens"], changed.json["instructions"]) == ("large", 50, None)
    assert changed.json["api_key_set"] is True, "a key that is left out stays"
    assert put(api_key=None).json["api_key_set"] is False


def test_the_key_is_shown_to_nobody_and_kept_encrypted() -> None:
    assert "sk-secret" not in put(api_key="sk-secret").text
    [item] = wire.stored("Agent")
    assert "sk-secret" not in str(item)


@pytest.mark.parametrize("elsewhere", ["https://mine.example/v1", "http://models.example/v1"])
def test_a_kept_key_goes_to_no_other_host(elsewhere: str) -> None:
    put(api_key="sk-secret")

    refused = put(base_url=elsewhere)

    assert refused.status == 422
    assert [error["field"] for error in refused.json["errors"]] == ["api_key"]
    assert put(base_url="https://models.example/v2").json["api_key_set"] is True
    assert put(base_url=elsewhere, api_key=None).json["api_key_set"] is False
    assert put(base_url="https://models.example/v1").status == 200, "without a key there is nothing to keep"


def test_a_stale_if_match_is_412() -> None:
    etag = put().etag
    put(model="other")

    assert put(headers={"If-Match": etag}).status == 412
    assert put("new", headers={"If-Match": etag}).status == 412


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"base_url": "http://169.254.169.254/v1"}, "base_url"),
        ({"base_url": "http://127.0.0.1:11434/v1"}, "base_url"),
        ({"base_url": "file:///etc/passwd"}, "base_url"),
        ({"base_url": "https://models.example/v1?version=2"}, "base_url"),
        ({"base_url": "https://models.example/v1#top"}, "base_url"),
        ({"model": ""}, "model"),
        ({"api_key": ""}, "api_key"),
        ({"api_key": "sk-\r\nX: 1"}, "api_key"),
        ({"input_price": -1}, "input_price"),
        ({"output_price": None}, "output_price"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"temperature": 1}, "temperature"),
    ],
)
def test_wrong_fields_are_named(fields: dict[str, Any], field: str) -> None:
    answer = put(**fields)

    assert answer.status == 422
    assert field in [error["field"] for error in answer.json["errors"]]


def test_what_cannot_be_a_name_is_404() -> None:
    assert put("No Name").status == 404


def test_the_scope_is_asked_for() -> None:
    assert call("agents/put_agent", AGENT, path={"name": "judge"}, scopes="workflows:read").status == 403
