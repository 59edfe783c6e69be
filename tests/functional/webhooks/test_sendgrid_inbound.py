"""POST /webhooks/sendgrid/{channel_id}/inbound"""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from leadflow.channels import store
from leadflow.channels.rules.arrivals import Arrival
from tests.functional.channels.accounts import make, signature
from tests.functional.webhooks.posts import TIMESTAMP, queued, work
from tests.functional.webhooks.services import INBOUND_SECRET, MAIL, SMS, Arrivals, multipart, post_mail, sample
from tests.functional.wire import stored


def fields_of(name: str) -> dict[str, Any]:
    fields = json.loads(sample(f"sendgrid/{name}.json"))
    files = fields.pop("_files", {})
    if "text" in fields:
        fields["text"] = fields["text"].encode("iso-8859-1")
    for each, file in files.items():
        fields[each] = (file["filename"], file["content_type"], base64.b64decode(file["content_base64"]))
    return fields


def arrived(raw: bytes) -> Arrival:
    channel = make(MAIL)
    assert post_mail(channel, raw).status == 204
    arrivals = Arrivals()
    assert work(*queued(), hand_on=arrivals.take) == []
    ((arrival, channel_id, _),) = arrivals
    assert channel_id == channel["id"]
    return arrival


def test_a_mail_arrives_with_its_thread_and_its_files() -> None:
    arrival = arrived(multipart(fields_of("inbound_parse")))

    assert (arrival.kind, arrival.channel_type, arrival.automatic) == ("message", "email", False)
    assert (arrival.person, arrival.person_name) == ("ana@acme-demo.example", "Ana Ruiz")
    assert arrival.account_id == "reply+msg_0001.9f2c1e@inbound.example.com"
    assert arrival.provider_message_id == "CAF7x1k0demo@mail.acme-demo.example"
    assert arrival.in_reply_to == "q7Vt2mXkRzO4nB8sLw0eYg@geopod-ismtpd-12"
    assert arrival.references == ("q7Vt2mXkRzO4nB8sLw0eYg@geopod-ismtpd-12",)
    assert arrival.subject == "Re: Quick question about Acme"
    assert arrival.text is not None
    assert arrival.text.startswith("Tuesday at 10 works for me.")
    assert [(one.name, one.media_type, one.content) for one in arrival.attachments] == [
        ("logo.png", "image/png", b"\x89PNG\r\n\x1a\n"),
        ("brief.pdf", "application/pdf", b"%PDF-1.4\n"),
    ]


def test_a_whole_mail_arrives_the_same() -> None:
    arrival = arrived(multipart(fields_of("inbound_parse_raw_mode")))

    assert arrival.provider_message_id == "CAF7x1k0demo@mail.acme-demo.example"
    assert arrival.person == "ana@acme-demo.example"
    assert arrival.in_reply_to == "q7Vt2mXkRzO4nB8sLw0eYg@geopod-ismtpd-12"


PROOFS: dict[str, dict[str, Any]] = {
    "in the query": {"secret": INBOUND_SECRET},
    "as the password": {
        "secret": None,
        "Authorization": "Basic " + base64.b64encode(f"parse:{INBOUND_SECRET}".encode()).decode(),
    },
}


@pytest.mark.parametrize("proof", PROOFS.values(), ids=PROOFS)
def test_the_secret_proves_it(proof: dict[str, Any]) -> None:
    assert post_mail(make(MAIL), multipart(fields_of("inbound_parse")), **proof).status == 204


def test_a_signature_proves_it() -> None:
    raw = multipart(fields_of("inbound_parse"))
    headers = {
        "X-Twilio-Email-Event-Webhook-Signature": signature(TIMESTAMP, raw),
        "X-Twilio-Email-Event-Webhook-Timestamp": TIMESTAMP,
    }
    assert post_mail(make(MAIL), raw, secret=None, **headers).status == 204


REFUSED: dict[str, dict[str, Any]] = {
    "none": {"secret": None},
    "another": {"secret": "wrong"},
    "another password": {"secret": None, "Authorization": "Basic eDp5"},
    "no base64": {"secret": None, "Authorization": "Basic %%%"},
    "a key of ours": {"secret": None, "Authorization": f"Bearer {INBOUND_SECRET}"},
}


@pytest.mark.parametrize("proof", REFUSED.values(), ids=REFUSED)
def test_without_proof_nothing_is_stored(proof: dict[str, Any]) -> None:
    assert post_mail(make(MAIL), multipart(fields_of("inbound_parse")), **proof).status == 401
    assert not stored("Delivery")


def test_no_such_channel() -> None:
    assert post_mail({"id": "01HZX4"}, b"").status == 404
    assert post_mail(make(SMS), b"").status == 404


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"--xYzZY", multipart({"text": "no headers"}), b"{}", b"a=b"])
def test_what_is_no_mail_is_taken_and_parked(raw: bytes) -> None:
    assert post_mail(make(MAIL), raw).status == 204
    (message,) = queued()
    assert work(message) == []
    delivery = store.find_delivery(message["delivery_id"])
    assert delivery is not None
    assert delivery.state == "parked"


def test_a_mail_that_is_too_large_is_413() -> None:
    assert post_mail(make(MAIL), multipart({"headers": "From: a@b.example", "text": "x" * 4_600_000})).status == 413
