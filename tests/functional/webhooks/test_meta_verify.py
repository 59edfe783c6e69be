"""GET /webhooks/meta/{channel_id}"""

from __future__ import annotations

import pytest

from tests.functional.channels.accounts import MESSENGER, make
from tests.functional.webhooks.services import SMS
from tests.harness import Answer, call

ASKED = {"hub.mode": "subscribe", "hub.verify_token": "verify-me", "hub.challenge": "1158201444"}


def ask(channel_id: str, **changes: str) -> Answer:
    query = {**ASKED, **{name.replace("_", ".", 1): value for name, value in changes.items()}}
    return call("webhooks/meta_verify", path={"channel_id": channel_id}, query=query, scopes=None)


def test_the_challenge_is_answered_as_it_is() -> None:
    answer = ask(make(MESSENGER)["id"])

    assert (answer.status, answer.text) == (200, "1158201444")
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("changes", [{"hub_verify_token": "other"}, {"hub_verify_token": ""}, {"hub_mode": "x"}])
def test_anything_else_is_refused(changes: dict[str, str]) -> None:
    assert ask(make(MESSENGER)["id"], **changes).status == 403


def test_no_such_channel() -> None:
    assert ask("01HZX4").status == 404
    assert ask(make(SMS)["id"]).status == 404
