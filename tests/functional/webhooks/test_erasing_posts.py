"""What an erasure takes out of the inbox, and what it leaves alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from leadflow.channels import store
from leadflow.channels.service.erasing import without_person
from leadflow.core.errors import InProgress
from leadflow.leads import service as leads
from tests.functional.webhooks.posts import body_of, event
from tests.functional.wire import interrupted

MAILS = {"1abc"}


def kept(raw: bytes) -> store.Delivery:
    store.keep_delivery("D1", "C1", store.Posted("sendgrid", "events", raw))
    found = store.find_delivery("D1")
    assert found is not None
    return found


def left(raw: bytes) -> Any:
    """What is stored of a post after the erasure; None when it was not touched."""
    delivery = kept(raw)
    taken = without_person(delivery, MAILS, {leads.mark_of("email", "Ana@example.com")})
    stored = store.find_delivery("D1")
    assert stored is not None
    assert (stored.v == 2) is taken
    return json.loads(store.body_of(stored)) if taken else None


@pytest.mark.parametrize(
    "entry",
    [
        event("1abc", email="old@example.com"),
        event("1abc", "unheard_of"),
        event(None, email="ana@example.com"),
        event("1other", email="ANA@example.com"),
    ],
    ids=["their mail at another address", "an event of no meaning", "their address alone", "their address elsewhere"],
)
def test_an_entry_of_the_person_goes_and_the_others_keep_their_places(entry: dict[str, Any]) -> None:
    other = event("1other", email="bob@example.com")
    assert left(body_of(other, entry, "text", 7)) == [other, {"erased": True}, "text", 7]


@pytest.mark.parametrize(
    "raw",
    [b"[]", b"", b"{broken", b'{"lf_id": "1other"}', body_of(event("1other", email="bob@example.com"), {"email": 7})],
)
def test_a_post_that_does_not_name_the_person_is_not_touched(raw: bytes) -> None:
    assert left(raw) is None


@pytest.mark.parametrize("raw", [b'[{"lf_id": "1abc", "email": "ana@exam', b'{"lf_id": "1abc"}'])
def test_a_post_that_cannot_be_read_and_names_their_mail_is_emptied(raw: bytes) -> None:
    assert left(raw) == []


def test_a_post_that_is_worked_on_meanwhile_is_left_for_the_next_try() -> None:
    delivery = kept(body_of(event("1abc")))

    def settle() -> None:
        found = store.find_delivery("D1")
        assert found is not None
        store.settle_delivery(found, "processed", entries=1, recorded=1)

    with interrupted(settle, operation="PutItem"), pytest.raises(InProgress):
        without_person(delivery, MAILS)
    again = store.find_delivery("D1")
    assert again is not None
    assert again.state == "processed"
    assert without_person(again, MAILS)
    assert not without_person(again, MAILS)
