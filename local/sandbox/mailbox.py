"""What providers accepted, kept in order: a request holds letters, a letter goes to one recipient or several.

A request's shared part is kept once, however many recipients it had; what each of them gets is worked out on reading.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from local.sandbox.database import Database

_BATCH = 500
_SELECT = """
SELECT sent.seq, sent.id, sent.recipient, sent.request_seq, requests.provider, requests.request_id, requests.at,
       requests.shared, letters.own
FROM sent JOIN requests ON requests.seq = sent.request_seq JOIN letters ON letters.seq = sent.letter_seq
"""


@dataclass(frozen=True)
class Addressee:
    """One recipient of a letter: the id of what is sent to them, and their bare address."""

    id: str
    recipient: str


@dataclass(frozen=True)
class Letter:
    """The part of a request that belongs to these recipients alone."""

    own: dict[str, Any]
    addressees: Sequence[Addressee]


@dataclass(frozen=True)
class Kept:
    """One message to one recipient, as the provider took it. `at` is in epoch seconds."""

    seq: int
    id: str
    recipient: str
    provider: str
    request_id: str
    at: float
    shared: dict[str, Any]
    own: dict[str, Any]


class Mailbox:
    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(
        self, provider: str, request_id: str, at: float, shared: dict[str, Any], letters: Sequence[Letter]
    ) -> None:
        """Keep one accepted request whole; durable when the outermost transaction ends."""
        with self._database.transaction() as connection:
            request = connection.execute(
                "INSERT INTO requests (provider, request_id, at, shared) VALUES (?, ?, ?, ?)",
                (provider, request_id, at, json.dumps(shared)),
            ).lastrowid
            for letter in letters:
                row = connection.execute(
                    "INSERT INTO letters (request_seq, own) VALUES (?, ?)", (request, json.dumps(letter.own))
                ).lastrowid
                connection.executemany(
                    "INSERT INTO sent (id, recipient, request_seq, letter_seq) VALUES (?, ?, ?, ?)",
                    [(each.id, each.recipient, request, row) for each in letter.addressees],
                )

    def walk(self, provider: str | None = None, recipient: str | None = None) -> Iterator[Kept]:
        """Everything that fits, oldest first, read in batches so that any amount can be streamed."""
        where, values = _filter(provider, recipient)
        after = 0
        shared = _SharedOnce()
        while batch := self._database.rows(
            f"{_SELECT} WHERE sent.seq > ? {where} ORDER BY sent.seq LIMIT {_BATCH}", (after, *values)
        ):
            yield from (_kept(row, shared) for row in batch)
            after = batch[-1]["seq"]

    def latest(self, limit: int, before: int | None = None) -> list[Kept]:
        """At most `limit` messages, newest first, older than the one numbered `before`."""
        where, values = ("", []) if before is None else ("WHERE sent.seq < ?", [before])
        shared = _SharedOnce()
        rows = self._database.rows(f"{_SELECT} {where} ORDER BY sent.seq DESC LIMIT ?", (*values, limit))
        return [_kept(row, shared) for row in rows]

    def find(self, provider: str | None, message_id: str | None, recipient: str | None) -> Kept | None:
        """The latest message with this id (its own, or its request's) and recipient; None leaves that one open."""
        where, values = _filter(provider, recipient)
        if message_id is not None:
            where += (
                " AND (sent.id = ? OR sent.request_seq IN (SELECT seq FROM requests WHERE requests.request_id = ?))"
            )
            values += [message_id, message_id]
        rows = self._database.rows(f"{_SELECT} WHERE 1 = 1 {where} ORDER BY sent.seq DESC LIMIT 1", values)
        return _kept(rows[0], _SharedOnce()) if rows else None

    def count(self) -> int:
        return int(self._database.rows("SELECT COUNT(*) FROM sent")[0][0])

    def clear(self) -> None:
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM sent")
            connection.execute("DELETE FROM letters")
            connection.execute("DELETE FROM requests")


class _SharedOnce:
    """Parses a request's shared part once for the run of its recipients."""

    def __init__(self) -> None:
        self._seq = 0
        self._shared: dict[str, Any] = {}

    def of(self, row: sqlite3.Row) -> dict[str, Any]:
        if row["request_seq"] != self._seq:
            self._seq, self._shared = row["request_seq"], json.loads(row["shared"])
        return self._shared


def _filter(provider: str | None, recipient: str | None) -> tuple[str, list[str]]:
    where = ""
    values: list[str] = []
    if provider is not None:
        where, values = where + " AND requests.provider = ?", [*values, provider]
    if recipient is not None:
        where, values = where + " AND sent.recipient = ?", [*values, recipient]
    return where, values


def _kept(row: sqlite3.Row, shared: _SharedOnce) -> Kept:
    return Kept(
        seq=row["seq"],
        id=row["id"],
        recipient=row["recipient"],
        provider=row["provider"],
        request_id=row["request_id"],
        at=row["at"],
        shared=shared.of(row),
        own=json.loads(row["own"]),
    )
