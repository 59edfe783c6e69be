"""GET /campaigns/{campaign_id}."""

from __future__ import annotations

from tests.harness import call


def test_no_such_campaign_is_not_found() -> None:
    assert call("campaigns/get_campaign", path={"campaign_id": "01NOPE"}).status == 404
