"""Signatures of providers' webhooks, checked over the very bytes that came in."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit, urlunsplit

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

# Twilio sends some forty; reading more than this would be work done for somebody who has proved nothing.
_MOST_PARAMETERS = 1_000
_META_PREFIX = "sha256="
_PORTS = {"http": 80, "https": 443}


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


def signed_by_twilio(tokens: Iterable[str], url: str, raw: bytes, signature: str) -> bool:
    """Whether X-Twilio-Signature holds with one of these auth tokens over a URL and a form.

    `url` is the one that Twilio was given, with the query byte by byte; its port may be written or left out. The form's
    decoded values count, the blank ones too, each name's once and sorted.
    https://www.twilio.com/docs/usage/webhooks/webhooks-security
    """
    try:
        pairs = parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        # Not UTF-8, or far more than Twilio sends: nothing that it has signed.
        return False
    parameters = "".join(name + value for name, value in sorted(set(pairs)))
    given = signature.encode(errors="replace")
    return any(
        hmac.compare_digest(_twilio_signature(token, spelling + parameters), given)
        for token in tokens
        for spelling in _spellings(url)
    )


def signed_by_meta(secrets: Iterable[str], raw: bytes, signature: str) -> bool:
    """Whether X-Hub-Signature-256 holds with one of these app secrets over the very bytes that came.

    https://developers.facebook.com/docs/messenger-platform/webhooks#validate-payloads
    """
    prefix, digest = signature[: len(_META_PREFIX)], signature[len(_META_PREFIX) :].encode(errors="replace")
    if prefix != _META_PREFIX:
        return False
    return any(
        hmac.compare_digest(hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest().encode(), digest)
        for secret in secrets
    )


def _twilio_signature(token: str, signed: str) -> bytes:
    return base64.b64encode(hmac.digest(token.encode(), signed.encode(errors="surrogatepass"), hashlib.sha1))


def _spellings(url: str) -> Iterator[str]:
    """The URL as it is, and with its scheme's own port written out or left out, as Twilio's library takes them."""
    yield url
    parts = urlsplit(url)
    port = _PORTS.get(parts.scheme)
    if port is None or not parts.hostname:
        return
    if parts.port is None:
        yield urlunsplit(parts._replace(netloc=f"{parts.netloc}:{port}"))
    else:
        yield urlunsplit(parts._replace(netloc=parts.netloc.rpartition(":")[0]))
