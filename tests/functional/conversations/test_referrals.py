"""Where people come from: the link or the ad they followed into a conversation."""

from __future__ import annotations

from typing import Any

import pytest

from tests.functional.channels.accounts import MESSENGER, make
from tests.functional.conversations.talking import arrive, conversation, conversations, write
from tests.functional.webhooks.services import WHATSAPP, meta_message, meta_post, post_meta
from tests.harness import call

AT = 1772442000000
AD = {
    "ref": "ad-77",
    "source": "ADS",
    "type": "OPEN_THREAD",
    "ad_id": "604",
    "ads_context_data": {"ad_title": "Spring"},
}
LINK = {"ref": "card", "source": "SHORTLINK", "type": "OPEN_THREAD"}
NOTED = {"ref": "ad-77", "source": "ADS", "ad_id": "604", "title": "Spring", "at": "2026-03-02T09:00:00.000Z"}


def happened(channel: dict[str, Any], *bodies: dict[str, Any], at: int = AT) -> None:
    """These things, a second apart, in one post."""
    sides = {"sender": {"id": "7392015648120394"}, "recipient": {"id": channel["page_id"]}}
    events = [{**sides, "timestamp": at + 1000 * number, **body} for number, body in enumerate(bodies)]
    assert post_meta(channel, meta_post(*events)).status == 200
    arrive()


def source() -> str:
    (lead,) = call("leads/list_leads").json["items"]
    return str(lead["source"])


@pytest.mark.parametrize(
    "body",
    [
        {"message": {"mid": "m_1", "text": "Hi", "referral": AD}},
        {"postback": {"mid": "m_1", "title": "Get started", "payload": "START", "referral": AD}},
    ],
    ids=["with the first message", "with a button"],
)
def test_an_ad_is_where_the_conversation_and_the_lead_come_from(body: dict[str, Any]) -> None:
    happened(make(MESSENGER), body)

    assert conversation()["channel_metadata"] == {"referral": NOTED}
    assert source() == "ads"


def test_an_ad_before_the_first_word_is_remembered_until_it_is_said() -> None:
    channel = make(MESSENGER)
    happened(channel, {"referral": AD})
    assert conversations() == []
    happened(channel, {"message": {"mid": "m_1", "text": "Hi"}}, at=AT + 60_000)

    assert conversation()["channel_metadata"] == {"referral": NOTED}
    assert source() == "ads"


def test_the_last_link_counts_and_opens_the_window_and_the_lead_s_source_stays() -> None:
    channel = make(MESSENGER)
    assert post_meta(channel, meta_post(meta_message("m_1", "Hello", at=AT))).status == 200
    arrive()
    happened(channel, {"referral": LINK}, at=AT + 3_600_000)
    happened(channel, {"referral": AD}, at=AT)

    shown = conversation()
    assert shown["channel_metadata"] == {
        "referral": {"ref": "card", "source": "SHORTLINK", "at": "2026-03-02T10:00:00.000Z"}
    }
    assert source() == "messenger"


@pytest.mark.parametrize("referral", [7, [], {}, {"ref": 7}, {"ref": "x" * 3000, "ads_context_data": 1}])
def test_what_makes_no_sense_holds_nobody_up(referral: Any) -> None:
    happened(make(MESSENGER), {"message": {"mid": "m_1", "text": "Hi", "referral": referral}}, {"referral": referral})

    noted = (conversation()["channel_metadata"] or {}).get("referral") or {}
    assert len(noted.get("ref", "")) <= 500


def test_whatsapp_tells_of_ads_in_fields_of_its_own() -> None:
    told = {"ReferralSourceType": "ad", "ReferralSourceId": "604", "ReferralHeadline": "Spring"}
    write(make(WHATSAPP), **told)

    referral = conversation()["channel_metadata"]["referral"]
    assert {**referral, "at": None} == {"source": "ad", "ad_id": "604", "title": "Spring", "at": None}
    assert source() == "ads"
