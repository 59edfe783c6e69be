"""What a person sees while the demo runs."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO

from local.demo.calls import PATIENCE, GaveUp

WIDTH = 100
_POLL_SECONDS = 0.5
_GREEN, _RED, _GREY, _PLAIN = "\033[32m", "\033[31m", "\033[90m", "\033[0m"


class Screen:
    """Lines of text; on a terminal with colours, and with progress written over itself."""

    def __init__(self, stream: TextIO = sys.stdout) -> None:
        self._stream = stream
        self._live = stream.isatty()
        self._unfinished = False

    def say(self, text: str = "") -> None:
        if self._unfinished:
            self._stream.write("\n")
            self._unfinished = False
        self._stream.write(f"{text}\n")
        self._stream.flush()

    def progress(self, text: str) -> None:
        """One line that the next one replaces; nothing where it could not be replaced."""
        if self._live:
            self._stream.write(f"\r{text:<{WIDTH}.{WIDTH}}")
            self._stream.flush()
            self._unfinished = True

    def good(self, text: str) -> str:
        return self._painted(_GREEN, text)

    def bad(self, text: str) -> str:
        return self._painted(_RED, text)

    def quiet(self, text: str) -> str:
        return self._painted(_GREY, text)

    def _painted(self, colour: str, text: str) -> str:
        return f"{colour}{text}{_PLAIN}" if self._live else text


def until(screen: Screen, what: str, total: int, count: Callable[[], int]) -> None:
    """Waits until `count()` has reached `total`. Raises GaveUp when it has not changed for two minutes."""
    last, give_up = -1, time.monotonic() + PATIENCE
    while (now := count()) < total:
        if now != last:
            last, give_up = now, time.monotonic() + PATIENCE
        if time.monotonic() > give_up:
            raise GaveUp(f"{what}: {now} of {total}, and no further for {PATIENCE:g} seconds")
        screen.progress(f"  {what}: {now} of {total}")
        time.sleep(_POLL_SECONDS)
    screen.say(f"  {what}: {total} of {total}")
