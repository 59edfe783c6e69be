"""A campaign's numbers, told from its totals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from leadflow.campaigns.rules.variants import performance_score

_SETTLED = ("sent", "skipped", "failed", "unknown")
_OF_SENT = ("delivered", "bounced", "complained", "replied", "unsubscribed")
_SPLIT = {
    "opened": ("opened", "machine_opened"),
    "clicked": ("clicked", "machine_clicked"),
    "opens": ("opens", "machine_opens"),
    "clicks": ("clicks", "machine_clicks"),
}
_Counts = Mapping[str, int]


def stats_of(recipients: int, steps: Sequence[Mapping[str, Any]], totals: Mapping[str, int]) -> dict[str, Any]:
    """The numbers of a campaign of so many recipients, from its totals by name (`store/tallies.py`).

    At the top `audience` counts people, and everything else the mails of all steps together.
    """
    found = _sorted_out(totals)
    told = [
        {"step_id": step["id"], "step_number": int(step["step_number"]), **_numbers(recipients, found, number)}
        for step in steps
        for number in [f"{int(step['step_number']):04d}"]
    ]
    together = {name: sum(one[name] for one in told) for name in (*_SETTLED, "pending", *_OF_SENT)}
    split = {name: {who: sum(one[name][who] for one in told) for who in ("human", "machine")} for name in _SPLIT}
    reasons = sorted({reason for one in told for reason in one["skipped_by_reason"]})
    return {
        "audience": recipients,
        **together,
        "skipped_by_reason": {
            reason: sum(one["skipped_by_reason"].get(reason, 0) for one in told) for reason in reasons
        },
        **split,
        "converted": totals.get("C#converted", 0),
        "steps": told,
        "variants": [_variant(key, counts) for key, counts in sorted(found["V"].items())],
        "links": [_link(key, counts) for key, counts in sorted(found["L"].items())],
        "hours": [_hour(key, counts) for key, counts in sorted(found["H"].items())],
    }


def missing_variables(counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """How many leads the variables of templates are missing for, the most frequent first.

    `counts` are by `<template>#<variable>`; neither has a `#` in it.
    """
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    parts = ((key.partition("#"), count) for key, count in ordered)
    return [{"template_id": template, "variable": name, "count": int(count)} for (template, _, name), count in parts]


def _sorted_out(totals: Mapping[str, int]) -> dict[str, dict[tuple[str, ...], dict[str, int]]]:
    """Totals by part, then by what it is about, then by name; what is zero is left out."""
    found: dict[str, dict[tuple[str, ...], dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for line, number in totals.items():
        part, _, rest = line.partition("#")
        if number and part == "L":
            step, link, who, label = rest.split("#", 3)
            found[part][step, link, label][who] = number
        elif number:
            *about, name = rest.rsplit("#", 2 if part == "V" else 1)
            found[part][tuple(about)][name] = number
    return found


def _numbers(recipients: int, found: Mapping[str, Mapping[tuple[str, ...], _Counts]], number: str) -> dict[str, Any]:
    counts = found["S"].get((number,), {})
    settled = {name: counts.get(name, 0) for name in _SETTLED}
    return {
        "audience": recipients,
        **settled,
        "pending": recipients - sum(settled.values()),
        "skipped_by_reason": dict(sorted(found["R"].get((number,), {}).items())),
        **{name: counts.get(name, 0) for name in _OF_SENT},
        **{name: _split(counts, name) for name in _SPLIT},
    }


def _split(counts: _Counts, name: str) -> dict[str, int]:
    by_people, by_machines = _SPLIT[name]
    return {"human": counts.get(by_people, 0), "machine": counts.get(by_machines, 0)}


def _variant(key: tuple[str, ...], counts: _Counts) -> dict[str, Any]:
    step, template_id = key
    sent, acted = counts.get("sent", 0), counts.get("acted", 0)
    return {
        "step_number": int(step),
        "template_id": template_id,
        "sent": sent,
        **{name: counts.get(name, 0) for name in _OF_SENT},
        "opened": _split(counts, "opened"),
        "clicked": _split(counts, "clicked"),
        "acted": acted,
        "performance_score": performance_score(sent, acted),
    }


def _link(key: tuple[str, ...], counts: _Counts) -> dict[str, Any]:
    step, link, label = key
    told = {"step_number": int(step), "link_number": int(link), "link": label}
    return {**told, "clicked": _split(counts, "clicked")}


def _hour(key: tuple[str, ...], counts: _Counts) -> dict[str, Any]:
    return {
        "hour": f"{key[0]}:00:00.000Z",
        "sent": counts.get("sent", 0),
        "opened": _split(counts, "opened"),
        "clicked": _split(counts, "clicked"),
    }
