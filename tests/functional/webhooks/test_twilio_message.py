"""POST /webhooks/twilio/{channel_id}"""

from __future__ import annotations

import pytest

from leadflow.channels import store
from tests.functional.channels.accounts import EMAIL, make
from tests.functional.webhooks.posts import queued, work
from tests.functional.webhooks.services import SMS, WHATSAPP, Arrivals, form, post_meta, post_twilio, sample
from tests.functional.wire import stored
from tests.harness import Clock, call


def test_a_signed_message_is_stored_as_it_came_and_told_on() -> None:
    channel, raw = make(SMS), sample("twilio/sms_inbound.form")

    answer = post_twilio(channel, raw)

    assert (answer.status, answer.headers["content-type"]) == (200, "text/xml")
    assert answer.text == '<?xml version="1.0" encoding="UTF-8"?><Response/>'
    (message,) = queued()
    delivery = store.find_delivery(message["delivery_id"])
    assert delivery is not None
    assert store.body_of(delivery) == raw
    assert (delivery.provider, delivery.webhook, delivery.state) == ("twilio", "messages", "received")


@pytest.mark.parametrize("name", ["sms_inbound", "whatsapp_inbound", "whatsapp_media_inbound"])
def test_samples_arrive_at_their_channel(name: str) -> None:
    channel = make(WHATSAPP if "whatsapp" in name else SMS)
    post_twilio(channel, sample(f"twilio/{name}.form"))

    arrivals = Arrivals()
    assert work(*queued(), hand_on=arrivals.take) == []

    ((arrival, channel_id, _),) = arrivals
    assert channel_id == channel["id"]
    assert (arrival.kind, arrival.person, arrival.account_id) == ("message", "+12025550143", "+12025550107")
    assert stored("Delivery")[0]["state"]["S"] == "processed"


def test_the_same_post_twice_is_one_delivery(clock: Clock) -> None:
    channel = make(SMS)
    post_twilio(channel, form())
    clock.advance(seconds=20)
    post_twilio(channel, form())

    assert len(stored("Delivery")) == 1


def test_a_query_in_the_url_is_part_of_what_is_signed() -> None:
    channel = make(SMS)

    assert post_twilio(channel, form(), query={"ch": "42", "blank": ""}).status == 200


WRONG = {"none": "", "another's": "AAAAAAAAAAAAAAAAAAAAAAAAAAA=", "no text a header holds": "\ud800"}


@pytest.mark.parametrize("signature", WRONG.values(), ids=WRONG)
def test_without_a_good_signature_nothing_is_stored(signature: str) -> None:
    answer = post_twilio(make(SMS), form(), signature=signature)

    assert (answer.status, answer.json["status"]) == (401, 401)
    assert not stored("Delivery")
    assert not queued()


def test_a_changed_word_breaks_the_signature() -> None:
    channel, headers = make(SMS), {"X-Twilio-Signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="}
    answer = call(
        "webhooks/twilio_message", form(Body="Bye"), path={"channel_id": channel["id"]}, headers=headers, scopes=None
    )

    assert answer.status == 401


def test_posts_for_no_channel_or_one_of_another_provider_are_404() -> None:
    nowhere = {"id": "01HZX4", "webhook_url": "https://api.leadflow.test/webhooks/twilio/01HZX4"}

    assert post_twilio(nowhere, form()).status == 404
    mail = make(EMAIL)
    assert post_twilio({**mail, "webhook_url": nowhere["webhook_url"]}, form()).status == 404
    assert post_meta(make(SMS), b"{}").status == 404


def test_a_large_body_is_413_with_a_good_signature_or_without() -> None:
    assert post_twilio(make(SMS), form(Body="x" * 4_600_000), signature="AAAA").status == 413
    assert not stored("Delivery")


def test_far_more_fields_than_twilio_sends_are_no_signed_message() -> None:
    raw = form(**{f"F{number}": "x" for number in range(2_000)})

    assert post_twilio(make(SMS), raw).status == 401


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe", b"%ff=%fe", b"nothing", b"From=&To=&MessageSid="])
def test_signed_garbage_is_parked_with_its_reason(raw: bytes) -> None:
    channel = make(SMS)
    if raw.startswith(b"\xff"):
        assert post_twilio(channel, raw, signature="AAAA").status == 401
        return
    assert post_twilio(channel, raw).status in (200, 401)
    for message in queued():
        assert work(message) == []
        delivery = store.find_delivery(message["delivery_id"])
        assert delivery is not None
        assert delivery.state == ("processed" if not raw else "parked")


def test_a_message_for_another_number_goes_to_the_channel_that_has_it_and_shares_the_token() -> None:
    at, other = make(SMS), make(SMS, phone_number="+12025550199")
    stranger = {**SMS["api_credentials"], "auth_token": "of somebody else"}
    make(SMS, phone_number="+12025550188", api_credentials=stranger)
    post_twilio(at, form(To="+12025550199"))
    post_twilio(at, form(To="+12025550188", MessageSid="SM2"))

    arrivals = Arrivals()
    work(*queued(), hand_on=arrivals.take)

    assert [(arrival.account_id, channel_id) for arrival, channel_id, _ in arrivals] == [("+12025550199", other["id"])]
    parked = [item for item in stored("Delivery") if item["state"]["S"] == "parked"]
    assert [item["reason"]["S"] for item in parked] == [
        "1 of 1 entries are parked: No channel of type sms here has the account it came to."
    ]


def test_stop_is_a_wish_and_a_message() -> None:
    channel = make(SMS)
    post_twilio(channel, form(Body=" Stop "))

    arrivals = Arrivals()
    work(*queued(), hand_on=arrivals.take)

    assert [arrival.kind for arrival, _, _ in arrivals] == ["optout", "message"]


def test_the_former_token_verifies_for_a_while_after_it_was_replaced(clock: Clock) -> None:
    channel = make(SMS)
    changes = {"api_credentials": {"auth_token": "the new one"}, "credential_grace_hours": 2}
    assert call("channels/update_channel", changes, path={"channel_id": channel["id"]}).status == 200

    assert post_twilio(channel, form(), token="the new one").status == 200
    assert post_twilio(channel, form(MessageSid="SM2")).status == 200
    clock.advance(hours=2, seconds=1)
    assert post_twilio(channel, form(MessageSid="SM3")).status == 401
    assert post_twilio(channel, form(MessageSid="SM3"), token="the new one").status == 200
