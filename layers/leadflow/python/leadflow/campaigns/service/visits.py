"""Opens and clicks, ours or reported by a provider: kept raw, counted with what is kept, and scored.

What people do with a mail adds to the lead's score: its first open once, each of the first links once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from leadflow.campaigns import store
from leadflow.campaigns.rules import states
from leadflow.campaigns.rules.states import MailState
from leadflow.campaigns.rules.visitors import Verdict
from leadflow.campaigns.service.ledger import moved, state_of
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
    machine = seen.verdict.is_machine
    mail = _counted(mail, "open", seen, partial(states.opened, at=seen.at, machine=machine))
    if not machine and mail.opened_at is not None:
        # Under the time on record: an open that was counted by a process that died scores with the next one.
        leads.add_signal(
            mail.lead_id,
            "email_open",
            _about(mail),
            cause=("email_open", mail.id),
            at=clock.parse(mail.opened_at),
        )


def clicked(mail: store.EmailSent, number: int, label: str, seen: Seen) -> None:
    """Takes in a click on a link of the mail, the same one once. Raises as `opened` does."""
    machine = seen.verdict.is_machine
    move = partial(states.clicked, number=number, link=label, at=seen.at, machine=machine)
    mail = _counted(mail, "click", seen, move)
    scoring = None if machine else states.scoring_click(state_of(mail), number)
    if scoring is not None:
        leads.add_signal(
            mail.lead_id,
            "email_click",
            {**_about(mail), "link": label, "link_number": number},
            cause=("email_click", mail.id, str(number)),
            at=clock.parse(scoring.at),
        )


def _counted(mail: store.EmailSent, name: str, seen: Seen, move: Callable[[MailState], MailState]) -> store.EmailSent:
    visits = mail.open_count + mail.machine_open_count + mail.click_count + mail.machine_click_count
    return moved(mail, move, because=seen.event(mail.id, name)) if visits < MOST_VISITS else mail


def _about(mail: store.EmailSent) -> dict[str, object]:
    return {"email_id": mail.id, "template_id": mail.template_id, "campaign_id": mail.campaign_id}
