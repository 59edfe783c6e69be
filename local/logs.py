"""Where output goes: the terminal gets the banner and real errors, files in the data directory get the rest.

No file here holds personal data: the product's lines hold none by its own rules, and a failure is logged by its type
and the places it passed, without its text.
"""

from __future__ import annotations

import io
import logging
import sys
import threading
import traceback
from pathlib import Path
from typing import TextIO

_MAX_BYTES = 20_000_000
_SILENT_SECONDS = 60


class RollingFile(io.TextIOBase):
    """A text file that starts anew when full, the one before kept beside it; each line is written at once."""

    def __init__(self, path: Path, max_bytes: int = _MAX_BYTES) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._open()

    def _open(self) -> None:
        self._file = open(self._path, "a", buffering=1, encoding="utf-8")  # noqa: SIM115 - open while the process lives
        self._room = self._max_bytes - self._path.stat().st_size

    def write(self, text: str) -> int:
        with self._lock:
            if len(text) > self._room:
                self._file.close()
                self._path.replace(self._path.with_name(f"{self._path.name}.1"))
                self._open()
            self._room -= len(text)
            return self._file.write(text)

    def writable(self) -> bool:
        return True

    def flush(self) -> None:
        with self._lock:
            if not self._file.closed:
                self._file.flush()

    def close(self) -> None:
        super().close()
        self._file.close()


class _Terminal(logging.Handler):
    """One line per failure, and not the same failure again within a minute; the rest is in the file."""

    def __init__(self, stream: TextIO, log_file: Path) -> None:
        super().__init__(logging.ERROR)
        self._stream = stream
        self._where = log_file
        self._said: dict[tuple[str, object], float] = {}
        self.addFilter(lambda record: record.name.startswith("local"))

    def emit(self, record: logging.LogRecord) -> None:
        what = (record.msg, record.args[0] if isinstance(record.args, tuple) and record.args else None)
        if record.created - self._said.get(what, 0) < _SILENT_SECONDS:
            return
        self._said[what] = record.created
        first = record.getMessage().splitlines()[0]
        self._stream.write(f"error: {first} (details in {self._where})\n")
        self._stream.flush()


def direct(data_dir: Path) -> TextIO:
    """Sends handlers' output to `leadflow.log` and everybody else's to `host.log`; gives the terminal."""
    terminal = sys.stdout
    sys.stdout = RollingFile(data_dir / "leadflow.log")
    path = data_dir / "host.log"
    to_file = logging.StreamHandler(RollingFile(path))
    to_file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [to_file, _Terminal(sys.stderr, path)]
    root.setLevel(logging.WARNING)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a full queue is what load is
    return terminal


def leave_terminal() -> None:
    """From now on failures go to the file alone."""
    root = logging.getLogger()
    root.handlers[:] = [handler for handler in root.handlers if not isinstance(handler, _Terminal)]


def described(error: BaseException) -> str:
    """A failure's type, and each place it passed on a line of its own; its text may hold what logs must not."""
    frames = traceback.extract_tb(error.__traceback__)
    return "\n".join([type(error).__name__, *(f"  at {f.filename}:{f.lineno} in {f.name}" for f in frames)])
