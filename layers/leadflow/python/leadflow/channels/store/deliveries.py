"""The webhook inbox in the table; deliveries that are large have their body in the bucket."""

from __future__ import annotations

import contextlib
import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pynamodb.attributes import BinaryAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute

from leadflow.core import aws, clock, due, ids, listing, table
from leadflow.core.settings import settings

_INBOX_SHARDS = 8
WAITING_DELIVERY = "delivery"
# A queue message that has done nothing by then is taken for lost.
_ATTENDED = timedelta(minutes=2)
_ATTENDED_AGAIN = timedelta(minutes=10)
_KEPT = timedelta(days=30)
_MOST_INLINE_BYTES = 50_000
_PAGE = 25


class Delivery(table.Item, discriminator="Delivery"):
    """What a provider posted, once. `raw` is its body, or `blob` the key of its body in the bucket.

    `webhook` says which of a provider's it came by, `content_type` and `url_query` what is needed to read it. Of a
    long one `position` entries are done. `waiting_since` is when it was received, or last asked for again.

    pk `DLV#<id>`  sk `#`  GSI1 `DLVS#<shard>` / `<received_at>#<id>`  due-index `delivery` while it waits
    """

    record_fields = (
        *("id", "channel_id", "provider", "webhook", "received_at", "state", "reason", "entries", "parked_entries"),
    )

    id = UnicodeAttribute()
    channel_id = UnicodeAttribute()
    provider = UnicodeAttribute()
    webhook = UnicodeAttribute(default="events")
    content_type = UnicodeAttribute(null=True)
    url_query = UnicodeAttribute(null=True)
    received_at = UnicodeAttribute()
    state = UnicodeAttribute(default="received")
    reason = UnicodeAttribute(null=True)
    entries = NumberAttribute(null=True)
    parked_entries = JSONAttribute(null=True)
    recorded = NumberAttribute(null=True)
    position = NumberAttribute(null=True)
    waiting_since = UnicodeAttribute(null=True)
    raw = BinaryAttribute(null=True, legacy_encoding=False)
    blob = UnicodeAttribute(null=True)
    host_id = UnicodeAttribute(null=True)


@dataclass(frozen=True)
class Posted:
    """What came in: its bytes, by which of a provider's webhooks, and what is needed to read it later."""

    provider: str
    webhook: str
    raw: bytes
    content_type: str | None = None
    url_query: str | None = None


def keep_delivery(delivery_id: str, channel_id: str, posted: Posted) -> None:
    """Stores what was posted so that it lasts; the same delivery again changes nothing."""
    now = clock.now()
    item = Delivery(
        pk=_delivery_key(delivery_id),
        sk="#",
        id=delivery_id,
        channel_id=channel_id,
        provider=posted.provider,
        webhook=posted.webhook,
        content_type=posted.content_type,
        url_query=posted.url_query or None,
        received_at=clock.stamp(now),
        host_id=settings().host_id or None,
    )
    if len(posted.raw) > _MOST_INLINE_BYTES:
        if find_delivery(delivery_id) is not None:
            # Something may have been erased from the body since; what is posted again must not bring it back.
            return
        item.blob = f"deliveries/{delivery_id}"
        aws.client("s3").put_object(Bucket=settings().bucket_name, Key=item.blob, Body=posted.raw)
    else:
        item.raw = posted.raw
    item.gsi1pk = f"DLVS#{ids.shard(delivery_id, _INBOX_SHARDS)}"
    item.gsi1sk = f"{item.received_at}#{delivery_id}"
    due.mark(item, WAITING_DELIVERY, clock.stamp(now + _ATTENDED), delivery_id)
    with contextlib.suppress(table.AlreadyThere):  # a provider posts again what it is not sure we got
        table.create(item)


def find_delivery(delivery_id: str) -> Delivery | None:
    return table.find(Delivery, _delivery_key(delivery_id), "#")


def body_of(delivery: Delivery) -> bytes:
    """What was posted, byte by byte."""
    if delivery.raw:
        return bytes(delivery.raw)
    if not delivery.blob:
        return b""
    body: bytes = aws.client("s3").get_object(Bucket=settings().bucket_name, Key=delivery.blob)["Body"].read()
    return body


