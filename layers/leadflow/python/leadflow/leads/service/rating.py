"""What scores are made by, and the score of a lead that is about to be written.

All that makes a score is on the lead: sums of its signals, and what fit rules ask. A lead says by which revision of the
settings it was scored. Settings are read before leads: of a lead that was scored by newer ones they are read again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from leadflow.core import clock, ids, table
from leadflow.core.keeping import drop, kept_for
from leadflow.leads import rules, store
from leadflow.leads.rules import fit
from leadflow.leads.service.writing import TURNS, crowded_out
from leadflow.leads.store import scoring as settings

_KEPT, _LATELY = "scoring settings", timedelta(seconds=10)


def current() -> rules.Scoring:
    """What scores are made by now."""
    found = settings.find_settings()
    return rules.Scoring() if found is None else scoring_of(found)


def lately() -> rules.Scoring:
    """The same as it was a few seconds ago at most, for leads that are new.

    The last look of a change of settings comes for leads that began before it was known everywhere.
    """
    return kept_for(_LATELY, _KEPT, current)


def forget() -> None:
    """Has this process read the settings anew, which were changed."""
    drop(_KEPT)


def scoring_of(found: settings.ScoringSettings) -> rules.Scoring:
    """Settings as the rules take them; types that they leave out count as they do without any."""
    types = {**rules.Scoring().types, **{kind: _type_rules(one) for kind, one in found.signals.items()}}
    return rules.Scoring(int(found.revision), types, found.fit_rules)


def _type_rules(one: Mapping[str, Any]) -> rules.TypeRules:
    cap = one.get("cap")
    most = rules.Cap(cap["points"], timedelta(hours=cap["window_hours"])) if cap else None
    return rules.TypeRules(one["impact"], timedelta(days=one["half_life_days"]), most)


def line_of(lead_id: str) -> tuple[list[store.Lead], rules.Scoring]:
    """A lead's line as `store.find_line` gives it, scored by the settings in force, and those.

    Raises RateLimited when others are in the way.
    """
    for _ in TURNS:
        scoring, line = current(), store.find_line(lead_id)
        if not line or is_current(line, scoring):
            return line, scoring
        bring_up_to_date(line[-1].id, scoring)
    raise crowded_out(lead_id)


def is_current(leads: Iterable[store.Lead], scoring: rules.Scoring) -> bool:
    return all(lead.scored_by == scoring.revision for lead in leads)


def rated(lead: store.Lead, scoring: rules.Scoring) -> None:
    """Sets fit and score of a lead that is scored by these settings, or new."""
    lead.created_at = lead.created_at or clock.now_stamp()
    lead.scored_by = scoring.revision
    lead.fit = round(sum(points for _, points in fit_of(lead, scoring)), 6)
    lead.score = rules.score(sums_of(lead), scoring)


def rated_again(lead: store.Lead, scoring: rules.Scoring) -> None:
    """The same for a lead that was changed; one of older settings is left to those who score it by the present ones."""
    if is_current([lead], scoring):
        rated(lead, scoring)


def fit_of(lead: store.Lead, scoring: rules.Scoring) -> list[tuple[str, float]]:
    """The fit rules that hold for a lead, by name with their points."""
    return fit.points(scoring.fit_rules, lead.record(), lead.shown_facts) if scoring.fit_rules else []


def sums_of(lead: store.Lead) -> rules.Sums:
    at = clock.parse(lead.scored_at) if lead.scored_at else clock.parse(str(lead.created_at))
    return rules.Sums(lead.sums, at, float(lead.fit))


def weighed(signal: store.IntentSignal) -> rules.Weighed:
    at = clock.parse(str(signal.created_at))
    return rules.Weighed(signal.signal_type, float(signal.score_impact), at, _moment(signal))


def _moment(signal: store.IntentSignal) -> datetime:
    """The moment in its id, which orders it among the others on file."""
    return ids.moment_of(signal.id)


def neighbours(signal: store.IntentSignal, scoring: rules.Scoring) -> list[rules.Weighed]:
    """The other signals of a capped type that share the window of this one; none where there is no cap."""
    one = weighed(signal)
    cap = scoring.types[one.kind].cap
    if cap is None:
        return []
    number = rules.window_of(one, scoring)
    first, end = (ids.time_part(rules.window_begins(each, cap)) for each in (number, number + 1))
    found = settings.signals_from(signal.lead_id, first, end)
    return [weighed(other) for other in found if other.signal_type == one.kind and other.id != signal.id]


def in_its_window(
    one: rules.Weighed, signals: Iterable[store.IntentSignal], scoring: rules.Scoring
) -> list[rules.Weighed]:
    """Those signals of its type that share the window of a signal."""
    number = rules.window_of(one, scoring)
    others = [weighed(signal) for signal in signals if signal.signal_type == one.kind]
    return [other for other in others if rules.window_of(other, scoring) == number]


def brought_up_to_date(lead_id: str, scoring: rules.Scoring) -> list[store.Lead]:
    """A lead that people see and all its parts as these settings score them, from the signals on file; unwritten.

    Empty when it is gone, just being changed, or scored by these settings or newer ones already.
    """
    line = store.find_line(lead_id)
    if not line or line[-1].scored_by >= scoring.revision:
        return []
    root = line[-1]
    leads = [root, *store.find_parts(root.parts[1:])]
    if len(leads) != len(root.parts):
        return []
    own = {lead.id: rules.summed(map(weighed, settings.signals_from(lead.id, "")), scoring) for lead in leads}
    known = {lead.id: lead for lead in leads}
    for lead in leads:
        lead.sums = _total(lead, known, own)
        rated(lead, scoring)
    return leads


def bring_up_to_date(lead_id: str, scoring: rules.Scoring) -> bool:
    """Scores a lead by these settings; False when there was nothing to do, or others were quicker.

    Nothing that the lead did: no trigger fires.
    """
    leads = brought_up_to_date(lead_id, scoring)
    if not leads:
        return False
    root = leads[0]
    root.quiet_version, root.cause = (root.v or 0) + 1, []
    try:
        settings.rescore(leads)
    except table.Stale:
        return False
    except table.TransactionRefused as refused:
        if not refused.contended:
            raise
        return False
    return True


def _total(lead: store.Lead, known: Mapping[str, store.Lead], own: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """The sums of a lead's own signals and those of all its parts."""
    parts: Sequence[Mapping[str, int]] = [own[part] for part in lead.parts if part in known]
    return united(*parts)


def united(*sums: Mapping[str, int], less: Mapping[str, int] | None = None) -> dict[str, int]:
    """Sums by type added up, and those of `less` taken off."""
    found: dict[str, int] = {}
    for one in sums:
        for kind, value in one.items():
            found[kind] = found.get(kind, 0) + value
    for kind, value in (less or {}).items():
        found[kind] = found.get(kind, 0) - value
    return found
