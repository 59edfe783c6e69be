"""What the environment says about a demo."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.errors import CannotStart

_MOST_LEADS = 10_000
_OWN_DATA_DIR = Path(".local/demo")


@dataclass(frozen=True)
class DemoSettings:
    """How many leads, and where the server is or shall be.

    `data_dir_is_ours` says that nobody chose the data directory, so a finished demo's may be thrown away. Ports are
    None for free ones.
    """

    leads: int
    data_dir: Path
    data_dir_is_ours: bool
    time_scale: str
    port: int | None
    sandbox_port: int | None


def from_environment(env: Mapping[str, str] = os.environ) -> DemoSettings:
    """LEADS, DATA_DIR, TIME_SCALE, PORT and SANDBOX_PORT. Raises CannotStart naming the one that is wrong."""
    chosen = env.get("DATA_DIR")
    return DemoSettings(
        leads=_number(env, "LEADS", _MOST_LEADS) or 100,
        data_dir=Path(chosen or _OWN_DATA_DIR).absolute(),
        data_dir_is_ours=not chosen,
        time_scale=env.get("TIME_SCALE") or "3600",
        port=_number(env, "PORT", 65_535),
        sandbox_port=_number(env, "SANDBOX_PORT", 65_535),
    )


def _number(env: Mapping[str, str], name: str, most: int) -> int | None:
    text = env.get(name)
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= most):
        raise CannotStart(f"{name} must be a whole number from 1 to {most}, not {text!r}")
    return int(text)
