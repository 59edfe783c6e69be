"""What mails say, however it is kept: whole, or as values in the letter they share with others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from leadflow.campaigns.store.bodies import Content, EmailBody, find_body, unpacked
from leadflow.campaigns.store.letters import find_letters, own_words, said
from leadflow.core import table


@dataclass(frozen=True)
class Words:
    """The words of a mail and where its links lead, the first being number 1; a link is `{url, label}`."""

    content: Content
    links: list[dict[str, str]]


@dataclass(frozen=True)
class Kept:
    """Where the words of a mail are: in a letter with these values, or by themselves."""

    mail_id: str
    letter_id: str | None
    packed: bytes | None


def words_of(kept: Kept) -> Words | None:
    """The words of a mail; None when none are kept, as of one that was skipped before it was written."""
    if kept.letter_id is None or kept.packed is None:
        body = find_body(kept.mail_id)
        return None if body is None else Words(unpacked(body), body.links)
    letter = find_letters([kept.letter_id]).get(kept.letter_id)
    own = own_words(kept.packed)
    return None if letter is None else Words(said(letter, own.texts), own.links)


def pages_of(mails: Sequence[Kept]) -> dict[str, str]:
    """The pages people read of these mails, by the mail's id."""
    alone = [(f"EM#{kept.mail_id}", "BODY") for kept in mails if kept.letter_id is None]
    found = {body.pk.removeprefix("EM#"): unpacked(body).body for body in table.find_many(EmailBody, alone)}
    letters = find_letters(kept.letter_id for kept in mails if kept.letter_id is not None)
    for kept in mails:
        if kept.letter_id in letters and kept.packed is not None:
            found[kept.mail_id] = said(letters[kept.letter_id], own_words(kept.packed).texts).body
    return found
