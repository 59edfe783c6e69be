"""A one-machine host as a process of its own, started and ended as a person would."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from local.client import Run, read_run
from tests.observed import NOTED

ROOT = Path(__file__).resolve().parents[2]
_READY_SECONDS = 60
_END_SECONDS = 30
_POLL_SECONDS = 0.02


def free_port() -> int:
    """A port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class HostProcess:
    """`python -m local.run` on a data directory, with ports of its own; further settings by name."""

    def __init__(self, data_dir: Path, **settings: str) -> None:
        self.data_dir = data_dir
        self.port, self.sandbox_port = free_port(), free_port()
        self._settings = settings
        self._log = data_dir.with_name(f"{data_dir.name}-output.txt")
        self._process: subprocess.Popen[bytes] | None = None

    def set(self, **settings: str) -> None:
        """What the environment says from the next start on; an empty text is as if it said nothing."""
        self._settings |= settings

    def start(self) -> Run:
        """Starts it and waits until it says that it is ready."""
        process = self.launch()
        give_up = time.monotonic() + _READY_SECONDS
        while time.monotonic() < give_up:
            run = read_run(self.data_dir)
            if run is not None and run.pid == process.pid:
                return run
            if process.poll() is not None:
                raise AssertionError(f"the host ended with {process.returncode} before it was ready:\n{self.output}")
            time.sleep(_POLL_SECONDS)
        self.kill()
        raise AssertionError(f"the host was not ready within {_READY_SECONDS} seconds:\n{self.output}")

    def launch(self) -> subprocess.Popen[bytes]:
        """Starts it and waits for nothing."""
        env = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
        module = "local.run"
        if noted := os.environ.get(NOTED):
            module, env[NOTED] = "tests.observed", noted
        env |= {"PORT": str(self.port), "SANDBOX_PORT": str(self.sandbox_port), "DATA_DIR": str(self.data_dir)}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module],
                cwd=ROOT,
                env=env | self._settings,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        return self._process

    def wait(self) -> int:
        """The exit code, once it has ended by itself."""
        assert self._process is not None
        return self._process.wait(_END_SECONDS)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Asks it to end as Ctrl-C or SIGTERM would; gives the exit code."""
        assert self._process is not None
        self._process.send_signal(number)
        return self.wait()

    def kill(self) -> None:
        """Ends it at once, wherever it is."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(_END_SECONDS)

    @property
    def output(self) -> str:
        """What it has written to the terminal since it was last started."""
        return self._log.read_text()
