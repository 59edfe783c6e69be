"""POST /leads/{lead_id}/enrichments."""

from __future__ import annotations

from typing import Any

import pytest

from leadflow.core import aws
from tests.functional.enrichment.sources import World, enrichments
from tests.functional.leads.people import added
from tests.functional.leads.people import shown as lead_shown
from tests.harness import Answer, call

FULL: dict[str, Any] = {
    "source": "forager",
    "enrichment_data": {"id": 7, "nested": {"a": [1, None, "x"]}},
    "confidence_score": 0.8,
    "company_name": "Acme",
    "company_size": "11-50",
    "company_website": "https://acme.example/",
    "job_title": "CTO",
    "tech_stack": ["Python"],
    "skills": ["sums"],
    "social_profiles": {"mastodon": "https://m.example/@ada"},
}


def create(lead_id: str, **fields: Any) -> Answer:
    return call("enrichment/create_enrichment", {"source": "forager", **fields}, path={"lead_id": lead_id})


def test_it_is_kept_as_given_and_written_into_the_lead() -> None:
    lead = added()

    answer = create(lead["id"], **FULL)

    assert answer.status == 201
    assert {name: answer.json[name] for name in FULL} == FULL
    assert (answer.json["lead_id"], answer.json["run_id"], answer.json["twitter_url"]) == (lead["id"], None, None)
    assert enrichments(lead["id"]) == [answer.json]
    assert lead_shown(lead["id"])["company"] == "Acme"


def test_a_response_may_write_about_nul_but_not_hold_one() -> None:
    lead = added()
    about = {"text": "ends at \\u0000", "path": "C:\\\\u0000"}

    assert create(lead["id"], enrichment_data=about).json["enrichment_data"] == about
    for wrong in ({"text": "a\x00"}, {"text": "\\\x00"}, {"a\x00": 1}):
        answer = create(lead["id"], enrichment_data=wrong)
        assert (answer.status, answer.json["errors"][0]["field"]) == (422, "enrichment_data")


def test_a_large_response_goes_to_the_bucket(bucket: None) -> None:
    lead = added()

    made = create(lead["id"], enrichment_data={"text": "x" * 60_000}).json

    assert made["enrichment_data"] == {}
    key = f"enrichments/{lead['id']}/{made['id']}.json"
    assert key in made["enrichment_data_url"]
    assert len(aws.client("s3").get_object(Bucket="leadflow-test", Key=key)["Body"].read()) > 60_000


def test_it_counts_as_an_answer_of_its_source_for_what_is_known(world: World) -> None:
    world.put("people_data_labs")
    lead = added()
    create(lead["id"], job_title="CTO", confidence_score=0.9)

    run = world.run(lead["id"], fields=["job_title"])

    assert run["fields"]["job_title"] == {"value": "CTO", "source": "forager", "confidence": 0.9}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"source": "clearbit"}, "source"),
        ({"confidence_score": 1.5}, "confidence_score"),
        ({"company_name": "x" * 201}, "company_name"),
        ({"company_website": "acme.example"}, "company_website"),
        ({"linkedin_url": True}, "linkedin_url"),
        ({"skills": "sums"}, "skills"),
        ({"skills": ["x" * 101]}, "skills.0"),
        ({"enrichment_data": {"text": "x" * 1_100_000}}, "enrichment_data"),
        ({"enrichment_data": [1]}, "enrichment_data"),
        ({"phone": "+442079460018"}, "phone"),
    ],
)
def test_wrong_fields_are_named(fields: dict[str, Any], field: str) -> None:
    answer = create(added()["id"], **fields)

    assert answer.status == 422
    assert [one["field"] for one in answer.json["errors"]] == [field]


def test_a_lead_that_is_not_there_or_erased_is_not_found() -> None:
    lead = added()
    call("leads/erase_lead", path={"lead_id": lead["id"]})

    assert create(lead["id"]).status == create("nobody").status == 404
