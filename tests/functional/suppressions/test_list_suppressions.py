"""GET /suppressions."""

from __future__ import annotations

import pytest

from leadflow.campaigns.schema import Suppression
from tests.harness import Clock, call


def test_suppressions_are_listed_newest_first_and_by_what_is_asked(clock: Clock) -> None:
    made = []
    for number, (channel, reason) in enumerate([("email", "manual"), ("email", "bounce"), ("sms", "manual")]):
        clock.advance(seconds=1)
        address = f"a{number}@example.com" if channel == "email" else "+16502530000"
        body = {"channel": channel, "address": address, "reason": reason}
        made.append(call("suppressions/add_suppression", body).json)

    def listed(**query: str) -> list[int]:
        items = call("suppressions/list_suppressions", query=query).json["items"]
        return [made.index(item) for item in items]

    assert listed() == [2, 1, 0]
    assert listed(channel="email") == [1, 0]
    assert listed(reason="manual") == [2, 0]
    assert listed(channel="email", reason="manual") == [0]
    assert listed(address="A1@example.com") == [1]
    assert listed(address="a1@example.com", reason="manual") == []
    assert listed(address="a1@example.com", channel="sms") == []
    Suppression.model_validate(made[0])
    page = call("suppressions/list_suppressions", query={"limit": "2"}).json
    rest = call("suppressions/list_suppressions", query={"limit": "2", "cursor": page["next_cursor"]}).json
    assert [made.index(item) for item in rest["items"]] == [0]
    asked = {"address": "a1@example.com", "cursor": page["next_cursor"]}
    assert call("suppressions/list_suppressions", query=asked).status == 400
    assert call("suppressions/list_suppressions", query={"reason": "because"}).status == 422


@pytest.mark.parametrize("spelling", ["+16502530000", "+1 (650) 253-0000", " 16502530000", "16502530000"])
def test_a_number_is_found_however_it_is_written(spelling: str) -> None:
    body = {"channel": "whatsapp", "address": "+1 650-253-0000"}
    made = call("suppressions/add_suppression", body).json

    assert call("suppressions/list_suppressions", query={"address": spelling}).json["items"] == [made]
    asked = {"address": spelling, "channel": "whatsapp"}
    assert call("suppressions/list_suppressions", query=asked).json["items"] == [made]


def test_an_email_is_found_by_what_a_query_makes_of_its_plus_sign() -> None:
    made = call("suppressions/add_suppression", {"channel": "email", "address": "ana+news@example.com"}).json

    assert call("suppressions/list_suppressions", query={"address": "Ana news@example.com"}).json["items"] == [made]
    assert call("suppressions/list_suppressions", query={"address": "@17841400000000000"}).json["items"] == []
