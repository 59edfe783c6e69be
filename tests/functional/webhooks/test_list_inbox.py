"""GET /webhook-inbox"""

from __future__ import annotations

import pytest

from leadflow.campaigns import service as campaigns
from tests.functional.channels.accounts import make
from tests.functional.webhooks.posts import body_of, event, post, queued, work
from tests.harness import Clock, call


def test_newest_first_without_what_was_posted(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaigns, "record_event", lambda *_: True)
    channel = make()
    for number in range(5):
        clock.advance(minutes=1)
        post(channel["id"], body_of(event(f"1m{number}")), timestamp=str(1772442000 + number))
    first, *_ = queued()
    work(first)
    page = call("webhooks/list_inbox", query={"limit": "3"}).json
    rest = call("webhooks/list_inbox", query={"limit": "3", "cursor": page["next_cursor"]}).json
    shown = [*page["items"], *rest["items"]]
    assert [item["received_at"] for item in shown] == [f"2026-03-02T09:0{minute}:00.000Z" for minute in (5, 4, 3, 2, 1)]
    assert rest["next_cursor"] is None
    assert shown[-1] == {
        "id": first["delivery_id"],
        "channel_id": channel["id"],
        "provider": "sendgrid",
        "webhook": "events",
        "received_at": "2026-03-02T09:01:00.000Z",
        "state": "processed",
        "reason": None,
        "entries": 1,
        "parked_entries": None,
    }
    assert {item["state"] for item in shown[:-1]} == {"received"}
    assert {item["entries"] for item in shown[:-1]} == {None}


def test_the_scope_is_needed() -> None:
    assert call("webhooks/list_inbox", scopes="campaigns:read").status == 403
