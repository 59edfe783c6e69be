"""Mails as the rules see them: states that go in and come out, and the table in between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from typing import Any

from leadflow.campaigns import store
from leadflow.campaigns.rules.states import LinkClick, MailState

_NAMES = tuple(field.name for field in fields(MailState))


def state_of(mail: store.EmailSent) -> MailState:
    """What of a mail can still change."""
    values = {name: getattr(mail, name) for name in _NAMES}
    clicks = tuple(LinkClick(**click) for click in mail.link_clicks)
    return MailState(**{**values, "link_clicks": clicks, "traps": tuple(mail.traps)})


def moved(
    mail: store.EmailSent, move: Callable[[MailState], MailState], because: store.EmailEvent | None = None
) -> store.EmailSent:
    """The mail after a move of its state, decided on what is stored. Raises InProgress when too many are at it.

    What it moves for is kept in the same step, and moves it once: told again, it changes nothing.
    """
    return store.amend(mail, lambda current: changed(current, move), because)


def moved_many(mails: Sequence[store.EmailSent], move: Callable[[MailState], MailState]) -> list[store.EmailSent]:
    """The same for many mails, each by itself, with few calls of the table."""
    return store.amend_many(mails, lambda current: changed(current, move))


def changed(mail: store.EmailSent, move: Callable[[MailState], MailState]) -> dict[str, Any]:
    """What a move changes of a mail, as it was read."""
    before = state_of(mail)
    after = move(before)
    if after is before:
        return {}
    old, new = asdict(before), asdict(after)
    return {name: value for name, value in new.items() if value != old[name]}
