"""Signatures of providers' webhooks, checked over the very bytes that came in."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey


def p256_key(text: str) -> EllipticCurvePublicKey:
    """A public key as SendGrid shows it: base64 of its DER form. Raises ValueError when it is no key on P-256."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        key = load_der_public_key(base64.b64decode(text, validate=True))
    except (binascii.Error, UnsupportedAlgorithm) as error:
        raise ValueError("not the base64 of a public key") from error
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise ValueError("not a key on P-256")
    return key


def signed_by(public_key: str, signature: str, timestamp: str, raw: bytes) -> bool:
    """Whether a base64 ECDSA signature holds over timestamp and body with nothing between them.

    Raises ValueError when `public_key` is none.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.hashes import SHA256

    key = p256_key(public_key)
    try:
        key.verify(base64.b64decode(signature, validate=True), timestamp.encode() + raw, ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        # ValueError: not base64, or text that no header can carry. Neither is a signature.
        return False
    return True
