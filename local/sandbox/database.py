"""Where the sandbox keeps everything: one SQLite file, safe against the process being killed at any moment."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS requests (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, provider TEXT NOT NULL, request_id TEXT NOT NULL, at REAL NOT NULL,
    shared TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS requests_by_id ON requests (request_id);
CREATE TABLE IF NOT EXISTS letters (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, request_seq INTEGER NOT NULL, own TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sent (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, recipient TEXT NOT NULL COLLATE NOCASE,
    request_seq INTEGER NOT NULL, letter_seq INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS sent_by_recipient ON sent (recipient, seq);
CREATE INDEX IF NOT EXISTS sent_by_request ON sent (request_seq);
CREATE TABLE IF NOT EXISTS outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, provider TEXT NOT NULL, channel TEXT NOT NULL, sender TEXT NOT NULL,
    payload TEXT NOT NULL, created_at REAL NOT NULL, due_at REAL NOT NULL, leased_until REAL NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS outbox_due ON outbox (due_at, seq);
CREATE INDEX IF NOT EXISTS outbox_by_route ON outbox (provider, channel, sender, seq);
CREATE TABLE IF NOT EXISTS deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, provider TEXT NOT NULL, url TEXT NOT NULL,
    status INTEGER NOT NULL, summary TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS people (
    provider TEXT NOT NULL, channel TEXT NOT NULL, own TEXT NOT NULL, person TEXT NOT NULL, wrote_at REAL,
    blocks INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (provider, channel, own, person));
CREATE TABLE IF NOT EXISTS behaviours (provider TEXT PRIMARY KEY, settings TEXT NOT NULL);
"""


class Database:
    """One connection shared by all threads, one user at a time.

    WAL with `synchronous=NORMAL`: a commit is in the operating system's hands before it returns, so it outlives a
    SIGKILL (only a loss of power could take the last ones back), and accepting a mail costs no disk flush.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(_SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing; nested uses join the outermost, which commits. Raises whatever its body raises."""
        with self._lock:
            if self._depth == 0:
                self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield self._connection
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._connection.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._connection.execute("COMMIT")

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def close(self) -> None:
        with self._lock:
            self._connection.close()
