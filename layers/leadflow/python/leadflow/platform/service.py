"""API keys: made, listed, revoked and recognised; whether the service is up; and reconcile over all wings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import leadflow
from leadflow.core import clock, ids, seams, table
from leadflow.core.errors import Conflict, NotFound, PreconditionFailed
from leadflow.core.settings import settings
from leadflow.core.table import Record
from leadflow.platform import rules, store
from leadflow.platform.enums import ADMIN

if TYPE_CHECKING:
    from leadflow.platform.schema import ApiKeyCreate

# How often `reconcile` is called.
_EVERY_SECONDS = 900


def create_api_key(body: ApiKeyCreate) -> Record:
    """The record of a new key with the key itself, which nobody can be told again."""
    key_id = ids.new_id()
    lost = _by_id(key_id) if ids.is_repeated() else None
    key = rules.new_key(seams.current().entropy(rules.ENTROPY_BYTES))
    item = store.create(key, key_id, body.name, rules.prefix_of(key), list(body.scopes))
    if lost is not None:
        # An earlier try of this request died before anybody saw its key.
        store.remove(lost)
    return Record({**item.record(), "key": key}, item.v)


def list_api_keys(limit: int, cursor: str | None) -> dict[str, Any]:
    return store.page(limit, cursor)


def revoke_api_key(key_id: str, if_match: int | None = None) -> None:
    """Ends a key; one that has ended stays so. Raises NotFound, PreconditionFailed and Conflict.

    Conflict: it is the last admin key, without which nobody could make another.
    """
    keys = list(store.every())
    item = next((key for key in keys if key.id == key_id), None)
    if item is None:
        raise NotFound("API key", key_id)
    if if_match is not None and if_match != item.v:
        raise PreconditionFailed(f"API key {key_id} is at version {item.v}.")
    if item.revoked_at:
        return
    other = _another_admin(keys, item) if ADMIN in item.scopes else None
    try:
        store.revoke(item, as_long_as_active=other)
    except table.TransactionRefused:
        raise Conflict("API keys have just changed; look at them again.") from None


def ensure_api_key(*, name: str, scopes: list[str], key: str) -> Record:
    """Makes sure that this very key works with these scopes, also when it was revoked; doing it again changes nothing.

    For who runs the service, not for callers of the API. Raises InvalidInput when the key could not work.
    """
    rules.check_given_key(name, scopes, key)
    item = store.find(key)
    if item is None:
        try:
            return store.create(key, ids.new_id(), name, rules.prefix_of(key), scopes).record()
        except table.AlreadyThere:
            return ensure_api_key(name=name, scopes=scopes, key=key)
    if item.revoked_at or (item.name, list(item.scopes)) != (name, scopes):
        item.name, item.scopes, item.revoked_at = name, scopes, None
        store.save(item)
    return item.record()


def authorize(key: str) -> dict[str, str] | None:
    """Who presents this key (`key_id`, and `scopes` parted by spaces); None when it is unknown or revoked."""
    item = store.find(key)
    if item is None or item.revoked_at:
        return None
    return {"key_id": item.id, "scopes": " ".join(item.scopes)}


def health() -> dict[str, str]:
    """Raises UpstreamUnavailable when the table does not answer."""
    store.ping()
    return {"status": "ok", "version": leadflow.__version__, "stage": settings().stage}


def reconcile() -> dict[str, int]:
    """Puts what is due and unattended back to work in every wing; counts by `<wing>_<what>`.

    A wing that fails does not stop the others, and another begins each time: one that has more to do than Lambda gives
    time for keeps those behind it waiting once. Raises an ExceptionGroup of what failed once all had their turn.
    """
    from leadflow.campaigns import service as campaigns
    from leadflow.channels import service as channels
    from leadflow.enrichment.service import recovery as enrichment
    from leadflow.leads import service as leads
    from leadflow.workflows.service import recovery as workflows
    from leadflow.workflows.service import timing as timers

    done: dict[str, int] = {}
    failed: list[Exception] = []
    wings = {
        "workflows": workflows,
        "timers": timers,
        "campaigns": campaigns,
        "channels": channels,
        "leads": leads,
        "enrichment": enrichment,
    }
    order = list(wings)
    first = clock.epoch_seconds(clock.now()) // _EVERY_SECONDS % len(order)
    for name in [*order[first:], *order[:first]]:
        try:
            counts = wings[name].reconcile()
        except Exception as error:  # noqa: BLE001 - raised below, when the other wings are done
            failed.append(error)
        else:
            done |= {f"{name}_{what}": count for what, count in counts.items()}
    if failed:
        raise ExceptionGroup(f"{len(failed)} wings were not reconciled", failed)
    return done


def _by_id(key_id: str) -> store.ApiKey | None:
    return next((key for key in store.every() if key.id == key_id), None)


def _another_admin(keys: list[store.ApiKey], item: store.ApiKey) -> store.ApiKey:
    """An admin key beside this one. Raises Conflict when there is none."""
    for key in keys:
        if key.id != item.id and not key.revoked_at and ADMIN in key.scopes:
            return key
    raise Conflict(f"API key {item.id} is the last one with the scope admin; make another first.", item.id)
