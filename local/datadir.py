"""The data directory: who may use it, the admin key in it, and the file that says where everything answers."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from pathlib import Path

from local.errors import CannotStart


class DataDir:
    """One running host at a time owns a data directory, until its process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        """Makes the directory when it is not there and takes it. Raises CannotStart when that cannot be."""
        self.path = path
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Not `with`: the lock holds as long as the file is open, which is as long as the process lives.
            self._lock = open(path / "lock", "a+")  # noqa: SIM115
        except OSError as error:
            raise CannotStart(f"the data directory {path} cannot be used: {error.strerror}") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self.release()
            raise CannotStart(f"the data directory {path} is in use by another running host") from error
        self._check_access()

    def release(self) -> None:
        """Lets another host have the directory."""
        self._lock.close()

    def _check_access(self) -> None:
        for entry in (self.path, *self.path.iterdir()):
            if not os.access(entry, os.R_OK | os.W_OK):
                raise CannotStart(f"the data directory {self.path} cannot be used: no right to write {entry.name}")

    @property
    def database(self) -> Path:
        return self.path / "leadflow.db"

    @property
    def objects(self) -> Path:
        return self.path / "objects"

    @property
    def run_file(self) -> Path:
        return self.path / "run.json"

    def forget_run(self) -> None:
        """Removes a run file, this run's or one that a killed run left."""
        self.run_file.unlink(missing_ok=True)

    def announce_run(self, facts: dict[str, object]) -> None:
        """Writes the run file; whoever sees it sees all of it."""
        _write_private(self.run_file, json.dumps(facts, indent=2) + "\n")

    def admin_key(self, wanted: str | None) -> str:
        """The key given, else the one kept here, made at the first start."""
        if wanted:
            return wanted
        path = self.path / "admin_key"
        if path.exists():
            return path.read_text().strip()
        key = f"lf_{secrets.token_urlsafe(32)}"
        _write_private(path, key + "\n")
        return key


def _write_private(path: Path, text: str) -> None:
    temporary = path.with_name(f"{path.name}.new")
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    temporary.replace(path)
