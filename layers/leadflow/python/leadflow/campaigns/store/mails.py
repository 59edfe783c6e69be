"""Mails and what happened to them in the table."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.attributes import BinaryAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import PynamoDBException
from pynamodb.transactions import TransactWrite

from leadflow.campaigns.store import tallies
from leadflow.campaigns.store.bodies import EmailBody
from leadflow.campaigns.store.words import Kept
from leadflow.core import clock, due, effects, ids, table, timeline
from leadflow.core.errors import InProgress
from leadflow.core.secrets import keyed_hash
from leadflow.core.turns import Turns

if TYPE_CHECKING:
    from datetime import datetime

    from pynamodb.expressions.update import Action


# What the table raises when it cannot be written now.
TROUBLE = (PynamoDBException, ClientError, BotoCoreError, table.Stale, table.TransactionRefused)
WAITING_MAIL = "mail"
_WAITING = (effects.Outcome.PENDING.value, effects.Outcome.UNKNOWN.value)
# Enough for a scanner that follows all links of a mail at once.
_TURNS = Turns(16, longest_pause_seconds=0.2)
# A hot campaign settles some thousand mails a second; a partition of an index takes 1,000 writes.
SHARDS = 8
# Goes before every tracking id; another one when the secret behind them changes, so that old links can be told apart.
_TRACKING_VERSION = "1"
_TRACKING_BYTES = 16


class MailRecord(table.Record):
    """A mail's record, which knows where the mail's words are."""

    def __init__(self, fields: dict[str, Any], version: int, kept: Kept) -> None:
        super().__init__(fields, version)
        self.kept = kept


class EmailSent(effects.LedgerEntry, discriminator="EmailSent"):
    """One mail to one lead: the guard against sending it twice, the target of its links and of the provider's events.

    pk `EM#<tracking id>`  sk `#`
    GSI1 `EC#<campaign>#<group>#<shard>` / `<created_at>#<tracking id>`  a campaign's mails, by what became of them
    GSI2 `LEAD#<lead>` / `EM#<created_at>#<tracking id>`  a lead's mails
    GSI3 due-index of kind `mail` while the outcome is pending or unknown; not for mails of a batch

    A mail of a campaign is sent as the `seat` of a batch, in the phase `batched`: its batch says how far it got. Its
    words are `packed` values for the letter `letter_id`; of other mails they are an item of their own. The provider
    refused it, and it went out again with the cohort `again_id`.
    """

    record_fields = (
        *("id", "campaign_id", "lead_id", "template_id", "step_number", "execution_id", "recipient_email", "subject"),
        *("status", "outcome", "attempt", "sent_at", "delivered_at", "opened_at", "clicked_at", "unsubscribed_at"),
        "replied_at",
        *("open_count", "click_count", "machine_open_count", "machine_click_count", "tracking_id"),
        *("provider_message_id", "skip_reason", "error_message", "metadata", "created_at"),
    )

    id = UnicodeAttribute()
    tracking_id = UnicodeAttribute()
    campaign_id = UnicodeAttribute(null=True)
    lead_id = UnicodeAttribute()
    template_id = UnicodeAttribute(null=True)
    step_number = NumberAttribute(null=True)
    again_id = UnicodeAttribute(null=True)
    execution_id = UnicodeAttribute(null=True)
    sender = UnicodeAttribute(null=True)
    recipient_email = UnicodeAttribute()
    recipient_name = UnicodeAttribute(null=True)
    subject = UnicodeAttribute()
    status = UnicodeAttribute(default="queued")
    sent_at = UnicodeAttribute(null=True)
    delivered_at = UnicodeAttribute(null=True)
    opened_at = UnicodeAttribute(null=True)
    clicked_at = UnicodeAttribute(null=True)
    machine_opened_at = UnicodeAttribute(null=True)
    unsubscribed_at = UnicodeAttribute(null=True)
    complained_at = UnicodeAttribute(null=True)
    hard_bounced_at = UnicodeAttribute(null=True)
    replied_at = UnicodeAttribute(null=True)
    rejudged_at = UnicodeAttribute(null=True)
    open_count = NumberAttribute(default=0)
    click_count = NumberAttribute(default=0)
    machine_open_count = NumberAttribute(default=0)
    machine_click_count = NumberAttribute(default=0)
    link_clicks = JSONAttribute(default=list)
    traps = JSONAttribute(default=list)
    provider_message_id = UnicodeAttribute(null=True)
    skip_reason = UnicodeAttribute(null=True)
    error_message = UnicodeAttribute(null=True)
    metadata = JSONAttribute(null=True)
    batch_id = UnicodeAttribute(null=True)
    seat = NumberAttribute(null=True)
    letter_id = UnicodeAttribute(null=True)
    packed = BinaryAttribute(legacy_encoding=False, null=True)

    counts_when_gone = True

    def counted_as(self) -> dict[str, str]:
        return {"status": self.status, "outcome": self.outcome}

    def adds_to(self) -> dict[str, dict[str, int]]:
        held = {name: getattr(self, name) for name in _TALLIED}
        adds = {}
        if self.campaign_id is not None:
            adds[tallies.campaign_owner(self.campaign_id)] = tallies.of_campaign(held)
        if self.template_id is not None:
            adds[tallies.template_owner(self.template_id)] = tallies.of_template(held)
        return {owner: lines for owner, lines in adds.items() if lines}

    def touch(self) -> None:
        super().touch()
        if self.campaign_id is not None:
            self.gsi1pk, self.gsi1sk = listed_in(self, self.outcome, self.status), f"{self.created_at}#{self.id}"

    def record(self) -> MailRecord:
        record = super().record()
        return MailRecord(record, record.version, self.kept)

    @property
    def kept(self) -> Kept:
        """Where its words are."""
        return Kept(self.id, self.letter_id, self.packed)


_TALLIED = (
    *("step_number", "template_id", "outcome", "status", "skip_reason", "sent_at", "opened_at", "clicked_at"),
    *("machine_opened_at", "unsubscribed_at", "replied_at", "open_count", "click_count", "machine_open_count"),
    *("machine_click_count", "link_clicks", "complained_at", "hard_bounced_at"),
)


class EmailEvent(table.Item, discriminator="EmailEvent"):
    """One thing that happened to a mail, raw, with what we made of it: enough to judge it again.

    pk `EM#<tracking id>`  sk `EV#<at>#<id>`
    """

    event = UnicodeAttribute()
    at = UnicodeAttribute()
    source = UnicodeAttribute()
    actor = UnicodeAttribute(null=True)
    reason = UnicodeAttribute(null=True)
    data = JSONAttribute(default=dict)


def tracking_id(cause: tuple[str, ...]) -> str:
    """The id of the mail that belongs to this cause: always the same, and nobody can guess it."""
    return _TRACKING_VERSION + keyed_hash("tracking", *cause, size=_TRACKING_BYTES)


def message_id(mail_id: str) -> str:
    """How others may name a mail, in a Message-ID: it does not give away the id, which opens the mail's pages."""
    return keyed_hash("message-id", mail_id, size=_TRACKING_BYTES)


