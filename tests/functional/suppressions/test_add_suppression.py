"""POST /suppressions."""

from __future__ import annotations

from typing import Any

import pytest

from leadflow.campaigns import service as campaigns
from leadflow.campaigns.schema import Suppression
from tests.harness import Answer, call


def add(**body: Any) -> Answer:
    return call("suppressions/add_suppression", {"channel": "email", "address": "ada@example.com", **body})


def test_an_address_is_suppressed() -> None:
    answer = add(address=" Ada@Example.com ", source="import 7")

    assert answer.status == 201, answer.text
    Suppression.model_validate(answer.json)
    assert answer.headers["location"] == f"/suppressions/{answer.json['id']}"
    assert (answer.json["address"], answer.json["reason"]) == ("Ada@example.com", "manual")
    assert campaigns.is_suppressed("email", "ada@example.com") == "manual"


def test_adding_it_again_answers_what_is_on_file() -> None:
    first = add(reason="unsubscribe").json

    assert add(reason="bounce").json == first
    heavier = add(reason="spam_report").json
    assert (heavier["id"], heavier["reason"]) == (first["id"], "spam_report")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"address": "nobody"}, "address"),
        ({"address": ""}, "address"),
        ({"channel": "sms", "address": "5551234"}, "address"),
        ({"channel": "fax"}, "channel"),
        ({"reason": "because"}, "reason"),
        ({"lead_id": "x"}, "lead_id"),
    ],
)
def test_what_cannot_be_is_named(body: dict[str, Any], field: str) -> None:
    answer = add(**body)

    assert answer.status == 422
    assert answer.json["errors"][0]["field"] == field
    assert "nobody" not in answer.json["detail"]


def test_numbers_are_kept_in_one_form() -> None:
    answer = add(channel="sms", address="+1 650 253 0000")

    assert answer.json["address"] == "+16502530000"
    assert campaigns.is_suppressed("sms", "+16502530000") == "manual"
