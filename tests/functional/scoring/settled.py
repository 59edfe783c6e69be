"""Scoring settings, for tests."""

from __future__ import annotations

from typing import Any

from leadflow.core import clock as time
from leadflow.core import ids
from leadflow.leads import rules, store
from leadflow.leads.service import rating
from tests.functional.leads.announced import work_all
from tests.functional.wire import stored
from tests.harness import Answer, call

SENIOR = {"field": "enrichment.job_title", "op": "contains", "value": "chief"}
ACME = {"field": "lead.company", "op": "eq", "value": "acme"}
FIT = [{"name": "Acme", "if": ACME, "points": 15}, {"name": "Senior", "if": SENIOR, "points": 20.5}]
CAPPED = {"website_visit": {"impact": 1, "half_life_days": 7, "cap": {"points": 10, "window_hours": 24}}}


def put(headers: dict[str, str] | None = None, **body: Any) -> Answer:
    return call("scoring/put_scoring", body, headers=headers)


def settled(**body: Any) -> dict[str, Any]:
    """Settings in force, by which every lead is scored already."""
    answer = put(**body)
    assert answer.status == 200, answer.text
    work_all()
    return scoring()


def scoring() -> dict[str, Any]:
    answer = call("scoring/get_scoring", scopes="leads:read")
    assert answer.status == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


def check_scores() -> None:
    """Holds each stored lead to what its signals on file, and those of its parts, come to."""
    now, leads = rating.current(), {one["id"]["S"]: store.Lead.from_raw_data(one) for one in stored("Lead")}
    signals: dict[str, list[rules.Weighed]] = {lead_id: [] for lead_id in leads}
    for raw in stored("IntentSignal"):
        at = time.parse(raw["created_at"]["S"])
        impact, moment = float(raw["score_impact"]["N"]), ids.moment_of(raw["id"]["S"])
        signals[raw["lead_id"]["S"]].append(rules.Weighed(raw["signal_type"]["S"], impact, at, moment))
    for lead in leads.values():
        assert lead.scored_by == now.revision
        sums = rating.united(*(rules.summed(signals[part], now) for part in lead.parts))
        assert {kind: value for kind, value in sums.items() if value} == lead.sums
        fit = round(sum(points for _, points in rating.fit_of(lead, now)), 6)
        assert lead.fit == fit
        at = time.parse(lead.scored_at or str(lead.created_at))
        assert lead.score == rules.score(rules.Sums(sums, at, fit), now)