def settle_delivery(
    delivery: Delivery,
    state: str,
    *,
    reason: str | None = None,
    entries: int | None = None,
    recorded: int | None = None,
    parked_entries: list[dict[str, str]] | None = None,
) -> None:
    """Ends the waiting of a delivery; what was posted is kept for 30 days more.

    Raises table.Stale when somebody else has changed it since it was read.
    """
    delivery.state, delivery.reason = state, reason
    delivery.entries, delivery.recorded = entries, recorded
    delivery.parked_entries, delivery.position = parked_entries or None, None
    delivery.expires_at = clock.epoch_seconds(clock.now() + _KEPT)
    due.clear(delivery)
    table.save(delivery)


def rewrite(delivery: Delivery, body: bytes) -> None:
    """Puts other bytes in the place of what was posted. Raises table.Stale when the delivery has changed meanwhile.

    Its entries may have other places now, so one that is half done is begun again.
    """
    delivery.position = None
    if delivery.blob:
        aws.client("s3").put_object(Bucket=settings().bucket_name, Key=delivery.blob, Body=body)
    else:
        delivery.raw = body
    table.save(delivery)


def deliveries_since(moment: str) -> Iterator[Delivery]:
    """What was received at this time or later, oldest first in each shard. A very new one may be missing."""
    for shard in range(_INBOX_SHARDS):
        after: str | None = moment
        while after is not None:
            keys = table.query_keys("GSI1", f"DLVS#{shard}", after=after, limit=_PAGE, newest_first=False)
            yield from table.find_many(Delivery, [(pk, sk) for _, pk, sk in keys])
            after = keys[-1][0] if len(keys) == _PAGE else None


def waiting_deliveries() -> Iterator[Delivery]:
    """Deliveries that are still to be worked on."""
    return due.waiting(Delivery, WAITING_DELIVERY)


def unattended_deliveries() -> Iterator[Delivery]:
    """Deliveries nobody seems to be at: over two minutes old, or of an earlier one-machine host."""
    return due.unattended(Delivery, WAITING_DELIVERY)


def attend_again(delivery: Delivery) -> None:
    """Notes that a delivery goes back to the queue now. Raises table.Stale when it was done meanwhile."""
    delivery.host_id = settings().host_id or None
    due.mark(delivery, WAITING_DELIVERY, clock.stamp(clock.now() + _ATTENDED_AGAIN), delivery.id)
    table.save(delivery)


def advance(delivery: Delivery, position: int, parked_entries: list[dict[str, str]]) -> None:
    """Notes that so many entries are done, and which of them are parked. Raises table.Stale as `settle_delivery`."""
    delivery.position, delivery.parked_entries = position, parked_entries or None
    due.mark(delivery, WAITING_DELIVERY, clock.stamp(clock.now() + _ATTENDED_AGAIN), delivery.id)
    table.save(delivery)


def wait_again(delivery: Delivery) -> None:
    """Has a delivery worked on once more from its first entry. Raises table.Stale when it has changed meanwhile."""
    delivery.state, delivery.reason, delivery.expires_at = "received", None, None
    delivery.parked_entries, delivery.position = None, None
    delivery.waiting_since = clock.now_stamp()
    delivery.host_id = settings().host_id or None
    due.mark(delivery, WAITING_DELIVERY, clock.stamp(clock.now() + _ATTENDED), delivery.id)
    table.save(delivery)


def deliveries_between(first: str, last: str) -> Iterator[Delivery]:
    """What was received from one time to another, oldest first over all shards."""
    shards = [_shard_between(shard, first, last) for shard in range(_INBOX_SHARDS)]
    yield from heapq.merge(*shards, key=lambda delivery: (str(delivery.received_at), str(delivery.id)))


def _shard_between(shard: int, first: str, last: str) -> Iterator[Delivery]:
    after: str | None = first
    while after is not None:
        keys = table.query_keys("GSI1", f"DLVS#{shard}", after=after, limit=_PAGE, newest_first=False)
        found = table.find_many(Delivery, [(pk, sk) for sort_key, pk, sk in keys if sort_key[: len(last)] <= last])
        yield from sorted(found, key=lambda delivery: (str(delivery.received_at), str(delivery.id)))
        after = keys[-1][0] if len(keys) == _PAGE and keys[-1][0][: len(last)] <= last else None


def inbox_page(limit: int, cursor: str | None, keep: Callable[[Delivery], bool] | None = None) -> dict[str, Any]:
    """Newest first."""
    shards = [f"DLVS#{shard}" for shard in range(_INBOX_SHARDS)]
    return listing.page(Delivery, "GSI1", shards, limit=limit, cursor=cursor, listing="webhook-inbox", keep=keep)


def _delivery_key(delivery_id: str) -> str:
    return f"DLV#{delivery_id}"
