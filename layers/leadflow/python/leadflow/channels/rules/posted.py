"""What is true of posts of every provider: they are bytes that somebody else wrote, and must fit into our table."""

from __future__ import annotations

import json
import math
from typing import Any

# Of ids and addresses that tell messages and people apart.
LONGEST_ID = 500
_MOST_KEPT = 4_000


def json_of(raw: bytes) -> Any:
    """What was posted as JSON; what is called a number there and is none (NaN, 1e999) is None.

    Raises ValueError saying why it is not JSON.
    """
    try:
        return json.loads(raw, parse_constant=lambda _: None, parse_float=_finite)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except ValueError:
        raise ValueError("it is not JSON") from None


def storable(text: str) -> str:
    """Text that can be stored: JSON can hold half of a pair of surrogates, which is none."""
    return text.replace("\x00", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def is_small(value: Any) -> bool:
    """What is only kept beside a message must not be what makes it too large to keep."""
    return len(json.dumps(value)) <= _MOST_KEPT


def _finite(text: str) -> float | None:
    value = float(text)
    return value if math.isfinite(value) else None
