"""One run from its first line to its last: start, say so, wait for the end, clean up."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TextIO

from local import logs, settings
from local.datadir import DataDir
from local.machine import Machine
from local.settings import RunSettings

_WATCH_SECONDS = 1.0
_STOP_SECONDS = 10.0
# What a program beside the host needs to read and write what it keeps: local.tools.
_OF_THE_CLOUD = (
    *("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_CONFIG_FILE"),
    *("AWS_SHARED_CREDENTIALS_FILE", "TABLE_NAME", "BUCKET_NAME", "APP_SECRET_ID", "KMS_KEY_ID"),
)


def launch() -> int:
    """Runs until Ctrl-C or SIGTERM; gives the exit code. Raises CannotStart when it cannot start."""
    ending = _Ending()
    data_dir = DataDir(settings.data_dir())
    data_dir.forget_run()  # before anything else can fail: nobody shall take an earlier run for this one
    wanted = settings.from_environment()
    machine = Machine(wanted, data_dir, _Progress(wanted.verbose, ending))
    terminal = logs.direct(wanted.data_dir)
    code = 1
    try:
        machine.start()
        data_dir.announce_run(_facts(wanted, machine))
        _banner(terminal, wanted, machine)
        code = _watch(machine, ending, wanted.data_dir)
    except _AskedToEnd:  # while it was starting
        code = 0
    finally:
        data_dir.forget_run()
        logs.leave_terminal()  # what is cut off from now on is no error
        _stop(machine, code)
    return code


def _stop(machine: Machine, code: int) -> None:
    """What was acknowledged is on disk, so nothing is worth waiting for longer than a person would."""
    watchdog = threading.Timer(_STOP_SECONDS, os._exit, [code])
    watchdog.daemon = True
    watchdog.start()
    machine.stop()
    watchdog.cancel()


def _watch(machine: Machine, ending: _Ending, data_dir: Path) -> int:
    """Waits for the end; gives the exit code: 1 when a part has ended by itself."""
    while not ending.comes_within(_WATCH_SECONDS):
        if failed := machine.failed_part():
            print(f"stopped: the {failed} has ended by itself; see {data_dir}/host.log", file=sys.stderr)
            return 1
    return 0


class _AskedToEnd(Exception):
    """Ctrl-C or SIGTERM came while the host was starting."""


class _Ending:
    """Ctrl-C and SIGTERM, noted in a pipe: a handler that touched a lock could meet the main thread holding it."""

    def __init__(self) -> None:
        self._read, write = os.pipe()
        os.set_blocking(write, False)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: None)

    def comes_within(self, seconds: float) -> bool:
        return bool(select.select([self._read], [], [], seconds)[0])


class _Progress:
    """Called after each step of starting: says how long it took when asked to, and ends the start when told to."""

    def __init__(self, verbose: bool, ending: _Ending) -> None:
        self._verbose = verbose
        self._ending = ending
        self._last = time.monotonic()

    def __call__(self, step: str) -> None:
        now = time.monotonic()
        if self._verbose:
            print(f"{now - self._last:5.2f} s  {step}", file=sys.stderr)
        self._last = now
        if self._ending.comes_within(0):
            raise _AskedToEnd


def _facts(wanted: RunSettings, machine: Machine) -> dict[str, object]:
    return {
        "api_url": wanted.api_url,
        "admin_key": machine.admin_key,
        "sandbox_url": wanted.sandbox_url,
        "docs_url": f"{wanted.api_url}/docs",
        "pid": os.getpid(),
        "aws": {name: os.environ[name] for name in _OF_THE_CLOUD},
    }


def _banner(terminal: TextIO, wanted: RunSettings, machine: Machine) -> None:
    print(
        "Leadflow is ready.\n"
        f"  API       {wanted.api_url}\n"
        f"  Admin key {machine.admin_key}\n"
        f"  Docs      {wanted.api_url}/docs\n"
        f"  Sandbox   {wanted.sandbox_url}\n"
        "Ctrl-C stops it; what it holds stays.",
        file=terminal,
        flush=True,
    )
