"""Gates: what must hold before something is done for a person, each with its verdict.

Whoever does the thing asks them one after the other and stops at the first that fails; whoever explains asks the same
ones and shows them all. So an explanation cannot drift from what is done.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple


class Gate(NamedTuple):
    """One question and its answer.

    `verdict` is `pass`, `fail`, `pending` (open, but not yet) or `unknown` (it depends on what is not known yet).
    `code` says why in one word, the same word that a skipped action has for its reason; `detail` says it in a
    sentence, without anything personal. `at` is the RFC 3339 time it is about, `about` the id of the trigger, action
    or run. Of the `parts` of a gate one that passes is enough.
    """

    gate: str
    verdict: str
    code: str = "ok"
    detail: str = ""
    at: str | None = None
    about: str | None = None
    parts: tuple[Gate, ...] = ()

    @property
    def fails(self) -> bool:
        return self.verdict == "fail"

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {**self._asdict(), "parts": [part.as_dict() for part in self.parts]}


def first_closed(gates: Iterable[Gate]) -> Gate | None:
    """The first gate that fails; those behind it are not asked."""
    return next((gate for gate in gates if gate.fails), None)


def primary(gates: Iterable[Gate], otherwise: Gate) -> Gate:
    """The one gate that decides: the first that fails, else the first that is not open yet, else `otherwise`."""
    listed = list(gates)
    for verdicts in (("fail",), ("pending", "unknown")):
        for gate in listed:
            if gate.verdict in verdicts:
                return gate
    return otherwise


def passed(gate: str, detail: str = "") -> Gate:
    """A gate that is open."""
    return Gate(gate, "pass", detail=detail)


def failed(gate: str, code: str, detail: str) -> Gate:
    """A gate that is closed."""
    return Gate(gate, "fail", code, detail)
