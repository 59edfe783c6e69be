"""A model of the test's own, and the agent that asks it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.functional import wire
from tests.functional.workflows.receiver import Reply
from tests.harness import call

SCHEMA = {
    "type": "object",
    "properties": {"score": {"type": "integer", "minimum": 0, "maximum": 10}, "why": {"type": "string"}},
    "required": ["score"],
    "additionalProperties": False,
}
GOOD = '{"score": 7, "why": "fits"}'
# USD per million tokens; the model of these tests says 100 tokens in and 50 out, which cost 100 × 1 + 50 × 2 µUSD.
PRICES = {"input_price": 1.0, "output_price": 2.0}
COST = 0.0002
Ask = Callable[..., dict[str, Any]]


def said(text: str | None, *, finish_reason: str = "stop", usage: Any = True, **more: Any) -> Reply:
    counts = {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150} if usage is True else usage
    choice = {"index": 0, "finish_reason": finish_reason, "message": {"role": "assistant", "content": text}}
    return Reply(200, json.dumps({"id": "c1", "choices": [choice], "usage": counts, **more}).encode())


def agent(name: str = "judge", **fields: Any) -> None:
    body = {"base_url": "http://models.example/v1", "model": "small", "api_key": "sk-1", "max_tokens": 200}
    answer = call("agents/put_agent", {**body, **PRICES, **fields}, path={"name": name})
    assert answer.status == 200, answer.text


def transcript(done: dict[str, Any]) -> dict[str, Any]:
    path = {"execution_id": done["execution"]["id"], "action_id": done["action_id"]}
    answer = call("executions/get_transcript", path=path)
    assert answer.status == 200, answer.text
    record: dict[str, Any] = answer.json
    return record


def spent() -> list[int]:
    """What the days say, in millionths of a USD."""
    return [int(item["spent"]["N"]) for item in wire.stored("AgentSpend")]
