"""The demo's report: lead by lead, the totals, and what is not as it should be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from local.demo.judge import Journey
from local.demo.screen import Screen

_COLUMNS = (
    ("", 5),
    ("Lead", 27),
    ("Source", 9),
    ("Mail", 6),
    ("Status", 10),
    ("Opened", 7),
    ("Score", 6),
    ("Run ms", 8),
)


def show(screen: Screen, journeys: Sequence[Journey], problems: Sequence[str], seconds: float) -> int:
    """Prints it all and gives the number of things that are wrong. `seconds` is what the demo took."""
    screen.say()
    screen.say(screen.quiet("".join(f"{title:<{width}}" for title, width in _COLUMNS)))
    for journey in journeys:
        screen.say(_row(screen, journey))
    wrong = [f"{each.person.name} <{each.person.email}> {problem}" for each in journeys for problem in each.problems]
    wrong += problems
    screen.say()
    for name, value in _totals(journeys, len(wrong), seconds):
        screen.say(f"{name:<16}{value}")
    screen.say()
    for each in wrong:
        screen.say(screen.bad(f"wrong: {each}"))
    if not wrong:
        screen.say(screen.good("Everything is as it should be."))
    return len(wrong)


def _row(screen: Screen, journey: Journey) -> str:
    milliseconds = journey.milliseconds
    values = (
        str(journey.person.number),
        journey.person.name,
        str(journey.person.body["source"]),
        journey.person.branch,
        journey.mail_status,
        "yes" if journey.opens else "no",
        str(journey.score),
        "-" if milliseconds is None else f"{milliseconds:.0f}",
    )
    cells = (f"{value[: width - 1]:<{width}}" for value, (_, width) in zip(values, _COLUMNS, strict=True))
    return "".join(cells) + (screen.bad("wrong") if journey.problems else screen.good("right"))


def _totals(journeys: Sequence[Journey], wrong: int, seconds: float) -> list[tuple[str, str]]:
    mails = [len(journey.mails) for journey in journeys]
    statuses = Counter(run["status"] for journey in journeys for run in journey.runs)
    shown = ", ".join(f"{count} {status}" for status, count in sorted(statuses.items()))
    return [
        ("Leads", str(len(journeys))),
        ("Mails", str(sum(mails))),
        ("Mailed twice", str(sum(1 for count in mails if count > 1))),
        ("Runs", shown or "none"),
        ("Failed checks", str(wrong)),
        ("Seconds", f"{seconds:.1f}"),
        ("Leads a second", f"{len(journeys) / seconds:.1f}"),
    ]
