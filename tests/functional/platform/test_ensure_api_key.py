"""The operator's own key: made sure of at every start."""

from __future__ import annotations

import pytest

from leadflow.core.errors import InvalidInput
from leadflow.platform import service, store


def test_the_same_key_again_changes_nothing() -> None:
    first = service.ensure_api_key(name="admin", scopes=["admin"], key="changeme")
    again = service.ensure_api_key(name="admin", scopes=["admin"], key="changeme")
    assert first == again
    assert again.version == 1
    assert len(list(store.every())) == 1


def test_a_short_key_is_not_given_away_by_its_prefix() -> None:
    assert service.ensure_api_key(name="admin", scopes=["admin"], key="changeme")["prefix"] == "ch"


def test_other_scopes_replace_the_ones_before() -> None:
    service.ensure_api_key(name="admin", scopes=["leads:read"], key="changeme")
    service.ensure_api_key(name="admin", scopes=["admin"], key="changeme")
    caller = service.authorize("changeme")
    assert caller is not None
    assert caller["scopes"] == "admin"


def test_a_revoked_key_works_again() -> None:
    record = service.ensure_api_key(name="ops", scopes=["leads:read"], key="changeme")
    service.revoke_api_key(record["id"])
    assert service.authorize("changeme") is None
    service.ensure_api_key(name="ops", scopes=["leads:read"], key="changeme")
    assert service.authorize("changeme") == {"key_id": record["id"], "scopes": "leads:read"}


@pytest.mark.parametrize("key", ["short", "x" * 201, "schlüssel-für-alles", " padded-key", "line\nbreak-key"])
def test_a_key_no_header_can_carry_is_refused(key: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        service.ensure_api_key(name="admin", scopes=["admin"], key=key)
    assert [field for field, _ in refused.value.errors] == ["key"]
    assert key not in refused.value.detail
    assert not list(store.every())


def test_unknown_scopes_and_names_are_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        service.ensure_api_key(name="", scopes=["everything"], key="changeme")
    assert [field for field, _ in refused.value.errors] == ["name", "scopes"]
