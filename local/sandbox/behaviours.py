"""How each provider is told to behave: well, or one of the ways in which providers fail."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from local.sandbox.database import Database
from local.sandbox.wire import Refused

MODES = (
    "ok",
    "reject",
    "timeout_after_accept",
    "timeout_before_accept",
    "rate_limit",
    "server_error",
    "bad_token",
    "slow",
)
LONGEST_WAIT = 120.0


@dataclass(frozen=True)
class Behaviour:
    """One provider's behaviour.

    rate: probability per request, 0..1 · retry_after: seconds until a limit lifts, 0..86,400 · match: only requests
    whose recipient or text holds this · delay: seconds that `slow` takes, 0..120.
    """

    mode: str = "ok"
    rate: float = 1.0
    retry_after: float | None = None
    match: str | None = None
    delay: float = 3.0

    def strikes(self, texts: Iterable[str], chance: random.Random) -> bool:
        """Whether this request is one that the behaviour is meant for; `texts` is only read when there is a match."""
        if self.mode == "ok" or (self.match is not None and not any(self.match in text for text in texts)):
            return False
        return self.rate >= 1 or chance.random() < self.rate


def parse(value: Mapping[str, Any]) -> Behaviour:
    """The behaviour a caller asks for. Raises Refused (422) naming the field that is wrong."""
    for name in value:
        if name not in Behaviour.__dataclass_fields__:
            raise Refused(422, f"there is no such setting; there are {', '.join(Behaviour.__dataclass_fields__)}", name)
    if value.get("mode") not in MODES:
        raise Refused(422, f"must be one of: {', '.join(MODES)}", "mode")
    match = value.get("match")
    if match is not None and (not isinstance(match, str) or not match):
        raise Refused(422, "must be a text of at least one character", "match")
    plain = Behaviour()
    return Behaviour(
        mode=value["mode"],
        rate=_number(value, "rate", 1, plain.rate),
        retry_after=None if value.get("retry_after") is None else _number(value, "retry_after", 86_400, 0),
        match=match,
        delay=_number(value, "delay", LONGEST_WAIT, plain.delay),
    )


def _number(value: Mapping[str, Any], name: str, most: float, default: float) -> float:
    number = value.get(name)
    if number is None:
        return default
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= most:
        raise Refused(422, f"must be a number from 0 to {most:g}", name)
    return float(number)


class Behaviours:
    """The behaviour of every provider, kept across restarts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, provider: str) -> Behaviour:
        rows = self._database.rows("SELECT settings FROM behaviours WHERE provider = ?", (provider,))
        return Behaviour(**json.loads(rows[0]["settings"])) if rows else Behaviour()

    def put(self, provider: str, behaviour: Behaviour) -> None:
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO behaviours (provider, settings) VALUES (?, ?)",
                (provider, json.dumps(asdict(behaviour))),
            )
