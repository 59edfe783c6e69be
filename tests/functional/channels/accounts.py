"""Channels that tests start from."""

from __future__ import annotations

import base64
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.harness import call

SIGNING_KEY = ec.generate_private_key(ec.SECP256R1())


def public_text(key: Any) -> str:
    """A public key as SendGrid shows it."""
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


EMAIL: dict[str, Any] = {
    "channel_type": "email",
    "provider": "sendgrid",
    "is_active": True,
    "api_credentials": {"api_key": "SG.the-api-key", "event_public_key": public_text(SIGNING_KEY)},
    "from_email": "hello@acme.example",
    "from_name": "Acme",
    "postal_address": "1 Example Street, Example",
}
SMS: dict[str, Any] = {
    "channel_type": "sms",
    "provider": "twilio",
    "api_credentials": {"account_sid": "AC0", "auth_token": "t0"},
    "phone_number": "+14155550100",
}
APP_SECRET = "meta-test-secret"
MESSENGER: dict[str, Any] = {
    "channel_type": "messenger",
    "api_credentials": {"page_access_token": "EAAB-token", "app_secret": APP_SECRET, "verify_token": "verify-me"},
    "page_id": "102938400000001",
}


def make(channel: dict[str, Any] = EMAIL, **changes: Any) -> dict[str, Any]:
    """A channel made over the API; a change to None leaves that field out."""
    body = {name: value for name, value in {**channel, **changes}.items() if value is not None}
    answer = call("channels/create_channel", body)
    assert answer.status == 201, answer.text
    made: dict[str, Any] = answer.json
    return made


def signature(timestamp: str, raw: bytes, key: ec.EllipticCurvePrivateKey = SIGNING_KEY) -> str:
    """What SendGrid puts into its signature header."""
    return base64.b64encode(key.sign(timestamp.encode() + raw, ec.ECDSA(SHA256()))).decode()
