"""The sandbox's OpenAI-compatible endpoint, and its receiver of webhooks."""

from __future__ import annotations

from typing import Any

import httpx
import jsonschema
import pytest

from tests.contract.sandbox.world import Running

QUESTION = {"model": "sandbox-1", "messages": [{"role": "user", "content": "Is Ada a good fit?"}]}
SCHEMA = {
    "type": "object",
    "properties": {
        "score": {"type": "integer", "minimum": 3},
        "verdict": {"enum": ["yes", "no"]},
        "reasons": {"type": "array", "items": {"type": "string"}, "minItems": 2},
        "who": {"$ref": "#/$defs/person"},
    },
    "required": ["score", "verdict", "who"],
    "additionalProperties": False,
    "$defs": {"person": {"type": "object", "properties": {"name": {"type": "string", "minLength": 6}}}},
}


def ask(sandbox: Running, body: Any = QUESTION, key: str = "sk-any") -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return sandbox.http.post("/openai/v1/chat/completions", json=body, headers=headers)


def test_a_question_is_answered_counted_and_kept(lonely: Running) -> None:
    answer = ask(lonely)

    said = answer.json()
    assert answer.status_code == 200
    assert (said["object"], said["model"]) == ("chat.completion", "sandbox-1")
    [choice] = said["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("You said: Is Ada a good fit?", "stop")
    assert said["usage"] == {"prompt_tokens": 9, "completion_tokens": 7, "total_tokens": 16}
    [kept] = lonely.sent(provider="openai")
    assert (kept["to"], kept["body"], kept["raw"]["request"]) == ("sandbox-1", "You said: Is Ada a good fit?", QUESTION)
    assert "sk-any" not in str(kept)
    assert lonely.http.get("/").status_code == lonely.http.get(f"/sent/{kept['id']}").status_code == 200


def test_an_answer_fits_the_schema_that_is_asked_for(lonely: Running) -> None:
    shape = {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA}}

    said = ask(lonely, {**QUESTION, "response_format": shape}).json()

    value = httpx.Response(200, text=said["choices"][0]["message"]["content"]).json()
    jsonschema.Draft202012Validator(SCHEMA).validate(value)


def test_an_answer_is_cut_at_max_tokens(lonely: Running) -> None:
    said = ask(lonely, {**QUESTION, "max_tokens": 2}).json()

    assert (said["choices"][0]["message"]["content"], said["choices"][0]["finish_reason"]) == ("You said", "length")
    assert said["usage"]["completion_tokens"] == 2


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"messages": QUESTION["messages"]}, "model"),
        ({"model": "m"}, "messages"),
        ({"model": "m", "messages": []}, "messages"),
        ({"model": "m", "messages": [{"role": "boss", "content": "x"}]}, "messages[0].role"),
        ({"model": "m", "messages": [{"role": "user"}]}, "messages[0].content"),
        ({**QUESTION, "max_tokens": 0}, "max_tokens"),
        ([], None),
    ],
)
def test_what_is_wrong_is_named(lonely: Running, body: Any, param: str | None) -> None:
    answer = ask(lonely, body)

    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param
    assert lonely.sent(provider="openai") == []


def test_a_key_is_needed(lonely: Running) -> None:
    assert ask(lonely, key="").json()["error"]["code"] == "invalid_api_key"


@pytest.mark.parametrize(
    ("mode", "status"), [("rate_limit", 429), ("server_error", 500), ("bad_token", 401), ("reject", 400)]
)
@pytest.mark.parametrize("provider", ["openai", "webhook"])
def test_it_misbehaves_when_it_is_told_to(lonely: Running, provider: str, mode: str, status: int) -> None:
    lonely.http.put(f"/behaviour/{provider}", json={"mode": mode, "retry_after": 7}).raise_for_status()

    answer = ask(lonely) if provider == "openai" else lonely.http.post("/webhook/x", json={})

    assert answer.status_code == status
    assert (answer.headers.get("retry-after") == "7") is (mode == "rate_limit")
    assert lonely.sent(provider=provider) == []


def test_a_webhook_is_taken_and_a_key_that_was_seen_counts_once(lonely: Running) -> None:
    posts = [lonely.http.post("/webhook/crm?x=1", json={"n": 1}, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    other = lonely.http.get("/webhook/other")

    assert {post.json()["id"] for post in posts} != {other.json()["id"]}
    assert [post.json()["json"] for post in posts] == [{"n": 1}] * 2
    first, second = lonely.sent(provider="webhook")
    assert (first["to"], first["request_id"], first["raw"]["query"]) == ("/crm", "k", {"x": "1"})
    assert second["subject"] == "GET /other"


def test_neither_calls_anybody(lonely: Running) -> None:
    for provider in ("openai", "webhook"):
        answer = lonely.http.post("/simulate", json={"provider": provider, "event": "open"})
        assert answer.status_code == 422
