"""What an agent is asked, what its answers mean and what they cost: pure functions of values.

Money is in whole millionths of a USD, so sums are exact; prices are in USD per million tokens, which makes a token of
that price cost as many millionths. What a call may cost at most is known before it: no tokenizer makes more tokens than
a text has bytes, and the answer is cut at max_tokens.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from leadflow.core.rendering.values import plain

MICRO = 1_000_000
# What a conversation costs beyond its words: roles and separators of each message, the schema's own frame.
_TOKENS_OF_A_MESSAGE = 16
_FENCED = re.compile(r"^\s*```[a-zA-Z]*\n(.*?)\n?```\s*$", re.DOTALL)

Message = dict[str, Any]


def opening(instructions: str | None, prompt: str, schema: Mapping[str, Any] | None) -> list[Message]:
    """The messages that begin the conversation."""
    system = [instructions] if instructions else []
    if schema is not None:
        system.append(
            "Answer with one JSON value that fits this JSON schema, and with nothing else, no explanation, no Markdown:"
            f"\n{json.dumps(schema, ensure_ascii=False)}"
        )
    told = [{"role": "system", "content": "\n\n".join(system)}] if system else []
    return [*told, {"role": "user", "content": prompt}]


def repairing(problems: Sequence[str]) -> Message:
    """What is said to an answer that does not fit."""
    listed = "\n".join(f"- {one}" for one in problems)
    return {"role": "user", "content": f"That does not fit the schema:\n{listed}\nAnswer again with the JSON alone."}


def payload(
    model: str, messages: Sequence[Message], max_tokens: int, schema: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The body of the request; `schema` is given where the endpoint is to be told of it."""
    body: dict[str, Any] = {"model": model, "messages": list(messages), "max_tokens": max_tokens}
    if schema is not None:
        shape = {"name": "answer", "schema": schema}
        body["response_format"] = {"type": "json_schema", "json_schema": shape}
    return body


def cost_of(input_tokens: int, output_tokens: int, input_price: float, output_price: float) -> int:
    """Millionths of a USD, rounded up."""
    return math.ceil(round(input_tokens * input_price + output_tokens * output_price, 6))


def most_tokens(body: Mapping[str, Any]) -> int:
    """How many tokens of input a request has at most."""
    size = len(json.dumps({**body, "messages": []}, ensure_ascii=False).encode())
    for message in body["messages"]:
        size += len(str(message["content"]).encode()) + _TOKENS_OF_A_MESSAGE
    return size


def budget(usd: float) -> int:
    """Millionths of a USD, rounded down."""
    return math.floor(round(usd * MICRO, 3))


def in_usd(micro: int) -> float:
    return micro / MICRO


class Unreadable(ValueError):
    """An answer that is none; the text says why."""


class Reply:
    """What a model answered: its text, why it ended, and how many tokens that took (None when it does not say)."""

    def __init__(self, body: bytes) -> None:
        """Raises Unreadable for what is no answer of an OpenAI-compatible endpoint."""
        try:
            said = json.loads(body)
            choice = said["choices"][0]
            text = choice["message"]["content"]
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise Unreadable("The endpoint's answer is not one of chat/completions.") from error
        self.tokens = _tokens(said.get("usage"))
        self.finish_reason = str(choice.get("finish_reason") or "stop")
        self.text = str(plain(text)) if isinstance(text, str) else ""


def _tokens(usage: Any) -> tuple[int, int] | None:
    if not isinstance(usage, Mapping):
        return None
    counts = (usage.get("prompt_tokens"), usage.get("completion_tokens"))
    if all(isinstance(count, int) and 0 <= count < 10**9 for count in counts):
        return counts  # type: ignore[return-value]
    return None


def parsed(text: str) -> Any:
    """The JSON of an answer, also when it stands in a Markdown fence. Raises ValueError for anything else."""
    fenced = _FENCED.match(text)
    try:
        return plain(json.loads(fenced[1] if fenced else text, parse_constant=_no_number))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number in JSON")
