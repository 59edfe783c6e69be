"""GET /scoring."""

from __future__ import annotations

from leadflow.leads import rules
from leadflow.leads.schema import Scoring
from tests.functional.scoring.settled import CAPPED, FIT, scoring, settled
from tests.harness import call


def test_before_anything_is_settled() -> None:
    found = scoring()

    assert (found["revision"], found["fit_rules"], found["rescoring"], found["updated_at"]) == (
        0,
        [],
        "completed",
        None,
    )
    assert {kind: one["impact"] for kind, one in found["signals"].items()} == rules.DEFAULT_IMPACTS
    assert {(one["half_life_days"], one["cap"]) for one in found["signals"].values()} == {(30, None)}
    Scoring.model_validate(found)


def test_what_is_settled() -> None:
    settled(signals=CAPPED, fit_rules=FIT)

    found = scoring()
    assert (found["revision"], found["fit_rules"]) == (1, FIT)
    assert found["signals"]["website_visit"] == CAPPED["website_visit"]
    assert found["signals"]["email_open"] == {"impact": 2, "half_life_days": 30, "cap": None}
    assert type(found["signals"]["website_visit"]["cap"]["window_hours"]) is int
    Scoring.model_validate(found)
    assert call("scoring/get_scoring").etag == '"1"'


def test_scopes() -> None:
    assert call("scoring/get_scoring", scopes="workflows:read").status == 403
