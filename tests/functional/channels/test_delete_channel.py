"""DELETE /channels/{channel_id}"""

from __future__ import annotations

from typing import Any

from tests.functional.channels.accounts import SMS, make
from tests.functional.wire import stored
from tests.harness import Answer, call


def delete(channel: dict[str, Any], **options: Any) -> Answer:
    return call("channels/delete_channel", path={"channel_id": channel["id"]}, **options)


def test_a_channel_goes_with_its_credentials() -> None:
    channel = make(SMS)

    assert (delete(channel).status, stored("ChannelConfig")) == (204, [])
    assert call("channels/get_channel", path={"channel_id": channel["id"]}).status == 404
    assert delete(channel).status == 404


def test_only_at_the_version_that_was_read() -> None:
    channel = make(SMS)

    assert delete(channel, headers={"if-match": '"99"'}).status == 412
    assert delete(channel, scopes="channels:read").status == 403
    assert len(stored("ChannelConfig")) == 1
