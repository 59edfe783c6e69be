"""What enrichment tells counts for the fit of a lead."""

from __future__ import annotations

from tests.functional.leads.people import added, shown
from tests.functional.scoring.settled import FIT, check_scores, settled
from tests.harness import call


def test_what_was_obtained_elsewhere_counts_for_fit() -> None:
    settled(fit_rules=FIT)
    lead_id = added()["id"]
    body = {"source": "forager", "enrichment_data": {}, "job_title": "Chief Technology Officer"}

    answer = call("enrichment/create_enrichment", body, path={"lead_id": lead_id})

    assert answer.status == 201, answer.text
    assert shown(lead_id)["score"] == 21
    check_scores()
