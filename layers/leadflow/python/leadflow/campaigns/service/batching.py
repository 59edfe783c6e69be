"""Many mails of one campaign step handed to the provider together: claimed, called, settled.

A call carries up to 1,000 people. What their mails share goes once; what is a person's own fills in tags that stand in
no text. Before a call the batch's books say whom it is about, after it what came of it, so that a worker that dies at
any moment leaves nobody's mail to be guessed at: what was under a call is in doubt and never sent again, what was not
is free.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from leadflow.campaigns import store
from leadflow.campaigns.rules import Sent, batching, states
from leadflow.campaigns.rules.batching import Tags
from leadflow.campaigns.service import batches as books
from leadflow.campaigns.service import composing, sending
from leadflow.campaigns.service.claiming import claim, new_mail, pending, skip
from leadflow.campaigns.service.ledger import moved_many
from leadflow.campaigns.service.writing import Writer
from leadflow.campaigns.store import batches
from leadflow.channels import service as channels
from leadflow.channels.mail import MAX_RECIPIENTS, MAX_SUBSTITUTION_BYTES, Address, OutgoingMail
from leadflow.core import clock, seams, table
from leadflow.core.errors import (
    CredentialsRefused,
    LeadflowError,
    MailRefused,
    OutcomeUnknown,
    RateLimited,
    UpstreamUnavailable,
)
from leadflow.core.rendering.shapes import Shape

__all__ = ["BatchOutcome", "hand_over", "new_mail", "skip"]

_STEM_BYTES = 5
_USUAL_WAIT = timedelta(seconds=30)
# The whole of a mail as its letter, for mails that share nothing.
_WHOLE = store.LetterTexts(page=(), html=(1,), text=(2,))


@dataclass
class BatchOutcome:
    """Where each mail stands, by its id; and the mails that were not handed over and are free for another call.

    `stopped_by` says why there is a `rest`, `retry_at` when it may be tried again (None: when somebody has acted).
    """

    settled: dict[str, Sent] = field(default_factory=dict)
    rest: tuple[str, ...] = ()
    stopped_by: LeadflowError | None = None
    retry_at: datetime | None = None


@dataclass(frozen=True)
class _Letter:
    """A mail with its words: those it shares, and its values; the substitutions are the values with their tags."""

    mail: store.EmailSent
    shared: store.LetterTexts
    texts: tuple[str, ...]


def hand_over(
    mails: Sequence[store.EmailSent],
    template: store.EmailTemplate,
    leads_by_id: Mapping[str, Mapping[str, Any]],
    channel: Mapping[str, Any],
    *,
    reply_to: str | None = None,
) -> BatchOutcome:
    """Sends mails of one campaign, made by `new_mail` from this template, or says where they stand; none twice.

    Safe to call again with the same mails, at once or after a crash: those that are on file go with the words they
    have. Raises NotFound when the channel has gone, CredentialsRefused when it has no key, InvalidInput when the
    sender is no address, InProgress when other transactions are in the way; nothing was sent by this call then.
    """
    if not mails:
        return BatchOutcome()
    mailer = channels.mailer(str(channel["id"]))
    composing.sender_of(mails[0].sender, channel)
    writer = Writer(template, channel["postal_address"])
    batch = store.open_batch([mail.id for mail in mails], mails[0].campaign_id)
    claimed = claim(mails, leads_by_id, writer, batch.id)
    hand = _Hand(mailer.send, batch, channel, reply_to, BatchOutcome(settled=claimed.answers))
    hand.send(claimed.ours)
    return hand.outcome


class _Hand:
    """One batch on its way."""

    def __init__(
        self,
        deliver: Callable[[OutgoingMail], str],
        batch: store.MailBatch,
        channel: Mapping[str, Any],
        reply_to: str | None,
        outcome: BatchOutcome,
    ) -> None:
        self.deliver, self.batch, self.channel = deliver, batch, channel
        self.reply_to = reply_to or channel["reply_to"]
        self.outcome = outcome
        self.any_taken = False
        self.refused_alike = 0

    def send(self, mails: Sequence[store.EmailSent]) -> None:
        """Makes the calls until all mails are settled or something stops them, and closes the batch."""
        calls = list(self._calls(mails))
        while calls and self.outcome.stopped_by is None:
            try:
                calls[:1] = self._called(calls[0])
            except table.Stale:
                # The books are no longer ours: who has them says what becomes of the rest.
                self._lost([letter for call in calls for letter in call])
                return
            except _NotTaken as stopped:
                self._stop(stopped.because)
        self.outcome.rest = tuple(letter.mail.id for call in calls for letter in call)
        try:
            batches.close(self.batch)
        except table.Stale:
            # Somebody settles it in our stead, and finds the same.
            return

    def _calls(self, mails: Sequence[store.EmailSent]) -> Iterator[tuple[_Letter, ...]]:
        groups: dict[tuple[str | None, str | None], list[_Letter]] = {}
        for letter in _letters(mails):
            fits = _substitution_bytes(letter) <= MAX_SUBSTITUTION_BYTES
            group = (letter.mail.letter_id if fits else letter.mail.id, letter.mail.sender)
            groups.setdefault(group, []).append(letter)
        for letters in groups.values():
            sized = [
                (letter, letter.mail.recipient_email, batching.RECIPIENT_BYTES + _substitution_bytes(letter))
                for letter in letters
            ]
            yield from batching.calls(sized, MAX_RECIPIENTS)

    def _called(self, call: tuple[_Letter, ...]) -> list[tuple[_Letter, ...]]:
        """One call; gives those that are to be made in its place. Raises _NotTaken when its mails are free still."""
        outgoing = self._outgoing(call)
        seats = [int(letter.mail.seat or 0) for letter in call]
        batches.call(self.batch, seats)
        try:
            message_id = self.deliver(outgoing)
        except MailRefused as refusal:
            batches.not_taken(self.batch, seats)
            return self._refused(call, refusal)
        except (RateLimited, UpstreamUnavailable, CredentialsRefused) as error:
            batches.not_taken(self.batch, seats)
            raise _NotTaken(error) from error
        except OutcomeUnknown as error:
            self._note(books.in_doubt([letter.mail for letter in call]))
            self._stop(error)
            return []
        self._taken(call, seats, message_id)
        return []

    def _taken(self, call: tuple[_Letter, ...], seats: list[int], message_id: str) -> None:
        at = clock.now_stamp()
        self.any_taken = True
        try:
            batches.taken(self.batch, seats, at, message_id)
        finally:
            # Whoever has the books: we know that they were taken.
            accepted = partial(states.accepted, at=at, message_id=message_id)
            self._note(moved_many([letter.mail for letter in call], accepted))

    def _refused(self, call: tuple[_Letter, ...], refusal: MailRefused) -> list[tuple[_Letter, ...]]:
        if refusal.shared and not refusal.recipients:
            raise _NotTaken(refusal) from refusal
        after = batching.after_refusal(call, refusal)
        if not refusal.recipients and after.rejected and not self.any_taken:
            self.refused_alike += 1
            if self.refused_alike > batching.MOST_REFUSED_ALIKE:
                raise _NotTaken(refusal) from refusal
        for letter, why in after.rejected:
            self._note(moved_many([letter.mail], partial(states.rejected, reason=why)))
        return list(after.calls)

    def _outgoing(self, call: tuple[_Letter, ...]) -> OutgoingMail:
        first = call[0]
        shared, values = first.shared, [letter.texts for letter in call]
        if len(call) == 1:
            shared, values = _filled(first), [()]
        tags = _tags(shared, [*values, [letter.mail.subject for letter in call]])
        used = batching.positions(shared.html, shared.text)
        subject, sender = first.mail.subject, composing.sender_of(first.mail.sender, self.channel)
        return OutgoingMail(
            sender=sender,
            recipients=tuple(
                composing.recipient_of(
                    letter.mail,
                    sender,
                    tags.substitutions(texts, used),
                    None if letter.mail.subject == subject else letter.mail.subject,
                )
                for letter, texts in zip(call, values, strict=True)
            ),
            subject=subject,
            text=tags.content(shared.text),
            html=tags.content(shared.html),
            reply_to=Address(self.reply_to) if self.reply_to else None,
            categories=(f"campaign-{first.mail.campaign_id}",) if first.mail.campaign_id else (),
        )

    def _stop(self, error: LeadflowError) -> None:
        self.outcome.stopped_by = error
        if isinstance(error, RateLimited):
            self.outcome.retry_at = clock.now() + timedelta(seconds=error.retry_after_seconds)
        elif isinstance(error, UpstreamUnavailable | OutcomeUnknown):
            self.outcome.retry_at = clock.now() + _USUAL_WAIT

    def _note(self, mails: Sequence[store.EmailSent]) -> None:
        self.outcome.settled |= {mail.id: sending.standing(mail) for mail in mails}

    def _lost(self, letters: Sequence[_Letter]) -> None:
        waiting = (letter.mail.id for letter in letters if letter.mail.id not in self.outcome.settled)
        self.outcome.settled |= {mail_id: pending(mail_id) for mail_id in waiting}


class _NotTaken(Exception):
    """Nothing more is called, and the mails of this call are free."""

    def __init__(self, because: LeadflowError) -> None:
        super().__init__(because.detail)
        self.because = because


def _letters(mails: Sequence[store.EmailSent]) -> Iterator[_Letter]:
    """The mails with the words they are to go with, as they are on file."""
    shared = store.find_letters({mail.letter_id for mail in mails if mail.letter_id is not None})
    for mail in mails:
        kept = mail.kept
        if kept.letter_id is not None and kept.packed is not None:
            yield _Letter(mail, shared[kept.letter_id], store.own_words(kept.packed).texts)
        elif words := store.words_of(kept):
            yield _Letter(mail, _WHOLE, (mail.id, words.content.html, words.content.text))


def _filled(letter: _Letter) -> store.LetterTexts:
    """The words of one mail without any gap."""
    said = store.said(letter.shared, letter.texts)
    return replace(letter.shared, html=(said.html,), text=(said.text,))


def _substitution_bytes(letter: _Letter) -> int:
    used = batching.positions(letter.shared.html, letter.shared.text)
    return batching.size_of(Tags("0" * 2 * _STEM_BYTES).substitutions(letter.texts, used))


def _tags(shared: store.LetterTexts, texts: Sequence[Sequence[str]]) -> Tags:
    """Tags that stand in no text of the call."""
    shapes: tuple[Shape, ...] = (shared.html, shared.text)
    stem = seams.current().entropy(_STEM_BYTES).hex()
    while batching.holds(stem, shapes, texts):
        stem = seams.current().entropy(_STEM_BYTES).hex()
    return Tags(stem)