def mail_of(campaign_id: str, step_id: str, lead_id: str) -> str:
    """The id of a campaign's mail to a member of its audience, by the id that the audience has the lead under."""
    return tracking_id(cause_of(campaign_id, step_id, lead_id))


def cause_of(campaign_id: str, step_id: str, lead_id: str) -> tuple[str, ...]:
    """What such a mail comes of."""
    return ("campaign", campaign_id, step_id, lead_id)


def find_mails(mail_ids: Iterable[str]) -> list[EmailSent]:
    """Those of these mails that are there."""
    return table.find_many(EmailSent, [(f"EM#{mail_id}", "#") for mail_id in mail_ids])


def find_mail(mail_id: str) -> EmailSent | None:
    return table.find(EmailSent, f"EM#{mail_id}", "#")


def listed_in(mail: EmailSent, outcome: str, status: str) -> str:
    """The index partition that has a campaign's mail of this outcome and status."""
    return f"EC#{mail.campaign_id}#{tallies.group_of(outcome, status)}#{ids.shard(mail.id, SHARDS)}"


def mails_before(lead_id: str, before: str | None, limit: int) -> list[EmailSent]:
    """Mails to a lead beyond a position of its timeline, newest first."""
    after = None if before is None else f"EM#{before}"
    return timeline.indexed(EmailSent, "GSI2", f"LEAD#{lead_id}", "EM#", after, limit)


def claim(mail: EmailSent, body: EmailBody) -> bool:
    """Writes a new mail and its words in one step; False when the mail was claimed before.

    Raises InProgress when another transaction was in the way.
    """
    place(mail)
    body.touch()

    def add(writes: TransactWrite) -> None:
        writes.save(mail, condition=EmailSent.pk.does_not_exist())
        writes.save(body, condition=EmailBody.pk.does_not_exist())

    try:
        with table.transaction() as writes:
            add(writes)
    except table.TransactionRefused as refused:
        if refused.failed(0):
            return False
        if not refused.contended:
            raise
        raise InProgress(f"Mail {mail.id} is being claimed by another worker.") from refused
    return True


def place(mail: EmailSent) -> None:
    """Sets the times and index keys of a mail that is about to be written."""
    mail.touch()
    mail.gsi2pk, mail.gsi2sk = f"LEAD#{mail.lead_id}", f"EM#{mail.created_at}#{mail.id}"
    _mark(mail)


def begin_again(mail: EmailSent) -> None:
    """Claims the next try of a mail nobody knows the outcome of. Raises table.Stale when another worker was quicker."""
    mail.attempt = int(mail.attempt) + 1
    effects.take(mail)
    mail.unknown_since = None
    _mark(mail)
    table.save(mail)


