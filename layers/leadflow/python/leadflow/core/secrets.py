"""Secrets: keys derived from one master secret, keyed hashes instead of personal data, and KMS envelopes.

The master secret lives in Secrets Manager (`{"master": "…"}`); what is needed for one purpose is derived from it, so
a leak of one derived key tells nothing about another.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping

from leadflow.core import seams
from leadflow.core.aws import client
from leadflow.core.settings import settings


def derived_key(purpose: str) -> bytes:
    """32 bytes that belong to this purpose alone, the same in every function and after every restart."""
    return hmac.digest(_master(), b"leadflow/" + purpose.encode(), hashlib.sha256)


def keyed_hash(purpose: str, *parts: str, size: int = 32) -> str:
    """Stands for the parts where they must not be shown: `size` bytes (at most 32) of HMAC-SHA256, URL-safe."""
    digest = hmac.digest(derived_key(purpose), "\x1f".join(parts).encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest[:size]).rstrip(b"=").decode()


def same(expected: str, given: str) -> bool:
    """Whether two secrets are equal, in constant time."""
    return hmac.compare_digest(expected.encode(), given.encode())


def encrypt(plaintext: str, context: Mapping[str, str]) -> str:
    """Encrypts up to 4 KB under the product's KMS key, bound to this context; base64."""
    answer = client("kms").encrypt(
        KeyId=settings().kms_key_id, Plaintext=plaintext.encode(), EncryptionContext=dict(context)
    )
    return base64.b64encode(answer["CiphertextBlob"]).decode()


def decrypt(ciphertext: str, context: Mapping[str, str]) -> str:
    """What `encrypt` was given. Raises botocore's ClientError when key or context is another."""
    answer = client("kms").decrypt(
        KeyId=settings().kms_key_id, CiphertextBlob=base64.b64decode(ciphertext), EncryptionContext=dict(context)
    )
    plaintext: bytes = answer["Plaintext"]
    return plaintext.decode()


def _master() -> bytes:
    return seams.current().remember("master secret", _read_master)


def _read_master() -> bytes:
    answer = client("secretsmanager").get_secret_value(SecretId=settings().app_secret_id)
    master: str = json.loads(answer["SecretString"])["master"]
    return master.encode()
