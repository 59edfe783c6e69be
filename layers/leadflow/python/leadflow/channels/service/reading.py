"""Works on what people and providers say: each entry of a delivery becomes an arrival at the channel it is for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from urllib.parse import parse_qs

from leadflow.channels import store
from leadflow.channels.rules.arrivals import Arrival, Unreadable
from leadflow.channels.service import arriving
from leadflow.channels.service.credentials import accepted
from leadflow.channels.service.erasing import without_people
from leadflow.core import clock
from leadflow.core.errors import LeadflowError, MalformedRequest
from leadflow.core.observability import logger

# A worker has 60 seconds, and one message may wait for its provider meanwhile.
_TIME = timedelta(seconds=35)
_MOST_PARKED_TOLD = 50
_SHARED_SECRET = {"twilio": "auth_token", "facebook": "app_secret", "sendgrid": "inbound_secret"}


# What takes in an arrival, at the channel it is for, out of the delivery with this id.
Handing = Callable[[Arrival, store.ChannelConfig, str], None]


def read(delivery: store.Delivery, hand_on: Handing = arriving.handle) -> bool:
    """Hands on every entry of a delivery, in the order of time; whether it came to the end within its time.

    An entry that cannot be used is parked with its reason and holds nobody up. What may yet succeed is tried again
    with the whole delivery: its error is raised once all others had their turn. Raises MalformedRequest when the
    delivery is not what its provider posts.
    """
    listed = entries(delivery)
    desk = _Desk(delivery, hand_on)
    begun, first = clock.now(), int(delivery.position or 0)
    parked: list[dict[str, str]] = list(delivery.parked_entries or [])
    failed: Exception | None = None
    for number, entry in enumerate(listed[first:], first):
        if clock.now() - begun > _TIME and failed is None:
            store.advance(delivery, number, parked)
            return False
        try:
            desk.take(entry)
        except LeadflowError as error:
            if error.retryable:
                failed = failed or error
            else:
                parked.append({"entry": _position(entry, number), "reason": error.detail})
        except Exception as error:  # noqa: BLE001 - raised once every entry had its turn
            failed = failed or error
    if failed is not None:
        raise failed
    desk.look_back(listed[:first])
    if desk.erased:
        # What comes late for an erased person is not kept, whatever becomes of the rest of the post.
        without_people(delivery, frozenset(desk.erased))
    _settle(delivery, len(listed), parked)
    return True


def _settle(delivery: store.Delivery, count: int, parked: list[dict[str, str]]) -> None:
    reason = f"{len(parked)} of {count} entries are parked: {parked[0]['reason']}" if parked else None
    store.settle_delivery(
        delivery,
        "parked" if parked else "processed",
        reason=reason,
        entries=count,
        recorded=count - len(parked),
        parked_entries=parked[:_MOST_PARKED_TOLD],
    )
    logger().info("delivery processed", delivery_id=delivery.id, entries=count, recorded=count - len(parked))


def entries(delivery: store.Delivery) -> list[Arrival | Unreadable]:
    """What a delivery says, in the order of time. Raises MalformedRequest when it is not what its provider posts."""
    body, received_at = store.body_of(delivery), clock.parse(delivery.received_at)
    if not body:
        return []  # all there was, was about a person who is erased
    try:
        if delivery.provider == "facebook":
            from leadflow.channels.rules.meta_posts import meta_arrivals

            return meta_arrivals(body, received_at)
        if delivery.provider == "sendgrid":
            from leadflow.channels.rules.mail_posts import mail_arrivals

            return mail_arrivals(delivery.content_type or "", body, received_at)
        from leadflow.channels.rules import twilio_posts

        if delivery.webhook == "status":
            named = parse_qs(delivery.url_query or "").get(twilio_posts.REFERENCE, [None])
            return twilio_posts.twilio_status(body, named[0], received_at)
        return twilio_posts.twilio_message(body, received_at)
    except ValueError as error:
        raise MalformedRequest(f"The delivery cannot be read: {error}.") from None


def _position(entry: Arrival | Unreadable, number: int) -> str:
    return entry.position if isinstance(entry, Unreadable) else str(number)


class _Desk:
    """Hands arrivals to the channel they are for, which is looked up once per delivery.

    `erased` are the keys of those who wrote though they are erased.
    """

    def __init__(self, delivery: store.Delivery, hand_on: Handing) -> None:
        self._delivery = delivery
        self._hand_on = hand_on
        self._found: dict[tuple[str, str], store.ChannelConfig | None] = {}
        self._known: set[str] = set()
        self.erased: set[str] = set()

    def take(self, entry: Arrival | Unreadable) -> None:
        """Raises MalformedRequest when nothing can be done with an entry, and whatever handling it raises."""
        if isinstance(entry, Unreadable):
            raise MalformedRequest(f"It cannot be read: {entry.reason}.")
        channel = self._channel_of(entry)
        if channel is None:
            raise MalformedRequest(f"No channel of type {entry.channel_type} here has the account it came to.")
        self._hand_on(entry, channel, self._delivery.id)
        self._look_at(channel.id, entry.person)

    def look_back(self, entries: Iterable[Arrival | Unreadable]) -> None:
        """Looks at the people of entries that an earlier worker has done."""
        for entry in entries:
            channel = self._channel_of(entry) if isinstance(entry, Arrival) else None
            if isinstance(entry, Arrival) and channel is not None:
                self._look_at(channel.id, entry.person)

    def _channel_of(self, entry: Arrival) -> store.ChannelConfig | None:
        place = entry.channel_type, entry.account_id
        if place not in self._found:
            self._found[place] = self._channel(*place)
        return self._found[place]

    def _look_at(self, channel_id: str, person: str) -> None:
        """Notes whether a person is erased; each is looked up once, after what they said first was handed on."""
        key = store.identity_key(channel_id, person)
        if key in self._known:
            return
        self._known.add(key)
        identity = store.find_identity(channel_id, person)
        if identity is not None and identity.erased_at:
            self.erased.add(key)

    def _channel(self, channel_type: str, account_id: str) -> store.ChannelConfig | None:
        """The channel with this account: the one it was posted to, or another that shares its secret."""
        at = store.find_channel(self._delivery.channel_id)
        if at is None:
            raise MalformedRequest("The channel it was posted to is gone.")
        if channel_type == "email" or self._delivery.webhook == "status":
            # Whoever's domain it is, or whichever sender of a pool sent: we had it posted here.
            return at
        if at.channel_type == channel_type and _account(at) in (None, account_id):
            return at
        ours = set(accepted(at, _SHARED_SECRET[at.provider]))
        return _first_sharing(store.channels_of_type(channel_type), account_id, _SHARED_SECRET[at.provider], ours)


def _first_sharing(
    channels: Iterable[store.ChannelConfig], account_id: str, secret: str, ours: set[str]
) -> store.ChannelConfig | None:
    for channel in channels:
        if _account(channel) == account_id and ours & set(accepted(channel, secret)):
            return channel
    return None


def _account(channel: store.ChannelConfig) -> str | None:
    return channel.page_id if channel.provider == "facebook" else channel.phone_number
