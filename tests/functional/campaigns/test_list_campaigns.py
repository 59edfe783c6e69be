"""GET /campaigns."""

from __future__ import annotations

from tests.functional.campaigns.campaigning import campaign, stand
from tests.harness import Clock, call


def test_campaigns_come_newest_first_in_pages(clock: Clock) -> None:
    made = []
    for number in range(3):
        clock.advance(seconds=1)
        made.append(campaign(name=f"C{number}"))

    first = call("campaigns/list_campaigns", query={"limit": "2"}).json
    second = call("campaigns/list_campaigns", query={"limit": "2", "cursor": first["next_cursor"]}).json

    assert [one["id"] for one in first["items"] + second["items"]] == made[::-1]
    assert second["next_cursor"] is None
    assert first["items"][0] == call("campaigns/get_campaign", path={"campaign_id": made[2]}).json


def test_campaigns_of_one_status() -> None:
    campaign()
    active = campaign()
    stand(active, "active")

    found = call("campaigns/list_campaigns", query={"status": "active"}).json["items"]

    assert [one["id"] for one in found] == [active]
    assert call("campaigns/list_campaigns", query={"status": "resting"}).status == 422
