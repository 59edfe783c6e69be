"""Webhook payloads the product has yet to be told, and what it answered to the rest."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.sandbox.database import Database

_KEEP_TRYING = 24 * 3600.0
# Whoever posts a batch says what became of it or dies with this process, so a clock that runs ahead ends no lease.
_UNTIL_SETTLED = math.inf
_REMEMBERED = 1_000


@dataclass(frozen=True)
class Route:
    """Who tells the product what: the provider, the type of channel, and the sender whose webhook it is."""

    provider: str
    channel: str
    sender: str


@dataclass(frozen=True)
class Batch:
    """Payloads of one route that go out together."""

    route: Route
    seqs: Sequence[int]
    payloads: Sequence[dict[str, Any]]
    attempts: int


@dataclass(frozen=True)
class Delivery:
    """One webhook post and its outcome. `status` 0 means that nothing answered; `at` is in epoch seconds."""

    at: float
    provider: str
    url: str
    status: int
    summary: str


class Outbox:
    """A durable queue. A claimed batch is leased, not gone: it comes back when it is put back, or after a restart."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock
        self._arrived = threading.Event()

    def add(self, route: Route, payloads: Sequence[dict[str, Any]], due_at: float) -> None:
        """Queue payloads to go out at `due_at` (epoch seconds) or soon after."""
        now = self._clock()
        with self._database.transaction() as connection:
            connection.executemany(
                "INSERT INTO outbox (provider, channel, sender, payload, created_at, due_at) VALUES (?, ?, ?, ?, ?, ?)",
                [(route.provider, route.channel, route.sender, json.dumps(each), now, due_at) for each in payloads],
            )
        self._arrived.set()

    def claim(self, most: Mapping[str, int]) -> Batch | None:
        """Lease what is due longest and whatever is due on the same route, up to that provider's batch size."""
        now = self._clock()
        with self._database.transaction() as connection:
            first = connection.execute(
                "SELECT * FROM outbox WHERE due_at <= ? AND leased_until <= ? ORDER BY due_at, seq LIMIT 1", (now, now)
            ).fetchone()
            if first is None:
                return None
            route = Route(first["provider"], first["channel"], first["sender"])
            rows = connection.execute(
                "SELECT * FROM outbox WHERE due_at <= ? AND leased_until <= ? AND provider = ? AND channel = ?"
                " AND sender = ? ORDER BY seq LIMIT ?",
                (now, now, route.provider, route.channel, route.sender, most[route.provider]),
            ).fetchall()
            seqs = [row["seq"] for row in rows]
            connection.executemany(
                "UPDATE outbox SET leased_until = ? WHERE seq = ?", [(_UNTIL_SETTLED, seq) for seq in seqs]
            )
        payloads = [json.loads(row["payload"]) for row in rows]
        return Batch(route, seqs, payloads, max(row["attempts"] for row in rows))

    def settle(self, batch: Batch) -> None:
        """The product took it: forget it."""
        with self._database.transaction() as connection:
            connection.executemany("DELETE FROM outbox WHERE seq = ?", [(seq,) for seq in batch.seqs])

    def put_back(self, batch: Batch, wait: float, attempted: bool) -> None:
        """Try again in `wait` seconds, for a day; only what was really posted counts as an attempt."""
        now = self._clock()
        due = now + wait
        with self._database.transaction() as connection:
            connection.executemany(
                "DELETE FROM outbox WHERE seq = ? AND created_at < ?", [(seq, now - _KEEP_TRYING) for seq in batch.seqs]
            )
            connection.executemany(
                "UPDATE outbox SET due_at = ?, leased_until = 0, attempts = attempts + ? WHERE seq = ?",
                [(due, int(attempted), seq) for seq in batch.seqs],
            )

    def recover(self) -> None:
        """After a start: nobody holds a lease, and what failed before is worth trying at once."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE outbox SET leased_until = 0")
            connection.execute("UPDATE outbox SET due_at = 0 WHERE attempts > 0")

    def wait(self, seconds: float) -> None:
        """Sleep until something is added, or so long at most."""
        self._arrived.wait(seconds)
        self._arrived.clear()

    def wake(self) -> None:
        self._arrived.set()

    def waiting(self) -> int:
        return int(self._database.rows("SELECT COUNT(*) FROM outbox")[0][0])

    def note(self, delivery: Delivery) -> None:
        """Remember what became of a post; the last thousand are kept."""
        with self._database.transaction() as connection:
            seq = connection.execute(
                "INSERT INTO deliveries (at, provider, url, status, summary) VALUES (?, ?, ?, ?, ?)",
                (delivery.at, delivery.provider, delivery.url, delivery.status, delivery.summary),
            ).lastrowid
            connection.execute("DELETE FROM deliveries WHERE seq <= ?", ((seq or 0) - _REMEMBERED,))

    def deliveries(self, limit: int) -> list[Delivery]:
        """The last posts, newest first."""
        rows = self._database.rows(
            "SELECT at, provider, url, status, summary FROM deliveries ORDER BY seq DESC LIMIT ?", (limit,)
        )
        return [Delivery(**dict(row)) for row in rows]
