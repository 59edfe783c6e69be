"""POST /campaigns."""

from __future__ import annotations

from typing import Any

import pytest

from leadflow.campaigns.schema import EmailCampaign
from tests.functional.campaigns.campaigning import EVERYONE, campaign, named
from tests.functional.campaigns.mailing import email_channel
from tests.harness import call

FULL: dict[str, Any] = {
    "name": "Spring offer",
    "description": "For everybody new",
    "target_audience": {"field": "lead.status", "op": "eq", "value": "new"},
    "audience_mode": "evergreen",
    "exclusions": {"condition": {"field": "lead.tags", "op": "contains", "value": "vip"}, "lead_ids": ["01A"]},
    "sender": "ana@leadflow.example",
    "from_name": "Ana",
    "reply_to": "answers@leadflow.example",
    "timezone": "Europe/Berlin",
    "send_window": {"days": ["mon", "fri"], "from": "09:00", "to": "17:00"},
    "frequency_cap": {"max": 2, "per_hours": 168},
    "rate_per_second": 50,
    "rate_per_hour": 10_000,
    "warm_up": [{"day": 1, "max": 500}, {"day": 3, "max": 2_000}],
    "stop_on_reply": False,
    "goal": {"event": "form_submitted"},
    "auto_pause": {"max_bounce_rate": 0.05},
    "unknown_policy": "fail",
}


def test_a_name_is_enough() -> None:
    answer = call("campaigns/create_campaign", {"name": "  Spring "})

    assert answer.status == 201, answer.text
    EmailCampaign.model_validate(answer.json)
    assert answer.headers["location"] == f"/campaigns/{answer.json['id']}"
    assert answer.etag == '"1"'
    assert answer.json["name"] == "Spring"
    assert answer.json["status"] == "draft"
    assert answer.json["created_by"] == "KEY1"
    assert (answer.json["audience_mode"], answer.json["stop_on_reply"]) == ("snapshot", True)
    for empty in ("target_audience", "send_window", "frequency_cap", "rate_per_second", "warm_up", "goal"):
        assert answer.json[empty] is None


def test_everything_a_campaign_can_have_is_kept() -> None:
    answer = call("campaigns/create_campaign", {**FULL, "channel_id": email_channel()})

    assert answer.status == 201, answer.text
    EmailCampaign.model_validate(answer.json)
    shown = answer.json
    assert {name: shown[name] for name in FULL} == {
        **FULL,
        "exclusions": {**FULL["exclusions"], "campaign_ids": []},
        "send_window": {**FULL["send_window"], "use_lead_timezone": True},
        "goal": {"event": "form_submitted", "condition": None},
        "auto_pause": {"max_bounce_rate": 0.05, "max_complaint_rate": None, "min_sent": 100},
    }
    assert call("campaigns/get_campaign", path={"campaign_id": shown["id"]}).json == shown


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"description": "x" * 1001}, "description"),
        ({"target_audience": {"field": "lead.shoe_size", "op": "eq", "value": 1}}, "target_audience.field"),
        ({"target_audience": {"field": "steps.1.opened", "op": "eq", "value": True}}, "target_audience.field"),
        ({"target_audience": []}, "target_audience"),
        (
            {"exclusions": {"condition": {"field": "lead.score", "op": "eq", "value": "x"}}},
            "exclusions.condition.value",
        ),
        ({"exclusions": {"lead_ids": ["a", "a"]}}, "exclusions.lead_ids"),
        ({"exclusions": {"campaign_ids": ["01NOPE"]}}, "exclusions.campaign_ids"),
        ({"audience_mode": "sometimes"}, "audience_mode"),
        ({"channel_id": "01NOPE"}, "channel_id"),
        ({"sender": "not an address"}, "sender"),
        ({"from_name": "a\r\nBcc: x"}, "from_name"),
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"send_window": {"from": "17:00", "to": "09:00"}}, "send_window"),
        ({"send_window": {"from": "9:00", "to": "17:00"}}, "send_window.from"),
        ({"send_window": {"from": "09:00", "to": "24:01"}}, "send_window.to"),
        ({"send_window": {"from": "09:00", "to": "17:00", "days": []}}, "send_window.days"),
        ({"send_window": {"from": "09:00", "to": "17:00", "days": ["mon", "mon"]}}, "send_window.days"),
        ({"frequency_cap": {"max": 0, "per_hours": 1}}, "frequency_cap.max"),
        ({"rate_per_second": 0}, "rate_per_second"),
        ({"warm_up": [{"day": 2, "max": 5}, {"day": 1, "max": 5}]}, "warm_up"),
        ({"goal": {}}, "goal"),
        ({"goal": {"event": "form_submitted", "condition": {"all": []}}}, "goal"),
        ({"goal": {"condition": {"field": "lead.x", "op": "exists"}}}, "goal.condition.field"),
        ({"auto_pause": {"max_bounce_rate": 5}}, "auto_pause.max_bounce_rate"),
        ({"unknown_policy": "send_again"}, "unknown_policy"),
        ({"status": "active"}, "status"),
    ],
)
def test_what_cannot_be_is_named(fields: dict[str, Any], field: str) -> None:
    assert field in named(call("campaigns/create_campaign", {"name": "Spring", **fields}))


def test_recipients_of_another_campaign_can_be_excluded() -> None:
    first = campaign()

    shown = call("campaigns/create_campaign", {"name": "B", "exclusions": {"campaign_ids": [first]}})

    assert shown.status == 201, shown.text
    assert shown.json["exclusions"]["campaign_ids"] == [first]


def test_a_channel_that_sends_no_mail_is_refused() -> None:
    body = {
        "channel_type": "sms",
        "api_credentials": {"account_sid": "AC" + "0" * 32, "auth_token": "t"},
        "phone_number": "+15005550006",
    }
    sms = call("channels/create_channel", body)
    assert sms.status == 201, sms.text

    answer = call("campaigns/create_campaign", {"name": "x", "target_audience": EVERYONE, "channel_id": sms.json["id"]})

    assert named(answer) == ["channel_id"]


def test_reading_rights_do_not_write() -> None:
    assert call("campaigns/create_campaign", {"name": "x"}, scopes="campaigns:read").status == 403
