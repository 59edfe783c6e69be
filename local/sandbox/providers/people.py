"""Who wrote to which account and when, and who wants no more: what providers let us send depends on it."""

from __future__ import annotations

from dataclasses import dataclass

from local.sandbox.providers.contract import World

DAY = 24 * 3600.0


@dataclass(frozen=True)
class Person:
    """One person at one account of ours: `wrote_at` in epoch seconds, None as long as they have not."""

    channel: str
    own: str
    person: str
    wrote_at: float | None
    blocks: bool


class People:
    def __init__(self, world: World, provider: str) -> None:
        self._world = world
        self._provider = provider

    def wrote(self, channel: str, own: str, person: str) -> None:
        """Notes that somebody wrote just now, which opens their window."""
        with self._world.database.transaction() as connection:
            connection.execute(
                "INSERT INTO people (provider, channel, own, person, wrote_at) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET wrote_at = excluded.wrote_at",
                (self._provider, channel, own, person, self._world.clock()),
            )

    def block(self, channel: str, own: str, person: str, blocks: bool) -> None:
        """Notes that somebody wants no more messages, or wants them again."""
        with self._world.database.transaction() as connection:
            connection.execute(
                "INSERT INTO people (provider, channel, own, person, blocks) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET blocks = excluded.blocks",
                (self._provider, channel, own, person, int(blocks)),
            )

    def find(self, person: str, own: str | None = None, channel: str = "") -> Person | None:
        """Somebody by their id, at one account or at the one they wrote to last; rather on the channel named."""
        rows = self._world.database.rows(
            "SELECT channel, own, person, wrote_at, blocks FROM people WHERE provider = ? AND person = ?"
            " AND (own = ? OR ? IS NULL) ORDER BY channel = ? DESC, wrote_at DESC LIMIT 1",
            (self._provider, person, own, own, channel),
        )
        if not rows:
            return None
        row = rows[0]
        return Person(row["channel"], row["own"], row["person"], row["wrote_at"], bool(row["blocks"]))
