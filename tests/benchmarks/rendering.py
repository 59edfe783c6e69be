"""Templates: mails per second on one core, ours beside what renders less safely.

A page of about 4 KB with 6 variables in 10 places. Engines take turns, round after round, each with the template read
once; the least time counts. "Plain segments" is the floor: the page cut at its marks by hand, each value escaped, one
join; it knows no conditions, defaults or filters. "As in a campaign" makes what of a mail is its own (values, links,
plain text); the shared page goes to the provider once for all. Jinja is there when it is installed.
"""

from __future__ import annotations

import html
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from tests.benchmarks import report

_MAILS = 2000
_VARIABLES = ("name", "company", "city", "product", "amount", "link")
_PLACES = ("name", "company", "product", "name", "amount", "city", "product", "company", "name", "amount")
_FILLER = (
    '<tr><td style="padding:12px 24px;font:14px/1.5 sans-serif;color:#333333">'
    "Every quarter we look at what teams like yours do, and write down what helped them and what did not. "
)
_LEAD = {
    "id": "01HZX4",
    "name": "Zoë Brien & Søn",
    "email": "zoe@example.com",
    "company": "Analytical <Engines>",
    "custom": {"city": "Zürich", "product": "Difference Engine", "amount": "1,024"},
}
_BASE = "https://api.example.com/t/" + "0" * 23


def main(rounds: int) -> None:
    page = _page()
    cases = _cases(page)
    floor = cases["plain segments"]()
    for name, work in cases.items():
        made = work()
        assert made is None or made.strip() == floor.strip(), name
    best = dict.fromkeys(cases, float("inf"))
    for _ in range(rounds):
        for name, work in cases.items():
            best[name] = min(best[name], _seconds(work))
    base, liquid = best["plain segments"], best["python-liquid, nothing metered"]
    rows = [
        [name, f"{took * 1e6:.1f}", f"{1 / took:,.0f}", report.ratio(took, base), report.ratio(liquid, took)]
        for name, took in best.items()
    ]
    columns = ["engine", "us a mail", "mails a second", "time to plain segments", "times as fast as Liquid"]
    report.table(f"A page of {len(page):,} bytes, {len(_VARIABLES)} variables in {len(_PLACES)} places", columns, rows)
    report.figure("mails_a_second", {name: round(1 / took) for name, took in best.items()})


def _page() -> str:
    rows = "".join(f"{_FILLER}{{{{ {name} }}}}.</td></tr>\n" for name in _PLACES)
    rest = _FILLER * 7
    return f'<html><body><table width="600">\n{rows}<tr><td>{rest}</td></tr></table></body></html>'


def _seconds(work: Callable[[], Any]) -> float:
    began = time.process_time()
    for _ in range(_MAILS):
        work()
    return (time.process_time() - began) / _MAILS


def _cases(page: str) -> dict[str, Callable[[], str | None]]:
    """By name what renders the page for the one lead; those that do not give the whole page give nothing."""
    from leadflow.core import rendering

    values = {**_LEAD["custom"], **{name: _LEAD[name] for name in ("name", "company")}}  # type: ignore[dict-item]
    context = rendering.lead_context(_LEAD, datetime(2026, 3, 2, tzinfo=UTC))
    ours = rendering.compile(page, html=True)
    cases = {
        "plain segments": _segments(page, values),
        "str.format, nothing escaped": _formatted(page, values),
        "sandboxed Jinja": _jinja(page, values),
        "python-liquid, nothing metered": _liquid(page, values),
        "ours, the whole page": lambda: ours.render(context),
        "ours, as in a campaign": _own_words(ours, context),
    }
    return {name: work for name, work in cases.items() if work is not None}


def _segments(page: str, values: Mapping[str, str]) -> Callable[[], str]:
    first, *rest = page.split("{{ ")
    cut = [tuple(part.split(" }}", 1)) for part in rest]
    escape = html.escape

    def work() -> str:
        parts = [first]
        for name, fixed in cut:
            parts.append(escape(values[name]))
            parts.append(fixed)
        return "".join(parts)

    return work


def _formatted(page: str, values: Mapping[str, str]) -> Callable[[], None]:
    form = page.replace("{{ ", "{").replace(" }}", "}")

    def work() -> None:
        form.format(**values)

    return work


def _jinja(page: str, values: Mapping[str, str]) -> Callable[[], str] | None:
    try:
        from jinja2.sandbox import SandboxedEnvironment
    except ImportError:
        # A reference, and nothing of ours depends on it.
        return None
    template = SandboxedEnvironment(autoescape=True).from_string(page)
    return lambda: template.render(values)


def _liquid(page: str, values: Mapping[str, str]) -> Callable[[], str]:
    from liquid import Environment

    template = Environment(autoescape=True).from_string(page)
    return lambda: template.render(**values)


def _own_words(ours: Any, context: Mapping[str, object]) -> Callable[[], None]:
    from leadflow.campaigns.rules import letters

    shared = {"unsubscribe_url": f"{_BASE}/unsubscribe", "postal_address": "1 Main Street", "now": "2026"}
    maker = letters.maker(ours, shared, base=_BASE, mark="0" * 23)

    def work() -> None:
        maker.values("1" * 23, ours.at_spots(context))

    return work
