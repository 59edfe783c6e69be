"""What answers of webhooks and models mean, by values."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadflow.workflows import rules, rules_agents, rules_outbound

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0),
        ("120", 120),
        ("999999999999999999999", 3600),
        ("-5", None),
        ("soon", None),
        ("Mon, 02 Mar 2026 09:00:30 GMT", 30),
        ("Mon, 02 Mar 2026 08:00:00 GMT", 0),
        ("Mon, 02 Mar 2099 09:00:00 GMT", 3600),
        ("Mon, 02 Mar 2026 09:00:30", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_within_an_hour(value: str | None, seconds: int | None) -> None:
    assert rules_outbound.retry_after(value, NOW) == seconds


@given(st.text(max_size=60))
def test_any_retry_after_is_bounded_or_nothing(value: str) -> None:
    seconds = rules_outbound.retry_after(value, NOW)

    assert seconds is None or 0 <= seconds <= 3600


@given(st.integers(1, 3), st.floats(0, 1), st.none() | st.integers(0, 100_000))
def test_a_repetition_waits_as_long_as_both_sides_want(attempt: int, fraction: float, hold_off: int | None) -> None:
    config = {"retry": {"max_attempts": 4, "backoff_seconds": 10}}
    plain, asked = (rules.retry_at(config, attempt, NOW, fraction, one) for one in (None, hold_off))

    assert plain is not None
    assert asked is not None
    assert asked >= plain
    assert (asked - NOW).total_seconds() >= min(hold_off or 0, 3600)
    assert (asked - NOW).total_seconds() <= 3600


@given(st.binary(max_size=400), st.booleans())
def test_any_answer_can_be_shown(body: bytes, truncated: bool) -> None:
    shown = rules_outbound.shown_answer(200, {"content-type": "x"}, body, truncated)

    json.dumps(shown, allow_nan=False).encode()
    assert shown["truncated"] is truncated


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b"[1e999]", [None]),
        (b"NaN", "NaN"),
        (b'"\\ud800"', "\ufffd"),
        (b"[" * 9000, "[" * 9000),
        ("é".encode() * 10_000, "é" * 8000),
        (b"x" + "é".encode() * 10_000, "x" + "é" * 7999),
        (b"\xc3", ""),
        (b"\xff", None),
    ],
)
def test_a_body_is_json_else_text_else_nothing(body: bytes, shown: Any) -> None:
    assert rules_outbound.shown_answer(200, {}, body, False)["body"] == shown


def test_headers_that_tell_of_secrets_are_hidden() -> None:
    headers = {"Authorization": "a", "X-API-Key": "b", "Cookie": "c", "X-Auth-Token": "d", "Accept": "e"}

    shown = rules_outbound.shown_config({"url": "u", "headers": headers})["headers"]

    assert shown == {**dict.fromkeys(headers, "[hidden]"), "Accept": "e"}
    assert rules_outbound.shown_config({"body": 1}) == {"body": 1}


@given(st.integers(0, 10**6), st.integers(0, 10**5), st.floats(0, 1000), st.floats(0, 1000))
def test_a_call_never_costs_more_than_was_reserved_for_it(given_: int, made: int, price: float, other: float) -> None:
    most = rules_agents.cost_of(given_, made, price, other)

    assert isinstance(most, int)
    assert 0 <= rules_agents.cost_of(given_ // 2, made // 2, price, other) <= most


@given(st.text(max_size=200))
def test_no_text_has_more_tokens_than_are_counted(prompt: str) -> None:
    body = rules_agents.payload("m", rules_agents.opening(None, prompt, None), 10, None)

    assert rules_agents.most_tokens(body) >= len(prompt.encode())


@given(st.binary(max_size=200))
def test_any_body_is_a_reply_or_unreadable(body: bytes) -> None:
    try:
        reply = rules_agents.Reply(body)
    except rules_agents.Unreadable:
        return
    assert isinstance(reply.text, str)


SOME_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["message", "content"]), inner),
    max_leaves=8,
)


@given(SOME_JSON, SOME_JSON, SOME_JSON)
def test_any_shape_is_a_reply_or_unreadable(choices: Any, message: Any, usage: Any) -> None:
    for said in ({"choices": choices}, {"choices": [{"message": message}], "usage": usage}, choices):
        try:
            reply = rules_agents.Reply(json.dumps(said).encode())
        except rules_agents.Unreadable:
            continue
        assert isinstance(reply.text, str)


@pytest.mark.parametrize("tokens", [{}, {"prompt_tokens": -1, "completion_tokens": 1}, {"prompt_tokens": True}, "x"])
def test_a_usage_that_says_nothing_is_none(tokens: Any) -> None:
    body = {"choices": [{"message": {"content": "x"}}], "usage": tokens}

    assert rules_agents.Reply(json.dumps(body).encode()).tokens is None


def test_money_is_exact() -> None:
    assert rules_agents.cost_of(1, 0, 0.15, 0.6) == 1
    assert rules_agents.cost_of(1_000_000, 0, 0.15, 0.6) == 150_000
    assert rules_agents.budget(0.1) == 100_000
    assert rules_agents.budget(0.0000004) == 0
    assert sum([rules_agents.in_usd(100)] * 3) == pytest.approx(0.0003)
