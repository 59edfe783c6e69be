"""The opens and clicks of a mail, judged again by the lists and rules of today, all of them together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from leadflow.campaigns.rules import states
from leadflow.campaigns.rules.states import MailState
from leadflow.campaigns.rules.visitors import Verdict
from leadflow.core import clock

# People do not follow so many different links of a mail within so short a time; gateways follow all of them at once.
BURST_LINKS, BURST = 3, timedelta(seconds=5)
_IN_A_BURST = Verdict("scanner", f"{BURST_LINKS} links or more within {BURST.seconds} seconds")


@dataclass(frozen=True)
class Visited:
    """One open, or click on a link with its number and label, and who was behind it, seen by itself."""

    event: str
    at: str
    verdict: Verdict
    number: int = 0
    label: str = ""


def together(visits: Sequence[Visited]) -> list[Visited]:
    """The same visits, with clicks that came in a burst told to be a scanner's."""
    clicks = [place for place, one in enumerate(visits) if one.event == "click" and not one.verdict.is_machine]
    clicks.sort(key=lambda place: visits[place].at)
    times = [clock.parse(visits[place].at) for place in clicks]
    scanned: set[int] = set()
    first = 0
    for last, moment in enumerate(times):
        while moment - times[first] > BURST:
            first += 1
        within = clicks[first : last + 1]
        if len({visits[place].number for place in within}) >= BURST_LINKS:
            scanned.update(within)
    return [replace(one, verdict=_IN_A_BURST) if place in scanned else one for place, one in enumerate(visits)]


def rejudged(state: MailState, visits: Sequence[Visited]) -> MailState:
    """What the mail is after these visits, as `together` gives them; what does not come of visits stays."""
    cleared = replace(
        state,
        status=_without_visits(state),
        opened_at=None,
        clicked_at=None,
        machine_opened_at=None,
        open_count=0,
        click_count=0,
        machine_open_count=0,
        machine_click_count=0,
        link_clicks=(),
    )
    for one in sorted(visits, key=lambda one: (one.at, one.event, one.number)):
        machine = one.verdict.is_machine
        if one.event == "open":
            cleared = states.opened(cleared, one.at, machine=machine)
        else:
            cleared = states.clicked(cleared, one.number, one.label, one.at, machine=machine)
    return state if cleared == state else cleared


def _without_visits(state: MailState) -> str:
    if state.status not in ("opened", "clicked"):
        return state.status
    return "delivered" if state.delivered_at else "sent"
