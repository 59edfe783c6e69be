"""GET /channels"""

from __future__ import annotations

from tests.functional.channels.accounts import SMS, make
from tests.harness import Clock, call


def test_newest_first_whatever_the_type(clock: Clock) -> None:
    made = []
    for channel in ({}, SMS, {}):
        clock.advance(minutes=1)
        made.append(make(**channel)["id"] if not channel else make(channel)["id"])
    first = call("channels/list_channels", query={"limit": "2"}).json
    rest = call("channels/list_channels", query={"limit": "2", "cursor": first["next_cursor"]}).json
    shown = [*first["items"], *rest["items"]]
    assert [channel["id"] for channel in shown] == made[::-1]
    assert rest["next_cursor"] is None
    assert all(channel["webhook_url"].startswith("https://api.leadflow.test/") for channel in shown)
    assert "credentials" not in shown[0]


def test_none_yet() -> None:
    assert call("channels/list_channels").json == {"items": [], "next_cursor": None}


def test_the_scope_is_needed() -> None:
    assert call("channels/list_channels", scopes="leads:read").status == 403
