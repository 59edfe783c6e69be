"""Ids: ULIDs (26 characters, Crockford base 32), sortable by creation time; either fresh or derived from a cause.

A derived id is the same whenever it is made from the same cause, so doing a thing again finds that it was done.
Format: https://github.com/ulid/spec (48 bits of milliseconds, 80 bits of entropy).
"""

from __future__ import annotations

import base64
import contextlib
import contextvars
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime

from leadflow.core import clock, seams

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TIME_CHARACTERS = 10
_cause: contextvars.ContextVar[_Cause | None] = contextvars.ContextVar("cause", default=None)


class _Cause:
    """One request that may be tried again: its n-th new id is the same on every try."""

    def __init__(self, moment: datetime, parts: tuple[str, ...]) -> None:
        self.moment = moment
        self.parts = parts
        self.made = 0


def new_id() -> str:
    """A fresh id; within `repeatable`, the next one of that cause."""
    cause = _cause.get()
    if cause is not None:
        cause.made += 1
        return derived_id(cause.moment, *cause.parts, str(cause.made))
    return _ulid(clock.now(), seams.current().entropy(10))


def derived_id(moment: datetime, *cause: str) -> str:
    """The id that always belongs to this moment and cause, sortable like any other."""
    digest = hashlib.sha256("\x1f".join(cause).encode()).digest()
    return _ulid(moment, digest[:10])


@contextlib.contextmanager
def repeatable(moment: datetime, *cause: str) -> Iterator[None]:
    """While inside, `new_id` gives the ids that belong to this cause, so a repeated try makes the same records."""
    token = _cause.set(_Cause(moment, cause))
    try:
        yield
    finally:
        _cause.reset(token)


def is_repeated() -> bool:
    """Whether the work under way may have been tried before under the same cause."""
    return _cause.get() is not None


def moment_of(record_id: str) -> datetime:
    """The time a ULID was made for. Raises ValueError for anything else."""
    if len(record_id) != 26:
        raise ValueError("not an id of ours")
    number = 0
    for character in record_id[:_TIME_CHARACTERS]:
        number = number << 5 | _ALPHABET.index(character)
    return datetime.fromtimestamp(number // 1000, UTC).replace(microsecond=number % 1000 * 1000)


def time_part(moment: datetime) -> str:
    """What all ids of this millisecond begin with."""
    return _ulid(moment, bytes(10))[:_TIME_CHARACTERS]


def secret_token(size: int = 32) -> str:
    """An unguessable text of `size` random bytes, safe in a URL."""
    return base64.urlsafe_b64encode(seams.current().entropy(size)).rstrip(b"=").decode()


def shard(record_id: str, count: int) -> int:
    """Which of `count` index partitions a record lives in; even over ids, fixed for each."""
    return int.from_bytes(hashlib.sha256(record_id.encode()).digest()[:4]) % count


def _ulid(moment: datetime, entropy: bytes) -> str:
    number = int(moment.timestamp() * 1000) << 80 | int.from_bytes(entropy)
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
