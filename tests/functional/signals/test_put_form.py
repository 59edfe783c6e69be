"""PUT /forms/{form_id}: what is settled about a form, whole each time."""

from __future__ import annotations

from typing import Any

import pytest

from tests.functional import wire
from tests.functional.signals.websites import settled
from tests.harness import Clock, call


def put(body: Any, form_id: str = "contact", **more: Any) -> Any:
    return call("signals/put_form", body, path={"form_id": form_id}, **more)


def test_origins_are_kept_as_browsers_say_them(clock: Clock) -> None:
    first = settled(allowed_origins=["HTTPS://Www.Example.com/", "https://www.example.com:443", "http://localhost:80"])
    assert first.json == {
        "id": "contact",
        "allowed_origins": ["https://www.example.com", "http://localhost"],
        "honeypot_field": None,
        "created_at": "2026-03-02T09:00:00.000Z",
        "updated_at": "2026-03-02T09:00:00.000Z",
    }
    clock.advance(hours=1)

    second = settled(honeypot_field="website")

    assert (second.json["allowed_origins"], second.json["honeypot_field"]) == (None, "website")
    assert second.json["created_at"] == first.json["created_at"]
    assert first.etag != second.etag
    assert settled(allowed_origins=[]).json["allowed_origins"] == []


@pytest.mark.parametrize(
    "origin",
    ["example.com", "ftp://example.com", "https://example.com/shop", "https://a@example.com", "https://", "*", "null"],
)
def test_what_is_no_origin_is_refused(origin: str) -> None:
    answer = put({"allowed_origins": [origin]})

    assert (answer.status, answer.json["errors"][0]["field"]) == (422, "allowed_origins.0")
    assert wire.counts() == {}


@pytest.mark.parametrize("name", ["email", " email ", "_visitor", "_idempotency_key"])
def test_what_people_fill_in_is_no_trap(name: str) -> None:
    """Every post of everybody would be refused or dropped."""
    answer = put({"honeypot_field": name})

    assert (answer.status, answer.json["errors"][0]["field"]) == (422, "honeypot_field")
    assert wire.counts() == {}


def test_an_older_version_changes_nothing() -> None:
    first = settled(honeypot_field="a")
    settled(honeypot_field="b")

    assert put({}, headers={"if-match": first.etag}).status == 412
    assert put({}, "new", headers={"if-match": '"1"'}).status == 412
    assert settled().json["honeypot_field"] is None


def test_two_at_once_both_get_through() -> None:
    with wire.interrupted(lambda: settled(honeypot_field="b"), operation="PutItem"):
        answer = settled(honeypot_field="a")

    assert answer.json["honeypot_field"] == "a"
    assert wire.counts() == {"Form": 1}


def test_it_wants_a_slug_and_a_key_that_may_write() -> None:
    assert put({}, "No Slug").status == 404
    assert put({}, scopes="leads:read").status == 403
