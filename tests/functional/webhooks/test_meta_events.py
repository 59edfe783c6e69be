"""POST /webhooks/meta/{channel_id}"""

from __future__ import annotations

import json
import os

import pytest

from leadflow.channels import store
from leadflow.core import aws
from leadflow.core.errors import InProgress
from tests.functional.channels.accounts import MESSENGER, make
from tests.functional.webhooks.posts import logged, queued, work
from tests.functional.webhooks.services import (
    INSTAGRAM,
    Arrivals,
    form,
    meta_message,
    meta_post,
    meta_signature,
    post_meta,
    post_twilio,
    sample,
)
from tests.functional.wire import stored
from tests.harness import Clock, call


def test_a_signed_post_is_stored_byte_by_byte() -> None:
    channel, raw = make(MESSENGER), sample("facebook/batch_mixed.json")

    assert post_meta(channel, raw).status == 200
    (message,) = queued()
    delivery = store.find_delivery(message["delivery_id"])
    assert delivery is not None
    assert store.body_of(delivery) == raw


@pytest.mark.parametrize(
    "signature",
    ["", "sha256=", "sha1=" + "0" * 40, meta_signature(b"other"), meta_signature(b"{}").upper(), "sha256=\ud800"],
)
def test_without_a_good_signature_nothing_is_stored(signature: str) -> None:
    assert post_meta(make(MESSENGER), b"{}", signature=signature).status == 401
    assert not stored("Delivery")


def test_every_entry_of_a_batch_goes_to_its_page_in_order_and_those_of_no_channel_are_parked() -> None:
    first, second = make(MESSENGER), make(MESSENGER, page_id="102938400000002")
    post_meta(first, sample("facebook/batch_mixed.json"))

    arrivals = Arrivals()
    assert work(*queued(), hand_on=arrivals.take) == []

    at_first = [(one.kind, one.provider_message_id) for one, channel_id, _ in arrivals if channel_id == first["id"]]
    assert at_first == [
        ("message", "m_MIX0002"),
        ("message", "m_MIX0001"),
        ("message", "m_MIX0001"),
        ("quick_reply", "m_MIX0003"),
        ("echo", "m_OUT0004"),
        ("reaction", "m_OUT0003"),
        ("reaction", "m_OUT0003"),
        ("edit", "m_MIX0001"),
        ("delivered", None),
        ("read", None),
    ]
    at_second = [one.kind for one, channel_id, _ in arrivals if channel_id == second["id"]]
    assert at_second == ["referral", "postback", "standby"]
    (kept,) = stored("Delivery")
    assert kept["state"]["S"] == "parked"
    (shown,) = call("webhooks/list_inbox", query={"state": "parked"}).json["items"]
    assert (shown["entries"], len(shown["parked_entries"])) == (14, 1)
    assert "No channel of type messenger" in shown["reason"]


def test_a_page_whose_channel_has_another_app_gets_nothing() -> None:
    stranger = {**MESSENGER["api_credentials"], "app_secret": "of another app"}
    at = make(MESSENGER)
    make(MESSENGER, page_id="102938400000002", api_credentials=stranger)
    post_meta(at, meta_post(meta_message("m_1", "Hello"), page="102938400000002"))

    arrivals = Arrivals()
    work(*queued(), hand_on=arrivals.take)

    assert not arrivals
    assert stored("Delivery")[0]["state"]["S"] == "parked"


def test_instagram_comes_by_the_url_of_the_page_and_goes_to_its_own_channel() -> None:
    page, gram = make(MESSENGER), make(INSTAGRAM)
    raw = sample("facebook/instagram_text.json")
    account = json.loads(raw)["entry"][0]["id"]
    call("channels/update_channel", {"page_id": account}, path={"channel_id": gram["id"]})
    post_meta(page, raw)

    arrivals = Arrivals()
    work(*queued(), hand_on=arrivals.take)

    assert [(one.channel_type, channel_id) for one, channel_id, _ in arrivals] == [("instagram", gram["id"])]


GARBAGE = [b"", b"[]", b"7", b"not json", b"\xff\xfe", b'{"object": "page"}', b'{"object": "user", "entry": []}']