def amend(
    mail: EmailSent, decide: Callable[[EmailSent], Mapping[str, Any]], because: EmailEvent | None = None
) -> EmailSent:
    """Changes the attributes that `decide` names from the mail that is stored, deciding anew when it has changed.

    `because` is what happened: it is written in the same transaction, and when it is on file nothing changes. A mail
    whose outcome is known leaves the due-index. Gives back the mail as it then is. Raises InProgress when too many are
    at it at once or it has gone.
    """
    for _ in _TURNS:
        try:
            _change(mail, dict(decide(mail)), because)
        except table.AlreadyThere:
            return mail
        except table.Stale:
            mail = table.find(EmailSent, mail.pk, "#") or mail
            continue
        return mail
    raise InProgress(f"Mail {mail.id} is being changed by many requests at once.")


def close(mail: EmailSent) -> None:
    """Takes a mail out of the due-index. Raises table.Stale when it has changed since it was read."""
    table.change(mail, [EmailSent.gsi3pk.remove(), EmailSent.gsi3sk.remove()])


def waiting_mails() -> Iterator[EmailSent]:
    """Mails that nobody knows the outcome of yet, those under way included."""
    return due.waiting(EmailSent, WAITING_MAIL)


def visits_of(mail_id: str, since: datetime | None = None, until: datetime | None = None) -> list[EmailEvent]:
    """The opens and clicks of a mail that are on file, in order; those between two times when given."""
    after = f"EV#{clock.stamp(since)}" if since else None
    found = table.query_items(EmailEvent, f"EM#{mail_id}", prefix="EV#", after=after, newest_first=False)
    last = clock.stamp(until) if until else None
    return [one for one in found if one.event in ("open", "click") and (last is None or one.at <= last)]


def rejudge_event(event: EmailEvent, actor: str, reason: str) -> None:
    """Writes who was behind an event by what is known now. Raises table.Stale when it has gone."""
    table.change(event, [EmailEvent.actor.set(actor), EmailEvent.reason.set(reason)], any_version=True)


def event_of(mail_id: str, event: str, at: str, source: str, data: Mapping[str, Any], **judged: str) -> EmailEvent:
    """The item of something that happened, not written yet. The same thing delivered twice is the same item."""
    said = json.dumps({key: value for key, value in data.items() if key != "sg_event_id"}, sort_keys=True, default=str)
    name = hashlib.sha256("\x1f".join((event, at, source, said)).encode()).hexdigest()[:26]
    item = EmailEvent(pk=f"EM#{mail_id}", sk=f"EV#{at}#{name}", event=event, at=at, source=source, data=dict(data))
    item.actor, item.reason = judged.get("actor"), judged.get("reason")
    return item


def _mark(mail: EmailSent) -> None:
    if mail.lease_until is not None:
        due.mark(mail, WAITING_MAIL, mail.lease_until, mail.id)


def _change(mail: EmailSent, changes: dict[str, Any], because: EmailEvent | None) -> None:
    """Raises table.Stale when the mail has changed, table.AlreadyThere when what it changes for is on file."""
    if not changes:
        if because is not None:
            _keep(because)
        return
    actions = actions_of(mail, changes)
    if because is None:
        table.change(mail, actions)
        return
    _change_with(mail, actions, because)
    for name, value in changes.items():
        setattr(mail, name, value)


def actions_of(mail: EmailSent, changes: dict[str, Any]) -> list[Action]:
    """The writes of a change; where the mail then stands in the indexes joins the `changes`."""
    if changes.get("outcome", mail.outcome) not in _WAITING and mail.gsi3pk is not None:
        changes |= {"gsi3pk": None, "gsi3sk": None}
    if mail.campaign_id is not None:
        listed = listed_in(mail, changes.get("outcome", mail.outcome), changes.get("status", mail.status))
        changes |= {} if listed == mail.gsi1pk else {"gsi1pk": listed}
    attributes = ((getattr(EmailSent, name), value) for name, value in changes.items())
    return [attribute.remove() if value is None else attribute.set(value) for attribute, value in attributes]


def _keep(because: EmailEvent) -> None:
    """Writes what happened to a mail that it does not change, if the mail is still there."""
    because.touch()
    try:
        with table.transaction() as writes:
            # An erased mail has left an item without this behind.
            writes.condition_check(EmailSent, because.pk, "#", condition=EmailSent.tracking_id.exists())
            writes.save(because, condition=EmailEvent.pk.does_not_exist())
    except table.TransactionRefused as refused:
        if refused.failed(1):
            raise table.AlreadyThere(because.pk) from refused
        if refused.failed(0) or refused.contended:
            raise table.Stale(because.pk) from refused
        raise


def _change_with(mail: EmailSent, actions: list[Action], because: EmailEvent) -> None:
    because.touch()
    actions = [*actions, EmailSent.updated_at.set(because.updated_at)]
    try:
        with table.transaction() as writes:
            writes.save(because, condition=EmailEvent.pk.does_not_exist())
            writes.update(mail, actions, condition=EmailSent.pk.exists())
    except table.TransactionRefused as refused:
        if refused.failed(0):
            raise table.AlreadyThere(because.pk) from refused
        if refused.failed(1) or refused.contended:
            raise table.Stale(mail.pk) from refused
        raise
