"""The key pair of SendGrid's signed event webhook: ECDSA on P-256, made once for a data directory."""

from __future__ import annotations

import base64
import os
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

SIGNATURE_HEADER = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP_HEADER = "X-Twilio-Email-Event-Webhook-Timestamp"
_PRIVATE_FILE = "sendgrid_private_key.pem"
_PUBLIC_FILE = "sendgrid_public_key.txt"


class SigningKey:
    """Signs webhooks; the public half is base64 of DER SubjectPublicKeyInfo on one line, as SendGrid shows it."""

    def __init__(self, private: ec.EllipticCurvePrivateKey) -> None:
        self._private = private

    @classmethod
    def of(cls, folder: Path) -> SigningKey:
        """The key kept in this folder, made when there is none; the public half lies beside it for people to copy."""
        path = folder / _PRIVATE_FILE
        if path.exists():
            private = serialization.load_pem_private_key(path.read_bytes(), password=None)
            if not isinstance(private, ec.EllipticCurvePrivateKey):
                raise TypeError(f"{path} does not hold an elliptic curve key")
        else:
            private = ec.generate_private_key(ec.SECP256R1())
            write_privately(path, _pem(private))
        key = cls(private)
        (folder / _PUBLIC_FILE).write_text(key.public_key() + "\n")
        return key

    def public_key(self) -> str:
        der = self._private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return base64.b64encode(der).decode()

    def sign(self, timestamp: str, body: bytes) -> str:
        """Base64 of the DER signature over the timestamp and the body, with nothing between them."""
        return base64.b64encode(self._private.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))).decode()


def _pem(private: ec.EllipticCurvePrivateKey) -> bytes:
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def write_privately(path: Path, content: bytes) -> None:
    """Whole or not at all, readable by its owner alone from the first moment."""
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    draft.rename(path)
