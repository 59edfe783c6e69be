"""POST /webhooks/twilio/{channel_id}/status"""

from __future__ import annotations

from tests.functional.channels.accounts import make
from tests.functional.webhooks.posts import queued, work
from tests.functional.webhooks.services import SMS, WHATSAPP, Arrivals, post_twilio, sample
from tests.functional.wire import stored


def test_a_callback_is_stored_and_says_what_became_of_which_message() -> None:
    channel = make(WHATSAPP)

    answer = post_twilio(channel, sample("twilio/status_failed.form"), status=True, query={"m": "01OURS"})

    assert (answer.status, answer.text) == (204, "")
    arrivals = Arrivals()
    assert work(*queued(), hand_on=arrivals.take) == []
    ((arrival, channel_id, _),) = arrivals
    assert (arrival.kind, channel_id) == ("status", channel["id"])
    report = arrival.report
    assert report is not None
    assert (report.status, report.error_code, report.reference) == ("failed", "63016", "01OURS")


def test_each_status_of_a_message_is_a_delivery_of_its_own() -> None:
    channel = make(SMS)
    for status in ("queued", "sent", "delivered", "sent"):
        raw = f"MessageSid=SM1&MessageStatus={status}&From=%2B12025550107&To=%2B14155550143".encode()
        assert post_twilio(channel, raw, status=True).status == 204

    assert len(stored("Delivery")) == 3


def test_a_signature_of_the_other_url_does_not_fit() -> None:
    channel = make(SMS)
    elsewhere = {**channel, "webhook_url": channel["webhook_url"] + "/status"}

    assert post_twilio(elsewhere, sample("twilio/status_delivered.form"), status=True).status == 401
    assert not stored("Delivery")
