"""The opens and clicks of a mail judged together: what one of them looks like by itself is not all there is to know.

Clicks on many links within seconds are a scanner's. So is what happened within seconds of a visit to the link that no
person sees. What is judged when it happens and what is judged again later come out the same, in whatever order they
came.
"""

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
# What follows the link that no person sees does all it does to a mail within so long.
TRAP = timedelta(seconds=10)
_TRAPPED = Verdict("scanner", f"followed a link that no person sees within {TRAP.seconds} seconds")
_IN_A_BURST = Verdict("scanner", f"{BURST_LINKS} links or more within {BURST.seconds} seconds")


@dataclass(frozen=True)
class Visited:
    """One open, or click on a link with its number and label, and who was behind it, seen by itself."""

    event: str
    at: str
    verdict: Verdict
    number: int = 0
    label: str = ""


def may_be_a_burst(state: MailState, one: Visited) -> bool:
    """Whether a click can be one of a burst, by what is known of its mail: else no other need be looked at."""
    return one.event == "click" and len({one.number, *(click.number for click in state.link_clicks)}) >= BURST_LINKS


def together(visits: Sequence[Visited], traps: Sequence[str] = ()) -> list[Visited]:
    """The same visits, with clicks in a burst and what came near a trap's time told to be a scanner's."""
    scanned = _in_a_burst(visits)
    times = [clock.parse(at) for at in traps]
    return [
        replace(one, verdict=_TRAPPED)
        if any(abs(clock.parse(one.at) - time) <= TRAP for time in times)
        else replace(one, verdict=_IN_A_BURST)
        if place in scanned
        else one
        for place, one in enumerate(visits)
    ]


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
        cleared = visited(cleared, one)
    return state if cleared == state else cleared


def visited(state: MailState, one: Visited) -> MailState:
    """What the mail is after one more visit."""
    machine = one.verdict.is_machine
    if one.event == "open":
        return states.opened(state, one.at, machine=machine)
    return states.clicked(state, one.number, one.label, one.at, machine=machine)


def _in_a_burst(visits: Sequence[Visited]) -> set[int]:
    """The places of clicks that came in a burst; what is a machine's by itself has no part in one."""
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
    return scanned


def _without_visits(state: MailState) -> str:
    if state.status not in ("opened", "clicked"):
        return state.status
    return "delivered" if state.delivered_at else "sent"
