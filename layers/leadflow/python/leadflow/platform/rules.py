"""What a key looks like and how much of it may be shown."""

from __future__ import annotations

import base64

from leadflow.core.errors import InvalidInput
from leadflow.platform.enums import SCOPES

# 4 bytes name the key in lists, 32 make it unguessable.
ENTROPY_BYTES = 36
MIN_KEY_CHARACTERS = 8
MAX_KEY_CHARACTERS = 200
_MARK_CHARACTERS = 5
_PREFIX_CHARACTERS = 8


def new_key(entropy: bytes) -> str:
    """`lf_<5 characters>_<43 characters>` from ENTROPY_BYTES unpredictable bytes."""
    mark = base64.b32encode(entropy[:4]).decode()[:_MARK_CHARACTERS].lower()
    secret = base64.urlsafe_b64encode(entropy[4:]).rstrip(b"=").decode()
    return f"lf_{mark}_{secret}"


def prefix_of(key: str) -> str:
    """How a key begins: 8 characters, or a quarter of it where that is less, so that no short key is given away."""
    return key[: min(_PREFIX_CHARACTERS, len(key) // 4)]


def check_given_key(name: str, scopes: list[str], key: str) -> None:
    """Raises InvalidInput when a key that was chosen elsewhere could not work."""
    errors: list[tuple[str, str]] = []
    if not 1 <= len(name) <= 100:
        errors.append(("name", "must have 1 to 100 characters"))
    if not scopes or any(scope not in SCOPES for scope in scopes):
        errors.append(("scopes", f"must be some of {', '.join(SCOPES)}"))
    fits = MIN_KEY_CHARACTERS <= len(key) <= MAX_KEY_CHARACTERS
    if not fits or not (key.isascii() and key.isprintable()) or key != key.strip():
        errors.append(
            ("key", f"must have {MIN_KEY_CHARACTERS} to {MAX_KEY_CHARACTERS} characters that a header can carry")
        )
    if errors:
        raise InvalidInput.many(errors)
