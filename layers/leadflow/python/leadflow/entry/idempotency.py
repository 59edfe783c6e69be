"""Idempotency-Key: the same request twice does its work once and is answered the same.

The claim is written before the work and the answer after it. Work that died in between is done again under the same
ids (`ids.repeatable`), so what the first try wrote is found and not written twice.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute

from leadflow.core import clock, ids, table
from leadflow.core.errors import InProgress, InvalidInput
from leadflow.core.secrets import keyed_hash
from leadflow.core.settings import settings
from leadflow.entry.http import Response

KEPT_FOR = timedelta(hours=24)
# The gateway gives up after 30 s, so whoever claimed longer ago is dead.
_LEASE = timedelta(seconds=35)
_MAX_KEPT_BYTES = 300_000


class IdempotentRequest(table.Item, discriminator="IdempotentRequest"):
    """One Idempotency-Key of one API key and route.

    pk `IDEM#<keyed hash>`  sk `#`  GSI2 `LEAD#<lead>` / `IDEM#<keyed hash>` once the answer is about a lead; for one
    about an address its mark stands in the place of the lead
    """

    body_hash = UnicodeAttribute()
    claimed_at = UnicodeAttribute()
    lease_until = UnicodeAttribute()
    host_id = UnicodeAttribute(null=True)
    status = NumberAttribute(null=True)
    body = UnicodeAttribute(null=True)
    content_type = UnicodeAttribute(null=True)
    headers = JSONAttribute(null=True)

    @property
    def answered(self) -> bool:
        return getattr(self, "status", None) is not None


def once(
    key_id: str, route: str, key: str, asked: bytes, work: Callable[[], tuple[Response, bool, str | None]]
) -> Response:
    """The answer to this request, by doing the work or from when it was done.

    `work` gives the answer, whether it is final (a passing failure is not kept) and the lead it is about.
    `asked` is all else that the request says: whom it is about, its options, its body. Raises InvalidInput when the key
    was used with another request, InProgress while the first try still runs.
    """
    if not 1 <= len(key) <= 255 or not key.isprintable():
        raise InvalidInput("Idempotency-Key", "must have 1 to 255 printable characters")
    name = keyed_hash("idempotency", key_id, route, key)
    claim = _claim(name, hashlib.sha256(asked).hexdigest())
    if claim.answered:
        replayed = {**(claim.headers or {}), "idempotency-replayed": "true"}
        return Response(int(claim.status), claim.body or "", claim.content_type or "", replayed)
    final = False
    try:
        with ids.repeatable(clock.parse(claim.claimed_at), "idempotency", name):
            answer, final, lead_id = work()
    finally:
        if not final:
            _release(claim)
    if final:
        _keep(claim, name, answer, lead_id)
    return answer


def _release(claim: IdempotentRequest) -> None:
    """Lets the next try begin at once; it works under the same ids as this one."""
    claim.lease_until = clock.now_stamp()
    # Stale: the next try has begun already, or the SDK repeated this very write. The answer is what the work gave.
    with contextlib.suppress(table.Stale):
        table.save(claim)


def _claim(name: str, body_hash: str) -> IdempotentRequest:
    now = clock.now()
    fresh = IdempotentRequest(
        pk=f"IDEM#{name}",
        sk="#",
        body_hash=body_hash,
        claimed_at=clock.stamp(now),
        lease_until=clock.stamp(now + _LEASE),
        host_id=settings().host_id or None,
        expires_at=clock.epoch_seconds(now + KEPT_FOR),
    )
    try:
        return table.create(fresh)
    except table.AlreadyThere:
        earlier = table.find(IdempotentRequest, fresh.pk, "#")
    if earlier is None:
        raise InProgress("A request with this Idempotency-Key has just ended.")
    if earlier.expires_at is not None and earlier.expires_at <= now.timestamp():
        return _take_over(earlier, fresh)
    if earlier.body_hash != body_hash:
        raise InvalidInput("Idempotency-Key", "was used with another request")
    if not earlier.answered and _is_held(earlier, now):
        raise InProgress("The first request with this Idempotency-Key is still running.")
    return earlier if earlier.answered else _take_over(earlier, fresh, claimed_at=earlier.claimed_at)


def _is_held(claim: IdempotentRequest, now: datetime) -> bool:
    return claim.lease_until > clock.stamp(now) and claim.host_id == (settings().host_id or None)


def _take_over(
    earlier: IdempotentRequest, fresh: IdempotentRequest, claimed_at: str | None = None
) -> IdempotentRequest:
    fresh.v, fresh.claimed_at = earlier.v, claimed_at or fresh.claimed_at
    try:
        table.save(fresh)
    except table.Stale:
        raise InProgress("The first request with this Idempotency-Key is still running.") from None
    return fresh


def _keep(claim: IdempotentRequest, name: str, answer: Response, lead_id: str | None) -> None:
    body = answer.body if isinstance(answer.body, str) else ""
    if len(body.encode()) > _MAX_KEPT_BYTES:
        table.remove(claim)
        return
    claim.status, claim.body, claim.content_type = answer.status, body, answer.content_type
    claim.headers = answer.headers
    if lead_id:
        claim.gsi2pk, claim.gsi2sk = f"LEAD#{lead_id}", f"IDEM#{name}"
    # Stale: the SDK repeated this very write when its answer was lost, or somebody took an expired claim over and found
    # the work done. Either way it is done, and who asked is to hear so.
    with contextlib.suppress(table.Stale):
        table.save(claim)
