"""What must last, in one SQLite file: the table's items, the changes not yet read, and who has read how far.

Nothing here grows with use: an item is one row however often it changes, and a change goes as soon as every reader of
the table's stream has passed it. `synchronous=NORMAL` with a write-ahead log survives the death of the process at any
moment; after a power cut the last moments may be missing, but never half a transaction.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

from local.errors import CannotStart

FORMAT = 1
_APPLICATION = 0x4C464C57

_SCHEMA = """
CREATE TABLE items (
    tbl TEXT NOT NULL, pk TEXT NOT NULL, sk TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (tbl, pk, sk)
);
CREATE TABLE changes (seq INTEGER PRIMARY KEY AUTOINCREMENT, tbl TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE readers (name TEXT PRIMARY KEY, tbl TEXT NOT NULL, seq INTEGER NOT NULL);
CREATE TABLE vault (kind TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, name));
"""

Key = tuple[str, str, str]


class Journal:
    """The durable state. All methods may be called from any thread."""

    def __init__(self, path: Path) -> None:
        """Opens the file, or makes it. Raises CannotStart when it is damaged or of another format."""
        self._lock = threading.Lock()
        self._read_tables: set[str] = set()
        self.arrived = threading.Condition()
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._open(path)
        except sqlite3.Error as error:
            raise CannotStart(f"{path} cannot be used ({error}); move it away to start afresh") from error
        self._next: int = self._db.execute("SELECT coalesce(max(seq), 0) + 1 FROM sqlite_sequence").fetchone()[0]
        self._reading = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._reading_lock = threading.Lock()

    def _open(self, path: Path) -> None:
        found, owner = (self._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("user_version", "application_id"))
        if (found, owner) not in ((0, 0), (FORMAT, _APPLICATION)):
            raise CannotStart(
                f"{path} was written by another version (format {found}, this one reads {FORMAT}); "
                "use another DATA_DIR or move it away"
            )
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        if not found:
            self._db.executescript(
                f"BEGIN; {_SCHEMA} PRAGMA application_id={_APPLICATION}; PRAGMA user_version={FORMAT}; COMMIT;"
            )

    @property
    def next_change(self) -> int:
        """The number that the next change gets; numbers only rise, also over restarts."""
        return self._next

    def commit(self, items: dict[Key, str | None], changes: list[tuple[int, str, str]]) -> None:
        """Makes these last, all or none of them: items by key (None is gone), changes as (number, table, record).

        Changes of a table that nobody reads are not kept.
        """
        changes = [change for change in changes if change[1] in self._read_tables]
        stored = [(*key, body) for key, body in items.items() if body is not None]
        gone = [key for key, body in items.items() if body is None]
        with self._lock, _transaction(self._db) as db:
            if stored:
                db.executemany("INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?)", stored)
            if gone:
                db.executemany("DELETE FROM items WHERE tbl = ? AND pk = ? AND sk = ?", gone)
            if changes:
                db.executemany("INSERT INTO changes VALUES (?, ?, ?)", changes)
        if changes:
            self._next = changes[-1][0] + 1
            with self.arrived:
                self.arrived.notify_all()

    def items(self, table: str) -> Iterator[str]:
        """The items of one table, in no order."""
        with self._reading_lock:
            for (body,) in self._reading.execute("SELECT body FROM items WHERE tbl = ?", (table,)):
                yield body

    def set_readers(self, table: str, names: Iterable[str]) -> None:
        """Says who reads a table's changes: a new one begins at the oldest kept, one no longer named is forgotten."""
        wanted = list(names)
        with self._lock, _transaction(self._db) as db:
            known = {name for (name,) in db.execute("SELECT name FROM readers WHERE tbl = ?", (table,))}
            db.executemany("DELETE FROM readers WHERE name = ?", [(name,) for name in known - set(wanted)])
            db.executemany("INSERT OR IGNORE INTO readers VALUES (?, ?, 0)", [(name, table) for name in wanted])
            if not wanted:
                db.execute("DELETE FROM changes WHERE tbl = ?", (table,))
        (self._read_tables.add if wanted else self._read_tables.discard)(table)

    def position(self, reader: str) -> int:
        """How far a reader is: the number of the last change it is done with, 0 before the first."""
        with self._lock:
            return int(self._db.execute("SELECT seq FROM readers WHERE name = ?", (reader,)).fetchone()[0])

    def changes(self, table: str, after: int, limit: int) -> list[tuple[int, str]]:
        """Up to `limit` changes after a number, oldest first, as (number, record)."""
        query = "SELECT seq, body FROM changes WHERE tbl = ? AND seq > ? ORDER BY seq LIMIT ?"
        with self._reading_lock:
            return self._reading.execute(query, (table, after, limit)).fetchall()

    def advance(self, reader: str, table: str, to: int) -> None:
        """Says that a reader is done with everything up to a number, and drops what no reader needs any more."""
        with self._lock, _transaction(self._db) as db:
            db.execute("UPDATE readers SET seq = max(seq, ?) WHERE name = ?", (to, reader))
            db.execute(
                "DELETE FROM changes WHERE tbl = ? AND seq <= (SELECT min(seq) FROM readers WHERE tbl = ?)",
                (table, table),
            )

    def keep(self, kind: str, name: str, body: str) -> None:
        """Keeps one thing of the vault, in place of what had its name."""
        with self._lock, _transaction(self._db) as db:
            db.execute("INSERT OR REPLACE INTO vault VALUES (?, ?, ?)", (kind, name, body))

    def kept(self, kind: str) -> dict[str, str]:
        """The things of one kind in the vault, by name."""
        with self._lock:
            return dict(self._db.execute("SELECT name, body FROM vault WHERE kind = ?", (kind,)).fetchall())

    def close(self) -> None:
        """Folds the write-ahead log into the file and closes it."""
        with self._reading_lock:
            self._reading.close()
        with self._lock:
            self._db.close()


class _transaction:  # noqa: N801 - reads as a statement
    """BEGIN IMMEDIATE … COMMIT, or ROLLBACK when the block fails."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> sqlite3.Connection:
        self._db.execute("BEGIN IMMEDIATE")
        return self._db

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        self._db.execute("COMMIT" if kind is None else "ROLLBACK")
