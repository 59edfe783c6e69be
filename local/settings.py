"""What the environment says about a run of the one-machine mode."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.errors import CannotStart


@dataclass(frozen=True)
class RunSettings:
    """Ports on 127.0.0.1, where state lives, a fixed admin key if one is wanted, what waiting is divided by, and
    whether sample data is put in; the seed of the faults AWS is to have, None for none.
    """

    port: int
    sandbox_port: int
    data_dir: Path
    admin_key: str | None
    time_scale: str
    samples: bool
    verbose: bool
    faults: int | None = None

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.sandbox_port}"


def data_dir(env: Mapping[str, str] = os.environ) -> Path:
    """Where state lives: DATA_DIR, else `.local` in the working directory."""
    return Path(env.get("DATA_DIR") or ".local").absolute()


def browse_port(env: Mapping[str, str] = os.environ) -> int:
    """Where `make browse` answers: BROWSE_PORT. Raises CannotStart when that is no port."""
    return _port(env, "BROWSE_PORT", 3002)


def from_environment(env: Mapping[str, str] = os.environ) -> RunSettings:
    """Raises CannotStart naming the variable that is wrong."""
    settings = RunSettings(
        port=_port(env, "PORT", 3000),
        sandbox_port=_port(env, "SANDBOX_PORT", 3001),
        data_dir=data_dir(env),
        admin_key=env.get("ADMIN_KEY") or None,
        time_scale=_time_scale(env),
        samples=_switch(env, "SEED"),
        verbose=_switch(env, "VERBOSE"),
        faults=_seed(env, "FAULTS"),
    )
    if settings.port == settings.sandbox_port:
        raise CannotStart("PORT and SANDBOX_PORT must differ")
    return settings


def _port(env: Mapping[str, str], name: str, default: int) -> int:
    value = env.get(name) or str(default)
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= 65535:
        raise CannotStart(f"{name} must be a port number between 1 and 65535, not {value!r}")
    return int(value)


def _time_scale(env: Mapping[str, str]) -> str:
    value = env.get("TIME_SCALE") or "1"
    try:
        scale = float(value)
    except ValueError:
        scale = math.nan
    if not 0 < scale < math.inf:
        raise CannotStart(f"TIME_SCALE must be a number above 0, not {value!r}")
    return value


def _seed(env: Mapping[str, str], name: str) -> int | None:
    value = env.get(name) or ""
    if value and (not value.isascii() or not value.isdigit()):
        raise CannotStart(f"{name} must be a whole number from 0 on, the seed of a chaos run, not {value!r}")
    return int(value) if value else None


def _switch(env: Mapping[str, str], name: str) -> bool:
    value = (env.get(name) or "").strip().lower()
    if value not in {"", "0", "1", "true", "false", "yes", "no"}:
        raise CannotStart(f"{name} must be 1 or 0, not {value!r}")
    return value in {"1", "true", "yes"}
