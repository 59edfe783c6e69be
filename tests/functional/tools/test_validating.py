"""`make validate`: what the product writes is in order, and what is not is named."""

from __future__ import annotations

from typing import Any

import pytest

from leadflow.core import aws, seams
from leadflow.core.settings import settings
from local.tools import validating
from tests.harness import call


def put(item: dict[str, Any]) -> None:
    aws.client("dynamodb").put_item(TableName=settings().table_name, Item=item)


@pytest.fixture
def lead(cloud: seams.Seams) -> dict[str, Any]:
    made: dict[str, Any] = call(
        "leads/create_lead", body={"name": "Ada", "email": "ada@example.com", "source": "api"}
    ).json
    call(
        "signals/record_signal",
        path={"lead_id": made["id"]},
        body={"signal_type": "website_visit", "signal_data": {}, "score_impact": 3},
    )
    return made


def test_what_the_product_wrote_is_in_order(lead: dict[str, Any]) -> None:
    report = validating.validate()

    assert report.problems == []
    assert report.counts["Lead"] == 1
    assert report.counts["IntentSignal"] == 1


def test_what_is_still_to_be_removed_is_in_order(cloud: seams.Seams) -> None:
    campaign_id = call("campaigns/create_campaign", {"name": "Gone"}).json["id"]
    assert call("campaigns/delete_campaign", path={"campaign_id": campaign_id}).status == 204

    report = validating.validate()

    assert (report.problems, report.counts["CampaignRemoval"]) == ([], 1)


@pytest.mark.parametrize(("more", "problems"), [({"expires_at": {"N": "4102444800"}}, 0), ({}, 1)])
def test_what_outlives_a_run_is_in_order_as_long_as_it_ends(
    cloud: seams.Seams, more: dict[str, Any], problems: int
) -> None:
    """Erasing a person leaves the marks of their counted runs for two days."""
    keys = {"pk": {"S": "WX#01JZ0000000000000000000001"}, "sk": {"S": "CNT#started"}}
    put({**keys, "type": {"S": "CountedMark"}, "v": {"N": "1"}, **more})

    assert len(validating.validate().problems) == problems


def test_every_kind_states_its_key() -> None:
    for name, kind in validating.item_classes().items():
        if "pk `" in (kind.__doc__ or ""):
            assert set(validating.key_patterns(kind)) == {"pk", "sk"}, name


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"type": {"S": "Spaceship"}}, "its type is none of the product's"),
        ({"surprise": {"S": "ada@example.com"}}, "has surprise, which its type does not know"),
        ({"sk": {"S": "SIGNAL"}}, "its sk is not as its class says"),
        ({"gsi1pk": {"S": "X"}}, "has half a key of GSI1"),
        ({"score_impact": {"S": "much"}}, "cannot be read: "),
        ({"pk": {"S": "LEAD#nobody"}}, "nothing it belongs to"),
    ],
)
def test_what_is_not_in_order_is_named(lead: dict[str, Any], changed: dict[str, Any], told: str) -> None:
    found = aws.client("dynamodb").query(
        TableName=settings().table_name,
        KeyConditionExpression="pk = :p AND begins_with(sk, :s)",
        ExpressionAttributeValues={":p": {"S": f"LEAD#{lead['id']}"}, ":s": {"S": "SIG#"}},
    )["Items"][0]
    put({**found, **changed})

    report = validating.validate()

    assert any(told in problem for problem in report.problems)
    assert "ada@example.com" not in "\n".join(validating.told(report))
