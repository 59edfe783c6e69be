"""Opens and clicks, ours or reported by a provider: kept raw, counted with what is kept, and scored.

What people do with a mail adds to the lead's score: its first open once, each of the first links once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leadflow.campaigns import store
from leadflow.campaigns.rules import rejudging, states
from leadflow.campaigns.rules.rejudging import Visited
from leadflow.campaigns.rules.states import MailState
from leadflow.campaigns.rules.visitors import MACHINES, Verdict
from leadflow.campaigns.service import judging, ledger
from leadflow.campaigns.service.ledger import state_of
from leadflow.core import clock
from leadflow.leads import service as leads

# So many visits of one mail are kept and counted; who goes on fetching it is no reader.
MOST_VISITS = 1_000


@dataclass(frozen=True)
class Seen:
    """One open or click: when, who told us (`tracking` or `provider`), who it was, and what is known of it."""

    at: str
    source: str
    verdict: Verdict
    data: Mapping[str, Any]

    def event(self, mail_id: str, name: str) -> store.EmailEvent:
        """What is kept of it."""
        return store.event_of(
            mail_id, name, self.at, self.source, self.data, actor=self.verdict.actor, reason=self.verdict.reason
        )


def opened(mail: store.EmailSent, seen: Seen) -> None:
    """Takes in an open, the same one once. Raises InProgress or RateLimited when too many are at mail or lead."""
    event = seen.event(mail.id, "open")
    mail = _taken(mail, event, Visited("open", seen.at, seen.verdict))
    if not _by_machine(event) and mail.opened_at is not None:
        # Under the time on record: an open that was counted by a process that died scores with the next one.
        leads.add_signal(
            mail.lead_id,
            "email_open",
            _about(mail),
            cause=("email_open", mail.id),
            at=clock.parse(mail.opened_at),
        )


def clicked(mail: store.EmailSent, number: int, label: str, seen: Seen) -> None:
    """Takes in a click on a link of the mail, the same one once. Raises as `opened` does.

    A click that is the last of a burst has those before it judged again with it, in the same step.
    """
    event = seen.event(mail.id, "click")
    mail = _taken(mail, event, Visited("click", seen.at, seen.verdict, number, label))
    scoring = None if _by_machine(event) else states.scoring_click(state_of(mail), number)
    if scoring is not None:
        leads.add_signal(
            mail.lead_id,
            "email_click",
            {**_about(mail), "link": label, "link_number": number},
            cause=("email_click", mail.id, str(number)),
            at=clock.parse(scoring.at),
        )


def trapped(mail: store.EmailSent, seen: Seen) -> None:
    """Takes in a visit to the link that no person sees, and judges again what was done near its time.

    Raises as `opened` does.
    """
    if len(mail.traps) < states.MOST_TRAPS:
        _Taking(seen.event(mail.id, "trap"), None).take(mail)


def _taken(mail: store.EmailSent, event: store.EmailEvent, mine: Visited) -> store.EmailSent:
    visits = mail.open_count + mail.machine_open_count + mail.click_count + mail.machine_click_count
    return _Taking(event, mine).take(mail) if visits < MOST_VISITS else mail


class _Taking:
    """One visit on its way into the books, judged together with those it may belong to.

    `mine` is the open or click, None for a visit to the link that no person sees.
    """

    def __init__(self, event: store.EmailEvent, mine: Visited | None) -> None:
        self.event, self.mine = event, mine
        self.rejudged: tuple[list[store.EmailEvent], list[Visited]] = ([], [])

    def take(self, mail: store.EmailSent) -> store.EmailSent:
        """The mail as it is then. Raises InProgress when too many are at it."""
        mail = store.amend(mail, self._changes, self.event)
        # The mail says already what is true: these are its notes.
        judging.note(*self.rejudged)
        return mail

    def _changes(self, mail: store.EmailSent) -> dict[str, Any]:
        """What the visit changes of the mail as it was read; the visit's own verdict is noted with it."""
        self.rejudged = ([], [])
        before = state_of(mail)
        state = before if self.mine else states.trapped(before, self.event.at)
        near = self._others(mail, near=True) if self._may_concern_others(state) else []
        others = [judging.visited(mail, one) for one in near]
        seen = self._together(others, state)
        if self.mine:
            self.event.actor, self.event.reason = seen[0].verdict.actor, seen[0].verdict.reason
        if (seen[1:] if self.mine else seen) == others:
            return ledger.changed(mail, lambda _: self._moved(state, seen))
        kept = self._others(mail)
        seen = self._together([judging.visited(mail, one) for one in kept], state)
        self.rejudged = (kept, seen[1:] if self.mine else seen)
        return {**ledger.changed(mail, lambda _: rejudging.rejudged(state, seen)), "rejudged_at": clock.now_stamp()}

    def _may_concern_others(self, state: MailState) -> bool:
        return self.mine is None or rejudging.may_be_a_burst(state, self.mine)

    def _others(self, mail: store.EmailSent, *, near: bool = False) -> list[store.EmailEvent]:
        """The other visits on file, all or those that this one may have to do with."""
        at = clock.parse(self.event.at)
        times = (at - rejudging.TRAP, at + rejudging.TRAP) if near else ()
        return [one for one in store.visits_of(mail.id, *times) if one.sk != self.event.sk]

    def _together(self, others: list[Visited], state: MailState) -> list[Visited]:
        return rejudging.together([self.mine, *others] if self.mine else others, state.traps)

    def _moved(self, state: MailState, seen: list[Visited]) -> MailState:
        return rejudging.visited(state, seen[0]) if self.mine else state


def _by_machine(event: store.EmailEvent) -> bool:
    return event.actor in MACHINES


def _about(mail: store.EmailSent) -> dict[str, object]:
    return {"email_id": mail.id, "template_id": mail.template_id, "campaign_id": mail.campaign_id}
