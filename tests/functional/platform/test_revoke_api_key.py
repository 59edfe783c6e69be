"""DELETE /api-keys/{key_id}"""

from __future__ import annotations

from typing import Any

import pytest

from leadflow.core import table
from leadflow.core.errors import Conflict
from leadflow.platform import service, store
from tests.harness import call


def make(*scopes: str) -> dict[str, Any]:
    made: dict[str, Any] = call("platform/create_api_key", {"name": "k", "scopes": list(scopes)}).json
    return made


def revoke(key: dict[str, Any], **headers: str) -> int:
    return call("platform/revoke_api_key", path={"key_id": key["id"]}, headers=headers).status


def test_a_revoked_key_no_longer_works_and_stays_revoked() -> None:
    key = make("leads:read")
    assert service.authorize(key["key"]) is not None
    assert revoke(key) == 204
    assert service.authorize(key["key"]) is None
    assert revoke(key) == 204


def test_an_unknown_key_is_not_found() -> None:
    assert revoke({"id": "01HZX4"}) == 404


def test_the_last_admin_key_stays() -> None:
    first, second = make("admin"), make("leads:read", "admin")
    make("leads:read")
    assert revoke(first) == 204
    answer = call("platform/revoke_api_key", path={"key_id": second["id"]})
    assert answer.status == 409
    assert answer.json["other_id"] == second["id"]
    assert service.authorize(second["key"]) is not None


def test_two_admin_keys_revoked_at_the_same_time_leave_one(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = make("admin"), make("admin")
    seen_before = list(store.every())
    assert revoke(first) == 204
    monkeypatch.setattr(store, "every", lambda: iter(seen_before))
    with pytest.raises(Conflict, match="look at them again"):
        service.revoke_api_key(second["id"])
    assert service.authorize(second["key"]) is not None


def test_a_stale_etag_changes_nothing() -> None:
    key = make("leads:read")
    assert revoke(key, **{"if-match": '"7"'}) == 412
    assert service.authorize(key["key"]) is not None
    assert revoke(key, **{"if-match": '"1"'}) == 204


def test_revoking_writes_no_key_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    key = make("leads:read")
    assert revoke(key) == 204
    version = next(store.every()).v
    monkeypatch.setattr(table, "transaction", None)
    assert revoke(key) == 204
    assert next(store.every()).v == version
