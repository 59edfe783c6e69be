"""Who may be mailed, how often, and what weighs more."""

from __future__ import annotations

from typing import Any

import pytest

from leadflow.campaigns import rules
from leadflow.campaigns.enums import SuppressionReason
from leadflow.campaigns.rules import pages


@pytest.mark.parametrize(
    ("consent", "opted_out"),
    [
        ({}, False),
        ({"email": {"opted_in": True, "at": "2026-01-01T00:00:00.000Z"}}, False),
        ({"email": {"opted_in": False, "at": "2026-01-01T00:00:00.000Z"}}, True),
        ({"sms": {"opted_in": False, "at": "2026-01-01T00:00:00.000Z"}}, False),
    ],
)
def test_only_a_no_to_this_channel_is_a_no(consent: dict[str, Any], opted_out: bool) -> None:
    assert rules.opted_out({"consent": consent}, "email") is opted_out


def test_a_workflow_mail_may_be_sent_once_more_and_a_campaign_mail_never() -> None:
    assert rules.most_attempts(None) == 2
    assert rules.most_attempts("CAMP1") == 1


@pytest.mark.parametrize("reason", SuppressionReason.__args__)
def test_no_reason_outweighs_itself_and_a_bounce_outweighs_none(reason: str) -> None:
    assert not rules.outweighs(reason, reason)
    assert not rules.outweighs("bounce", reason)
    assert not rules.outweighs(reason, "spam_report")


def test_who_asked_to_leave_weighs_more_than_a_bounce() -> None:
    assert rules.outweighs("unsubscribe", "bounce")
    assert rules.outweighs("spam_report", "unsubscribe")


def test_the_picture_is_the_smallest_there_is() -> None:
    assert len(pages.PIXEL) == 43
    assert pages.PIXEL[:10] == b"GIF89a\x01\x00\x01\x00"
    assert pages.PIXEL[-1:] == b";"


@pytest.mark.parametrize(
    "page",
    [
        pages.not_found(),
        pages.ask_to_unsubscribe(),
        pages.unsubscribed(may_take_back=False),
        pages.unsubscribed(may_take_back=True),
        pages.subscribed_again(),
        pages.mail("x"),
    ],
)
def test_no_page_is_kept_or_tells_where_people_came_from(page: pages.PublicAnswer) -> None:
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "script" not in page.headers["content-security-policy"]
    assert "default-src 'none'" in page.headers["content-security-policy"]
