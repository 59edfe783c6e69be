"""The webhook inbox: what providers post is stored first, worked on later, and found again when a message is lost."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from leadflow.channels import store
from leadflow.core import aws, clock, table
from leadflow.core.errors import InProgress, InvalidInput, LeadflowError, NotFound, RateLimited
from leadflow.core.observability import logger
from leadflow.core.settings import settings
from leadflow.core.table import Record

if TYPE_CHECKING:
    from leadflow.channels.schema import InboxReplay
    from leadflow.channels.service.reading import Handing

# What could not be worked on for so long is somebody's to look at.
_GIVEN_UP = timedelta(hours=24)
# How many deliveries one call puts back to work, and how long it looks for them: callers wait for 30 seconds.
_MOST_AT_ONCE = 200
_LOOKING = timedelta(seconds=15)
_ATTEMPTS = 3


def process(message: dict[str, Any], hand_on: Handing | None = None) -> None:
    """Works on every entry of a delivery; done again, it changes nothing more.

    What people say is handed on to `hand_on`, to arriving when left out. Raises NotFound for no such delivery, and
    whatever its kind of delivery raises.
    """
    delivery_id = str(message.get("delivery_id"))
    delivery = store.find_delivery(delivery_id)
    if delivery is None:
        raise NotFound("delivery", delivery_id)
    if delivery.state != "received":
        return
    try:
        _work_on(delivery, hand_on)
    except table.Stale:
        # A message that came twice has a worker of its own.
        now = store.find_delivery(delivery_id)
        if now is not None and now.state == "received":
            raise InProgress(f"Delivery {delivery_id} is being worked on.") from None


def _work_on(delivery: store.Delivery, hand_on: Handing | None) -> None:
    if delivery.webhook == "events":
        from leadflow.channels.service import mail_events

        mail_events.record(delivery)
        return
    from leadflow.channels.service import reading

    done = reading.read(delivery, hand_on) if hand_on else reading.read(delivery)
    if not done:
        queue(delivery.id)


def park(message: dict[str, Any], error: LeadflowError) -> None:
    """Takes a delivery out of the waiting ones, with the reason why it cannot be worked on."""
    delivery = store.find_delivery(str(message.get("delivery_id")))
    if delivery is not None and delivery.state == "received":
        store.settle_delivery(delivery, "parked", reason=error.detail)


def inbox_page(
    limit: int, cursor: str | None, state: str | None = None, channel_id: str | None = None
) -> dict[str, Any]:
    """Newest first; of one state or channel where that is asked for."""

    def fits(delivery: store.Delivery) -> bool:
        return state in (None, delivery.state) and channel_id in (None, delivery.channel_id)

    return store.inbox_page(limit, cursor, fits)


def replay(delivery_id: str) -> Record:
    """Has a delivery worked on again, from its first entry. Raises NotFound."""
    for _ in range(_ATTEMPTS):
        delivery = store.find_delivery(delivery_id)
        if delivery is None:
            raise NotFound("delivery", delivery_id)
        try:
            store.wait_again(delivery)
        except table.Stale:
            continue
        queue(delivery.id)
        return delivery.record()
    raise RateLimited(f"Delivery {delivery_id} is being worked on.")


def replay_range(body: InboxReplay) -> dict[str, Any]:
    """Has what came in a time worked on again, oldest first: `queued`, and `next_from` when there is more to look at.

    Raises InvalidInput when the time ends before it begins.
    """
    first, last = clock.stamp(body.from_), clock.stamp(body.to)
    if last < first:
        raise InvalidInput("to", "is before from")
    queued, begun = 0, clock.now()
    for delivery in store.deliveries_between(first, last):
        fits = body.channel_id in (None, delivery.channel_id) and body.state in (None, delivery.state)
        if (fits and queued == _MOST_AT_ONCE) or clock.now() > begun + _LOOKING:
            return {"queued": queued, "next_from": delivery.received_at}
        if not fits:
            continue
        try:
            store.wait_again(delivery)
        except table.Stale:
            # Somebody is at it this moment, so it is being worked on.
            continue
        queue(delivery.id)
        queued += 1
    return {"queued": queued, "next_from": None}


def has_unread_deliveries(before: datetime) -> bool:
    """Whether a report that came before this moment is still to be worked on, so that it may yet tell of a mail."""
    waiting = (delivery for delivery in store.waiting_deliveries() if delivery.webhook == "events")
    return any(clock.parse(delivery.received_at) < before for delivery in waiting)


def reconcile() -> dict[str, int]:
    """Puts deliveries back on the queue that nobody is at: over two minutes old, or of an earlier one-machine host.

    One that nobody has managed to work on for a day is parked.
    """
    requeued = 0
    for delivery in store.unattended_deliveries():
        since = clock.parse(delivery.waiting_since or delivery.received_at)
        try:
            if clock.now() - since > _GIVEN_UP:
                store.settle_delivery(delivery, "parked", reason="Nobody managed to work on it for a day.")
                continue
            store.attend_again(delivery)
        except table.Stale:
            # It was done between our look and our write.
            continue
        requeued += queue(delivery.id)
    return {"requeued": requeued}


def queue(delivery_id: str) -> bool:
    """Tells the worker. The delivery is safe without it: reconcile finds what no message is about."""
    try:
        aws.client("sqs").send_message(
            QueueUrl=settings().deliveries_queue_url, MessageBody=json.dumps({"delivery_id": delivery_id})
        )
    except (BotoCoreError, ClientError) as error:
        logger().warning("delivery not queued", delivery_id=delivery_id, error_type=type(error).__name__)
        return False
    return True
