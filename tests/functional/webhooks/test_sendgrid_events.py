"""POST /webhooks/sendgrid/{channel_id}/events"""

from __future__ import annotations

import base64
import json
import os
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from leadflow.channels import store
from leadflow.core import aws, seams
from tests.functional.channels.accounts import EMAIL, SMS, make, signature
from tests.functional.webhooks.posts import TIMESTAMP, body_of, event, logged, post, queued
from tests.functional.wire import stored
from tests.harness import ROOT, Clock, call, door


def deliveries() -> list[dict[str, Any]]:
    return stored("Delivery")


def test_a_signed_post_is_stored_byte_by_byte_and_queued() -> None:
    channel, raw = make(), body_of(event(), event(name="open"))
    answer = post(channel["id"], raw)
    assert (answer.status, answer.text) == (204, "")
    (message,) = queued()
    assert list(message) == ["delivery_id"]
    delivery = store.find_delivery(message["delivery_id"])
    assert delivery is not None
    assert store.body_of(delivery) == raw
    assert (delivery.channel_id, delivery.provider, delivery.state) == (channel["id"], "sendgrid", "received")
    assert delivery.received_at == "2026-03-02T09:00:00.000Z"
    assert str(delivery.gsi3pk).startswith("DUE#delivery#")
    assert str(delivery.gsi3sk).startswith("2026-03-02T09:02:00.000Z#")
    assert delivery.expires_at is None


def test_the_same_post_again_is_one_delivery_with_the_time_it_first_came(clock: Clock) -> None:
    channel, raw = make(), body_of(event())
    assert post(channel["id"], raw).status == 204
    clock.advance(minutes=5)
    assert post(channel["id"], raw).status == 204
    (kept,) = deliveries()
    assert kept["received_at"]["S"] == "2026-03-02T09:00:00.000Z"
    assert len({message["delivery_id"] for message in queued()}) == 1


def test_other_bytes_another_time_or_another_channel_make_another_delivery() -> None:
    one, other = make(), make()
    raw = body_of(event())
    post(one["id"], raw)
    post(one["id"], raw + b" ")
    post(one["id"], raw, timestamp=str(int(TIMESTAMP) + 1))
    post(other["id"], raw)
    assert len(deliveries()) == 4


def test_a_large_post_lies_in_the_bucket() -> None:
    aws.client("s3").create_bucket(Bucket=os.environ["BUCKET_NAME"])
    channel = make()
    raw = body_of(*(event(f"1m{number}") for number in range(1000)))
    assert len(raw) > 50_000
    assert post(channel["id"], raw).status == 204
    (message,) = queued()
    delivery = store.find_delivery(message["delivery_id"])
    assert delivery is not None
    assert (delivery.raw, delivery.blob) == (None, f"deliveries/{delivery.id}")
    assert store.body_of(delivery) == raw


RAW = body_of(event())
WRONG_SIGNATURES = {
    "none": "",
    "no base64": "%%%",
    "no text a header holds": "\ud800",
    "no signature": base64.b64encode(b"x" * 70).decode(),
    "of another key": signature(TIMESTAMP, RAW, ec.generate_private_key(ec.SECP256R1())),
    "of other bytes": signature(TIMESTAMP, RAW + b" "),
    "of another time": signature(str(int(TIMESTAMP) + 1), RAW),
}


@pytest.mark.parametrize("signed", WRONG_SIGNATURES.values(), ids=WRONG_SIGNATURES)
def test_a_wrong_signature_stores_nothing(signed: str) -> None:
    channel = make()
    answer = post(channel["id"], RAW, signed=signed)
    assert answer.status == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert not deliveries()
    assert not queued()


@pytest.mark.parametrize("timestamp", ["", "yesterday", "-1", "1772442000.5", "9" * 30, "²"])
def test_a_time_that_is_none_stores_nothing_even_if_signed(timestamp: str) -> None:
    assert post(make()["id"], RAW, timestamp=timestamp).status == 401
    assert not deliveries()


def test_a_post_without_signature_headers_stores_nothing() -> None:
    channel = make()
    assert call("webhooks/sendgrid_events", RAW, path={"channel_id": channel["id"]}, scopes=None).status == 401
    assert not deliveries()


def test_a_channel_that_could_not_check_takes_nothing() -> None:
    channel = make(api_credentials={"api_key": "k"})
    assert post(channel["id"], RAW).status == 401
    assert not deliveries()


def test_there_is_no_such_channel() -> None:
    for channel_id in ("01HZX4", make(SMS)["id"]):
        assert post(channel_id, RAW).status == 404
    assert not deliveries()


def test_an_inactive_channel_still_hears_of_what_it_sent() -> None:
    assert post(make(is_active=False)["id"], RAW).status == 204


def test_a_body_in_base64_is_checked_as_it_was_sent() -> None:
    channel = make()
    sample = json.loads((ROOT / "events" / "webhooks" / "sendgrid_events.json").read_text(encoding="utf-8"))
    raw = sample["body"].encode()
    sample["body"], sample["isBase64Encoded"] = base64.b64encode(raw).decode(), True
    sample["pathParameters"]["channel_id"] = channel["id"]
    stamp = sample["headers"]["x-twilio-email-event-webhook-timestamp"]
    sample["headers"]["x-twilio-email-event-webhook-signature"] = signature(stamp, raw)
    assert door("webhooks/sendgrid_events")(sample, None)["statusCode"] == 204
    assert len(deliveries()) == 1


def test_over_four_and_a_half_megabytes_are_too_many() -> None:
    assert post(make()["id"], b" " * 4_500_001).status == 413
    assert not deliveries()


def test_a_queue_in_trouble_loses_nothing(monkeypatch: pytest.MonkeyPatch, cloud: seams.Seams) -> None:
    channel = make()
    monkeypatch.setenv("DELIVERIES_QUEUE_URL", "https://sqs.us-east-1.amazonaws.com/123456789012/gone")
    cloud.forget("settings")
    assert post(channel["id"], RAW).status == 204
    assert len(deliveries()) == 1


def test_a_table_in_trouble_makes_the_provider_send_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    channel = make()
    monkeypatch.setattr(store, "keep_delivery", lambda *_: 1 / 0)
    answer = post(channel["id"], RAW)
    assert answer.status == 500
    assert not queued()
    counted = [line for line in map(json.loads, capsys.readouterr().out.splitlines()) if "_aws" in line]
    assert [(one["IngestErrors"], one["service"]) for one in counted] == [([1.0], "leadflow")]
    assert "ZeroDivisionError" in logged(caplog.records)
    assert "ana@example.com" not in logged(caplog.records) + answer.text


def test_the_key_is_decrypted_once_for_many_posts() -> None:
    channel = make(api_credentials=EMAIL["api_credentials"])
    asked: list[str] = []
    events = aws.client("kms").meta.events

    def note(**_: Any) -> None:
        asked.append("decrypt")

    events.register("before-call.kms.Decrypt", note)
    for second in range(3):
        assert post(channel["id"], RAW, timestamp=str(int(TIMESTAMP) + second)).status == 204
    events.unregister("before-call.kms.Decrypt", note)
    assert len(asked) == 1
