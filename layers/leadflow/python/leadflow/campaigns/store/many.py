"""Many mails written at once, in transactions: each by itself claimed, or changed, as if it were the only one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from leadflow.campaigns.store.bodies import EmailBody
from leadflow.campaigns.store.mails import EmailSent, actions_of, amend, place
from leadflow.core import clock, table
from leadflow.core.errors import InProgress
from leadflow.core.turns import Turns

_MOST_ACTIONS = 100
# DynamoDB takes 4 MB in one transaction; of an item of which something is changed all counts.
_MOST_BYTES = 3_000_000
_USUAL_BYTES = 2_000
_TURNS = Turns(8, longest_pause_seconds=0.5)

Claim = tuple[EmailSent, EmailBody | None]


def claim_many(claims: Sequence[Claim]) -> set[str]:
    """Writes new mails, with the words of those that bring them; gives the ids of those that were on file already.

    Raises InProgress when other transactions are in the way for long.
    """
    there: set[str] = set()
    for mail, body in claims:
        place(mail)
        if body is not None:
            body.touch()
    for chunk in _chunks(claims):
        there |= _claimed(chunk)
    return there


def amend_many(mails: Sequence[EmailSent], decide: Callable[[EmailSent], Mapping[str, Any]]) -> list[EmailSent]:
    """Changes of each mail the attributes that `decide` names, as `amend` does; gives the mails as they then are."""
    done: list[EmailSent] = []
    for chunk in _chunks([(mail, None) for mail in mails]):
        done += _amended([mail for mail, _ in chunk], decide)
    return done


def _claimed(chunk: list[Claim]) -> set[str]:
    there: set[str] = set()
    for _ in _TURNS:
        if not chunk:
            return there
        owners = [mail.id for mail, body in chunk for _ in range(1 if body is None else 2)]
        try:
            with table.transaction() as writes:
                for mail, body in chunk:
                    writes.save(mail, condition=EmailSent.pk.does_not_exist())
                    if body is not None:
                        writes.save(body, condition=EmailBody.pk.does_not_exist())
        except table.TransactionRefused as refused:
            taken = {owner for position, owner in enumerate(owners) if refused.failed(position)}
            if not taken and not refused.contended:
                raise
            there |= taken
            chunk = [claim for claim in chunk if claim[0].id not in taken]
            continue
        return there
    raise InProgress("Mails are being claimed by other workers.")


def _amended(mails: Sequence[EmailSent], decide: Callable[[EmailSent], Mapping[str, Any]]) -> list[EmailSent]:
    """All in one transaction; those that have changed since they were read by themselves."""
    changes = {mail.id: dict(decide(mail)) for mail in mails}
    to_change = [mail for mail in mails if changes[mail.id]]
    if not to_change:
        return list(mails)
    now = clock.now_stamp()
    try:
        with table.transaction() as writes:
            for mail in to_change:
                actions = [*actions_of(mail, changes[mail.id]), EmailSent.updated_at.set(now)]
                writes.update(mail, actions, condition=EmailSent.pk.exists())
    except table.TransactionRefused as refused:
        alone = {mail.id for mail, reason in zip(to_change, refused.reasons, strict=False) if reason} or set(changes)
        kept = [mail for mail in mails if mail.id not in alone]
        return [*_amended(kept, decide), *(amend(mail, decide) for mail in mails if mail.id in alone)]
    for mail in to_change:
        for name, value in changes[mail.id].items():
            setattr(mail, name, value)
    return list(mails)


def _chunks(claims: Sequence[Claim]) -> Iterator[list[Claim]]:
    chunk: list[Claim] = []
    actions = size = 0
    for mail, body in claims:
        more = 1 if body is None else 2
        bytes_ = _USUAL_BYTES + len(mail.packed or b"") + (0 if body is None else len(body.packed) + _USUAL_BYTES)
        if chunk and (actions + more > _MOST_ACTIONS or size + bytes_ > _MOST_BYTES):
            yield chunk
            chunk, actions, size = [], 0, 0
        chunk.append((mail, body))
        actions, size = actions + more, size + bytes_
    if chunk:
        yield chunk
