"""Visitors of a website whom nobody knows yet, and what becomes of their visits when it is said who they are.

A visitor is a random word that a website's page made up and keeps. The first who is known by it, by the token of a link
or by a form, gets what was visited under it; then the word is used up. So visits go from nobody to somebody, once, and
never from one known person to another, whoever shares the browser.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from leadflow.core import clock, ids, table
from leadflow.core.secrets import keyed_hash
from leadflow.leads import store
from leadflow.leads.rules import visits as rules
from leadflow.leads.service.collecting import scored
from leadflow.leads.service.rating import line_of
from leadflow.leads.service.writing import TURNS, crowded_out, written
from leadflow.leads.store import visitors

# The same page within this time is the same visit.
SAME_FOR = timedelta(hours=1)
# What goes to a lead in one transaction; of more visits the newest stay.
MOST_VISITS = 25
# They wait in one item, which holds 400 KB.
_MOST_BYTES = 256 * 1024


def note(word: str, page: Mapping[str, Any]) -> None:
    """Keeps a visit of nobody known; none when the word is used up, since nobody knows whose it would be.

    Raises RateLimited when crowded out.
    """
    name = _name_of(word)
    now = clock.now()
    for _ in TURNS:
        found = visitors.find_visitor(name)
        known = found is not None and found.is_remembered
        visitor = found if found is not None and known else visitors.new_visitor(name, found)
        since = clock.stamp(now - SAME_FOR)
        if visitor.used or any(one["url"] == page["url"] and one["at"] > since for one in visitor.visits):
            return
        visitor.visits = rules.newest([*visitor.visits, {"at": clock.stamp(now), **page}], MOST_VISITS, _MOST_BYTES)
        try:
            visitors.keep(visitor)
        except (table.Stale, table.AlreadyThere):
            continue
        return
    raise crowded_out(name)


def recognise(word: str, lead_id: str) -> None:
    """Gives a lead what was visited under this word before it was said whose it is, unless somebody has it already.

    Nothing happens for a word or a lead that is not there. Raises RateLimited when crowded out.
    """
    name = _name_of(word)
    for _ in TURNS:
        visitor = visitors.find_visitor(name)
        if visitor is None or visitor.used or not visitor.is_remembered:
            return
        line, scoring = line_of(lead_id)
        if not line:
            return
        signals: list[store.IntentSignal] = []
        for number, visit in enumerate(visitor.visits):
            signal = _signal(line[0], visit, name, number, scoring.types["website_visit"].impact)
            scored(line, signal, scoring, beside=signals)
            signals.append(signal)
        if written(partial(visitors.stitch, visitor, line, signals), lead_id):
            return
    raise crowded_out(lead_id)


def _signal(lead: store.Lead, visit: Mapping[str, Any], name: str, number: int, impact: float) -> store.IntentSignal:
    at = clock.parse(visit["at"])
    signal_id = ids.derived_id(at, "visitor", name, str(number))
    data = {part: visit[part] for part in ("url", "title", "referrer")}
    return store.IntentSignal(
        pk=lead.pk,
        sk=f"SIG#{signal_id}",
        id=signal_id,
        lead_id=lead.id,
        signal_type="website_visit",
        signal_data=data,
        score_impact=impact,
        created_at=visit["at"],
    )


def _name_of(word: str) -> str:
    return keyed_hash("visitor", word)
