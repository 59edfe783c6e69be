"""Bounds on what one sender may do at a public door; the gateway's own throttles bound all senders together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from leadflow.core import clock
from leadflow.core.errors import RateLimited
from leadflow.core.secrets import keyed_hash
from leadflow.leads import store
from leadflow.leads.rules import visits as rules


@dataclass(frozen=True)
class Bound:
    """At most `limit` in each window of this length; `door` names what is counted."""

    door: str
    limit: int
    window: timedelta

    def admits(self, *who: str) -> bool:
        """Counts one more of this sender; False when there were enough in this window."""
        return self._count(*who) is None

    def admit(self, *who: str) -> None:
        """Counts one more of this sender. Raises RateLimited until the window ends."""
        seconds = self._count(*who)
        if seconds is not None:
            raise RateLimited("Too much came from where you are; try again in a moment.", seconds)

    def _count(self, *who: str) -> int | None:
        """None when it was counted, else the seconds until the next window."""
        now = clock.now()
        number, left = rules.window(now, self.window)
        name = keyed_hash("throttle", self.door, *who)
        counted = store.count(name, number, limit=self.limit, expires_at=clock.epoch_seconds(now) + left)
        return None if counted else left
