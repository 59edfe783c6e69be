"""The authorizer lets known keys in and nothing else, whatever is sent to it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadflow.core import table
from leadflow.platform import service
from tests.harness import call, door

KEY = "an-operators-own-key"
REFUSED = {"isAuthorized": False, "context": {}}


def ask(authorization: Any = None, name: str = "authorization") -> dict[str, Any]:
    headers = {} if authorization is None else {name: authorization}
    answer: dict[str, Any] = door("platform/authorize")({"version": "2.0", "type": "REQUEST", "headers": headers}, None)
    return answer


@pytest.fixture
def key_id() -> str:
    return str(service.ensure_api_key(name="ops", scopes=["leads:read", "campaigns:send"], key=KEY)["id"])


@pytest.mark.parametrize(
    ("name", "value"),
    [("authorization", f"Bearer {KEY}"), ("Authorization", f"bearer {KEY}"), ("AUTHORIZATION", f"BEARER   {KEY} ")],
)
def test_a_known_key_is_let_in_with_its_scopes(key_id: str, name: str, value: str) -> None:
    assert ask(value, name) == {
        "isAuthorized": True,
        "context": {"key_id": key_id, "scopes": "leads:read campaigns:send"},
    }


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        KEY,
        "Bearer",
        "Bearer ",
        f"Basic {KEY}",
        f"Bearer {KEY}x",
        f"Bearer {KEY[:-1]}",
        f"Bearer{KEY}",
        f"Bearer {KEY}, Bearer {KEY}",
        "Bearer schlüssel-für-alles",
        "Bearer \ud800\udfff-lone",
        "Bearer a\x00bcdefgh",
        "Bearer " + "x" * 1_000_000,
        17,
    ],
)
def test_anything_else_is_refused_and_never_an_error(key_id: str, value: Any) -> None:
    assert ask(value) == REFUSED


def test_an_event_without_headers_is_refused() -> None:
    assert door("platform/authorize")({"version": "2.0"}, None) == REFUSED


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet=st.characters(), max_size=300))
def test_no_text_is_let_in_or_breaks_it(text: str) -> None:
    assert ask(f"Bearer {text}") == REFUSED
    assert ask(text) == REFUSED


def test_a_revoked_key_is_refused(key_id: str) -> None:
    service.revoke_api_key(key_id)
    assert ask(f"Bearer {KEY}") == REFUSED


def test_a_key_made_over_the_api_is_let_in() -> None:
    made = call("platform/create_api_key", {"name": "site", "scopes": ["leads:write"]}).json
    assert ask(f"Bearer {made['key']}")["context"] == {"key_id": made["id"], "scopes": "leads:write"}


def test_a_failing_table_is_an_error_and_lets_nobody_in(key_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise ConnectionError

    monkeypatch.setattr(table, "find", broken)
    with pytest.raises(ConnectionError):
        ask(f"Bearer {KEY}")
