"""Which variant of a step a lead gets, and how well templates do."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Any

# The score is the lower end of a 95 % confidence interval: 1.96 standard deviations (Wilson 1927).
_DEVIATIONS = 1.959964


def chosen(step: Mapping[str, Any], lead_id: str) -> str:
    """The id of the template that this lead gets in this step: always the same one, shares as the weights say."""
    variants: Sequence[Mapping[str, Any]] = step["variants"]
    if not variants:
        return str(step["template_id"])
    digest = hashlib.sha256(f"variant\x1f{step['id']}\x1f{lead_id}".encode()).digest()
    place = int.from_bytes(digest[:8]) % sum(int(one["weight"]) for one in variants)
    for one in variants:
        place -= int(one["weight"])
        if place < 0:
            return str(one["template_id"])
    raise AssertionError("weights are positive, so one of them holds the place")


def templates_of(step: Mapping[str, Any]) -> list[str]:
    """The ids of all templates that mails of this step are made of, each once."""
    return list(dict.fromkeys([str(step["template_id"]), *(str(one["template_id"]) for one in step["variants"])]))


def performance_score(sent: int, acted: int) -> float | None:
    """How well a template does, 0..100: the share of its mails that people clicked or answered, at the least.

    It is the lower bound of the Wilson interval at 95 %, so that three clicks of four mails do not beat 300 of 500.
    Machines do not count, opens neither: they cannot be told apart well enough to decide by. None before any was sent.
    """
    if sent <= 0:
        return None
    share, spread = min(acted, sent) / sent, _DEVIATIONS**2 / sent
    middle = share + spread / 2
    margin = math.sqrt(max(spread * (share * (1 - share) + spread / 4), 0.0))
    return round(100 * max((middle - margin) / (1 + spread), 0.0), 2)
