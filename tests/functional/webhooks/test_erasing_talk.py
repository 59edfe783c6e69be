"""What people said goes from the posts it came by when they are erased, whatever the provider."""

from __future__ import annotations

import re
from typing import Any

import pytest

from leadflow.channels import store
from leadflow.core import aws
from tests.functional.channels.accounts import MESSENGER, make
from tests.functional.leads import announced, erasing
from tests.functional.leads.people import added
from tests.functional.webhooks.posts import queued, work
from tests.functional.webhooks.services import (
    MAIL,
    SMS,
    form,
    meta_message,
    meta_post,
    multipart,
    post_mail,
    post_meta,
    post_twilio,
)
from tests.functional.wire import stored
from tests.harness import Clock, call

SOMEBODY, OTHER = "7392015648120394", "7000000000000001"


def kept() -> str:
    """Everything that is kept in the table, the bodies of posts in the clear."""
    return " ".join(repr(item) + item.get("raw", {"B": b""})["B"].decode(errors="replace") for item in stored())


def erase(source: str, count: int = 1) -> None:
    leads = call("leads/list_leads", query={"source": source}).json["items"]
    assert len(leads) == count
    lead = leads[-1]
    assert erasing.erase(lead["id"]).status == 202
    assert announced.work(*erasing.queued()) == []


def test_of_a_batch_of_meta_s_only_the_person_s_events_go() -> None:
    channel = make(MESSENGER)
    theirs = [meta_message("m_1", "marmalade"), meta_message("m_2", "more marmalade")]
    echo = {**meta_message("m_3", "marmalade for you"), "sender": {"id": "102938400000001"}}
    echo |= {"recipient": {"id": SOMEBODY}, "message": {**echo["message"], "is_echo": True}}
    post_meta(channel, meta_post(*theirs, echo, meta_message("m_4", "honey", sender=OTHER, at=1772442009000)))
    work(*queued())
    leads = call("leads/list_leads", query={"source": "messenger"}).json["items"]
    said = {lead["id"] for lead in leads}
    assert len(said) == 2

    for lead in leads:
        found = [item for item in stored("ChannelIdentity") if item["lead_id"]["S"] == lead["id"]]
        if found[0]["person"]["S"] == SOMEBODY:
            assert erasing.erase(lead["id"]).status == 202
    assert announced.work(*erasing.queued()) == []

    assert "marmalade" not in kept()
    assert SOMEBODY not in kept()
    assert "honey" in kept()
    assert OTHER in kept()


@pytest.mark.parametrize("provider", ["twilio", "mail"])
def test_a_post_about_one_person_is_emptied(provider: str) -> None:
    if provider == "twilio":
        post_twilio(make(SMS), form(Body="marmalade"))
    else:
        headers = "From: Ada <zebedee@example.com>\r\nTo: hello@acme.example\r\nMessage-ID: <1@x>\r\nSubject: Hi"
        post_mail(make(MAIL), multipart({"headers": headers, "text": "marmalade"}))
    work(*queued())
    assert "marmalade" in kept()

    erase("sms" if provider == "twilio" else "email")

    assert not re.search(r"marmalade|zebedee|14155550143", kept())
    (delivery,) = stored("Delivery")
    assert delivery["state"]["S"] == "processed"


def test_of_a_number_that_went_to_another_lead_what_the_former_said_goes(clock: Clock) -> None:
    channel = make(SMS)
    post_twilio(channel, form(Body="marmalade"))
    work(*queued())
    (former,) = call("leads/list_leads").json["items"]
    path = {"lead_id": former["id"]}
    assert call("leads/update_lead", {"phone": None, "email": "zebedee@example.com"}, path=path).status == 200
    added(phone="+14155550143")
    for sid in ("SM2", "SM3"):
        clock.advance(minutes=1)
        post_twilio(channel, form(MessageSid=sid, Body=f"honey {sid}"))
        work(*queued())

    assert erasing.erase(former["id"]).status == 202
    assert announced.work(*erasing.queued()) == []

    assert "marmalade" not in kept()
    posts = "".join(item["raw"]["B"].decode() for item in stored("Delivery"))
    assert "honey+SM3" in posts, "what is said by who has the number now is none of it"
    assert {item["content"]["S"] for item in stored("Message")} == {"honey SM2", "honey SM3"}


def test_who_writes_again_after_they_were_erased_leaves_nothing() -> None:
    channel = make(MESSENGER)
    post_meta(channel, meta_post(meta_message("m_1", "marmalade")))
    work(*queued())
    erase("messenger")
    post_meta(channel, meta_post(meta_message("m_2", "marmalade again"), meta_message("m_3", "honey", sender=OTHER)))

    assert work(*queued()) == []

    assert "marmalade" not in kept()
    assert SOMEBODY not in kept()
    assert "honey" in kept()


def test_an_emptied_post_is_replayed_to_nothing(cloud: Any) -> None:
    post_twilio(make(SMS), form(Body="marmalade"))
    work(*queued())
    erase("sms")
    (delivery,) = stored("Delivery")
    found = store.find_delivery(delivery["id"]["S"])
    assert found is not None
    assert store.body_of(found) == b""
    assert aws.client("sqs")

    call("webhooks/replay_inbox", path={"delivery_id": found.id})
    assert work(*queued()) == []

    assert stored("Delivery")[0]["entries"]["N"] == "0"
    assert "marmalade" not in kept()