@pytest.mark.parametrize("raw", [*GARBAGE, b"[" * 100_000, form()])
def test_signed_garbage_is_taken_and_parked(raw: bytes) -> None:
    aws.client("s3").create_bucket(Bucket=os.environ["BUCKET_NAME"])
    channel = make(MESSENGER)

    assert post_meta(channel, raw).status == 200
    assert work(*queued()) == []
    (kept,) = stored("Delivery")
    assert kept["state"]["S"] == ("parked" if raw else "processed")
    assert not raw or kept["reason"]["S"].startswith("The delivery cannot be read: ")


def test_a_payload_of_another_provider_does_not_pass() -> None:
    channel = make(MESSENGER)
    elsewhere = {**channel, "webhook_url": channel["webhook_url"].replace("meta", "twilio")}

    assert post_twilio(elsewhere, form()).status == 404


def test_bodies_up_to_the_bound_are_taken_and_larger_ones_refused() -> None:
    aws.client("s3").create_bucket(Bucket=os.environ["BUCKET_NAME"])
    channel = make(MESSENGER)

    assert post_meta(channel, meta_post(meta_message("m_1", "x" * 4_000_000))).status == 200
    assert post_meta(channel, meta_post(meta_message("m_1", "x" * 6_000_000))).status == 413
    assert len(stored("Delivery")) == 1


def test_ten_thousand_entries_are_all_worked_on() -> None:
    aws.client("s3").create_bucket(Bucket=os.environ["BUCKET_NAME"])
    channel = make(MESSENGER)
    post_meta(
        channel, meta_post(*(meta_message(f"m_{number}", "x", at=1772442000000 + number) for number in range(10_000)))
    )

    arrivals = Arrivals()
    while messages := queued():
        assert work(*messages, hand_on=arrivals.take) == []

    assert [one.provider_message_id for one, _, _ in arrivals] == [f"m_{number}" for number in range(10_000)]
    assert stored("Delivery")[0]["entries"]["N"] == "10000"


def test_a_long_delivery_goes_on_where_its_time_was_over(clock: Clock) -> None:
    channel = make(MESSENGER)
    post_meta(channel, meta_post(*(meta_message(f"m_{number}", "x") for number in range(10))))
    seen: list[str] = []

    def slow(arrival, *_) -> None:
        seen.append(arrival.provider_message_id)
        clock.advance(seconds=10)

    rounds = 0
    while messages := queued():
        assert work(*messages, hand_on=slow) == []
        rounds += 1

    assert seen == [f"m_{number}" for number in range(10)]
    assert rounds == 3
    assert stored("Delivery")[0]["state"]["S"] == "processed"


def test_a_poisoned_entry_holds_nobody_up_and_one_that_may_pass_is_tried_again() -> None:
    channel = make(MESSENGER)
    broken = {"sender": {"id": "1"}, "recipient": {"id": "2"}, "message": {"text": "no mid"}}
    post_meta(channel, meta_post(meta_message("m_1", "x"), broken, meta_message("m_2", "x"), meta_message("m_3", "x")))
    tries: list[str] = []

    def handle(arrival, *_) -> None:
        tries.append(arrival.provider_message_id)
        if arrival.provider_message_id == "m_2" and tries.count("m_2") == 1:
            raise InProgress("another is at it")

    (message,) = queued()
    assert work(message, hand_on=handle) == ["0"]
    assert work(message, hand_on=handle) == []

    assert tries == ["m_1", "m_2", "m_3"] * 2
    (shown,) = call("webhooks/list_inbox").json["items"]
    assert shown["parked_entries"] == [{"entry": "1.messaging.0", "reason": "It cannot be read: there is no mid."}]
    assert shown["reason"] == "1 of 4 entries are parked: It cannot be read: there is no mid."


def test_logs_hold_nothing_of_what_was_said(caplog: pytest.LogCaptureFixture) -> None:
    channel = make(MESSENGER)
    post_meta(channel, meta_post(meta_message("m_1", "a secret word")))
    post_meta(channel, meta_post(meta_message("m_1", "a secret word")), signature="sha256=00")
    work(*queued())

    assert "secret word" not in logged(caplog.records)
    assert "7392015648120394" not in logged(caplog.records)
