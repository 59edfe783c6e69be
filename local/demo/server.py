"""The server a demo talks to: one that runs already on its data directory, or one of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from local.client import Run, read_run
from local.demo.settings import DemoSettings
from local.errors import CannotStart

_ROOT = Path(__file__).resolve().parents[2]
_LOG = "demo-server.log"
_START_SECONDS = 120
_END_SECONDS = 30
_POLL_SECONDS = 0.05


class Server:
    """Where the product answers. `own_pid` is set when the demo started it and has to stop it."""

    def __init__(self, data_dir: Path, run: Run, own_pid: int | None, child: subprocess.Popen[bytes] | None) -> None:
        self._data_dir = data_dir
        self._run = run
        self._child = child
        self.own_pid = own_pid

    def api(self) -> tuple[str, str | None]:
        run = self._current()
        return run.api_url, run.admin_key

    def sandbox(self) -> tuple[str, str | None]:
        return self._current().sandbox_url, None

    def stop(self) -> None:
        """Ends the server, if it is ours."""
        child, pid = self._child, self.own_pid
        if child is not None:
            _end(child.pid, lambda: child.poll() is not None)
        elif pid is not None:
            _end(pid, lambda: not _exists(pid))

    def _current(self) -> Run:
        """Somebody may start the server anew, on other ports."""
        self._run = read_run(self._data_dir) or self._run
        return self._run


def running(data_dir: Path) -> Run | None:
    """A run on this data directory that says it is healthy."""
    run = read_run(data_dir)
    if run is None:
        return None
    try:
        healthy = httpx.get(f"{run.api_url}/health", timeout=5, trust_env=False).is_success
    except httpx.TransportError:
        return None
    return run if healthy else None


def find_or_start(settings: DemoSettings, known_pid: int | None) -> Server:
    """The server on the data directory; a fresh one when none answers. Raises CannotStart.

    `known_pid` is a server that an earlier demo started and could not stop: it is ours again.
    """
    run = running(settings.data_dir)
    if run is not None:
        return Server(settings.data_dir, run, run.pid if run.pid == known_pid else None, None)
    process = _launch(settings)
    give_up = time.monotonic() + _START_SECONDS
    while time.monotonic() < give_up:
        run = read_run(settings.data_dir)
        if run is not None and run.pid == process.pid:
            return Server(settings.data_dir, run, process.pid, process)
        if process.poll() is not None:
            raise CannotStart(f"the server ended before it was ready: {_last_line(settings.data_dir / _LOG)}")
        time.sleep(_POLL_SECONDS)
    _end(process.pid, lambda: process.poll() is not None)
    raise CannotStart(f"the server was not ready after {_START_SECONDS} seconds; see {settings.data_dir / _LOG}")


def _end(pid: int, gone: Callable[[], bool]) -> None:
    """SIGTERM, and SIGKILL for one that does not listen."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if gone():
            return
        os.kill(pid, number)
        give_up = time.monotonic() + _END_SECONDS
        while not gone() and time.monotonic() < give_up:
            time.sleep(_POLL_SECONDS)


def _launch(settings: DemoSettings) -> subprocess.Popen[bytes]:
    """In our process group, so that whoever kills the demo whole kills it too."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    chosen = {
        "DATA_DIR": str(settings.data_dir),
        "TIME_SCALE": settings.time_scale,
        "PORT": str(settings.port or _free_port()),
        "SANDBOX_PORT": str(settings.sandbox_port or _free_port()),
    }
    with (settings.data_dir / _LOG).open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "local.run"],
            cwd=_ROOT,
            env={**os.environ, **chosen},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _last_line(path: Path) -> str:
    lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
