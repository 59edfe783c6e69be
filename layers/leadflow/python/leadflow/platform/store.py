"""API keys in the table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pynamodb.attributes import ListAttribute, UnicodeAttribute
from pynamodb.exceptions import GetError

from leadflow.core import clock, listing, table
from leadflow.core.errors import UpstreamUnavailable
from leadflow.core.secrets import keyed_hash

_LIST = "AKS"
_PAGE = 100


class ApiKey(table.Item, discriminator="ApiKey"):
    """One API key; the key itself is kept nowhere.

    pk `AK#<keyed hash of the whole key>`  sk `#`  GSI1 `AKS` / `created_at#id`
    """

    record_fields = ("id", "name", "prefix", "scopes", "created_at", "updated_at", "revoked_at")

    id = UnicodeAttribute()
    name = UnicodeAttribute()
    prefix = UnicodeAttribute()
    scopes: ListAttribute[str] = ListAttribute()
    revoked_at = UnicodeAttribute(null=True)


def find(key: str) -> ApiKey | None:
    """The item of a presented key, revoked or not; one consistent read."""
    return table.find(ApiKey, _pk(key), "#")


def create(key: str, key_id: str, name: str, prefix: str, scopes: list[str]) -> ApiKey:
    """Raises table.AlreadyThere when this very key is on file."""
    now = clock.now_stamp()
    item = ApiKey(pk=_pk(key), sk="#", id=key_id, name=name, prefix=prefix, scopes=scopes)
    item.created_at, item.gsi1pk, item.gsi1sk = now, _LIST, f"{now}#{key_id}"
    return table.create(item)


def save(item: ApiKey) -> None:
    """Raises table.Stale when the item has changed since it was read."""
    table.save(item)


def remove(item: ApiKey) -> None:
    """Raises table.Stale when the item has changed since it was read."""
    table.remove(item)


def page(limit: int, cursor: str | None) -> dict[str, Any]:
    return listing.page(ApiKey, "GSI1", [_LIST], limit=limit, cursor=cursor, listing="api-keys")


def every() -> Iterator[ApiKey]:
    """All keys, newest first, revoked ones included. One made a moment ago may be missing."""
    after: str | None = None
    while True:
        keys = table.query_keys("GSI1", _LIST, after=after, limit=_PAGE)
        yield from table.find_many(ApiKey, [(pk, sk) for _, pk, sk in keys])
        if len(keys) < _PAGE:
            return
        after = keys[-1][0]


def revoke(item: ApiKey, as_long_as_active: ApiKey | None) -> None:
    """Marks a key revoked, in one step with the check that the other one still is not.

    Raises table.TransactionRefused when either has changed since it was read.
    """
    now = clock.now_stamp()
    with table.transaction() as writes:
        if as_long_as_active is not None:
            other = as_long_as_active
            writes.condition_check(ApiKey, other.pk, other.sk, condition=ApiKey.revoked_at.does_not_exist())
        writes.update(
            item,
            [ApiKey.revoked_at.set(now), ApiKey.updated_at.set(now)],
            condition=ApiKey.pk.exists(),
        )


def ping() -> None:
    """Raises UpstreamUnavailable when the table does not answer."""
    try:
        table.find(ApiKey, "AK#", "#")
    except GetError as error:
        raise UpstreamUnavailable("The table does not answer.") from error


def _pk(key: str) -> str:
    return f"AK#{keyed_hash('api key', key)}"
