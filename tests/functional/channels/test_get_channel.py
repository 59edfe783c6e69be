"""GET /channels/{channel_id}"""

from __future__ import annotations

from tests.functional.channels.accounts import make
from tests.harness import call


def test_the_channel_as_it_was_made() -> None:
    made = make()
    answer = call("channels/get_channel", path={"channel_id": made["id"]})
    assert (answer.status, answer.etag) == (200, '"1"')
    assert answer.json == made


def test_no_such_channel() -> None:
    answer = call("channels/get_channel", path={"channel_id": "01HZX4"})
    assert answer.status == 404


def test_the_scope_is_needed() -> None:
    made = make()
    assert call("channels/get_channel", path={"channel_id": made["id"]}, scopes="campaigns:read").status == 403
