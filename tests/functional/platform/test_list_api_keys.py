"""GET /api-keys"""

from __future__ import annotations

from leadflow.platform import service
from tests.harness import Clock, call


def make(name: str) -> dict[str, str]:
    made: dict[str, str] = call("platform/create_api_key", {"name": name, "scopes": ["leads:read"]}).json
    return made


def test_newest_first_in_pages_and_never_the_key(clock: Clock) -> None:
    keys = []
    for number in range(3):
        clock.advance(seconds=1)
        keys.append(make(f"key {number}"))
    first = call("platform/list_api_keys", query={"limit": "2"}).json
    rest = call("platform/list_api_keys", query={"limit": "2", "cursor": first["next_cursor"]}).json
    shown = [*first["items"], *rest["items"]]
    assert rest["next_cursor"] is None
    assert [item["name"] for item in shown] == ["key 2", "key 1", "key 0"]
    assert all("key" not in item and "pk" not in item for item in shown)
    assert [item["id"] for item in shown] == [key["id"] for key in reversed(keys)]


def test_a_revoked_key_stays_with_the_time_it_ended(clock: Clock) -> None:
    made = make("old")
    clock.advance(hours=1)
    service.revoke_api_key(made["id"])
    (shown,) = call("platform/list_api_keys").json["items"]
    assert shown["revoked_at"] == shown["updated_at"] == "2026-03-02T10:00:00.000Z"
    assert shown["created_at"] == "2026-03-02T09:00:00.000Z"


def test_only_admin_keys_see_keys() -> None:
    assert call("platform/list_api_keys", scopes="leads:read").status == 403
