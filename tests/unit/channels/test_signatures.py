"""Signatures of webhooks: ECDSA on P-256 over timestamp and raw body."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from sendgrid.helpers.eventwebhook import EventWebhook

from leadflow.channels.providers.signatures import p256_key, signed_by

KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC = base64.b64encode(KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
# A post as SendGrid's own libraries test their verification with it.
OFFICIAL_KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6"
    "wEA3F+g=="
)
OFFICIAL_SIGNATURE = "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM="
OFFICIAL_BODY = (
    b'[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address",'
    b'"sg_event_id":"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA",'
    b'"sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0",'
    b'"smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>","timestamp":1600112492}]\r\n'
)

ENCODABLE = st.text(st.characters(codec="utf-8"), max_size=100)


def sign(timestamp: str, raw: bytes) -> str:
    return base64.b64encode(KEY.sign(timestamp.encode() + raw, ec.ECDSA(SHA256()))).decode()


@given(st.text(alphabet="0123456789", max_size=12), st.binary(max_size=200))
def test_what_was_signed_holds(timestamp: str, raw: bytes) -> None:
    assert signed_by(PUBLIC, sign(timestamp, raw), timestamp, raw)


@given(st.binary(max_size=50), st.binary(max_size=50), st.text(alphabet="0123456789", min_size=1, max_size=12))
def test_other_bytes_do_not(raw: bytes, other: bytes, timestamp: str) -> None:
    assert signed_by(PUBLIC, sign(timestamp, raw), timestamp, other) is (raw == other)


@given(st.text(max_size=120))
def test_no_text_is_a_signature(text: str) -> None:
    assert signed_by(PUBLIC, text, "1", b"body") is False


def test_the_official_example_holds_only_as_it_is() -> None:
    assert signed_by(OFFICIAL_KEY, OFFICIAL_SIGNATURE, "1600112502", OFFICIAL_BODY)
    assert not signed_by(OFFICIAL_KEY, OFFICIAL_SIGNATURE, "1600112503", OFFICIAL_BODY)
    assert not signed_by(OFFICIAL_KEY, OFFICIAL_SIGNATURE, "1600112502", OFFICIAL_BODY.rstrip())
    assert not signed_by(PUBLIC, OFFICIAL_SIGNATURE, "1600112502", OFFICIAL_BODY)
    assert p256_key(OFFICIAL_KEY).curve.name == "secp256r1"


@given(st.text("0123456789", max_size=12), ENCODABLE, ENCODABLE)
def test_sendgrid_s_own_library_agrees(timestamp: str, payload: str, other: str) -> None:
    raw = payload.encode()
    theirs, signature = EventWebhook(PUBLIC), sign(timestamp, raw)

    for said in (payload, other, payload + " "):
        agreed = theirs.verify_signature(said, signature, timestamp)
        assert signed_by(PUBLIC, signature, timestamp, said.encode()) is agreed
    assert theirs.verify_signature(payload, signature, timestamp)


def test_sendgrid_s_own_library_takes_the_official_example() -> None:
    theirs = EventWebhook(OFFICIAL_KEY)

    assert theirs.verify_signature(OFFICIAL_BODY.decode(), OFFICIAL_SIGNATURE, "1600112502")
    assert not theirs.verify_signature(OFFICIAL_BODY.decode(), OFFICIAL_SIGNATURE, "1600112503")


@given(st.text(max_size=200))
def test_no_text_is_a_key(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        p256_key(text)
