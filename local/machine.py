"""The whole product on one machine: puts the parts together, starts them in order and stops them again."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from local import servers
from local.datadir import DataDir
from local.emulator import environment
from local.emulator.journal import Journal
from local.faults import Faults
from local.settings import RunSettings

if TYPE_CHECKING:
    from local import parts
    from local.sandbox.server import Sandbox

ROOT = Path(__file__).resolve().parent.parent


class Machine:
    """One run. `start` either brings everything up or raises CannotStart; `stop` may be called at any time."""

    def __init__(self, settings: RunSettings, data_dir: DataDir, progress: Callable[[str], None]) -> None:
        """Reserves the ports at once. Raises CannotStart when one is taken."""
        self._settings = settings
        self._data = data_dir
        self._progress = progress
        self._api_socket = servers.reserve(settings.port, "PORT")
        self._sandbox_socket = servers.reserve(settings.sandbox_port, "SANDBOX_PORT")
        self._parts: dict[str, parts.Part] = {}
        self._journal: Journal | None = None
        self._sandbox: Sandbox | None = None
        self.admin_key = data_dir.admin_key(settings.admin_key)

    def start(self) -> None:
        """Raises CannotStart with one sentence that says what is in the way."""
        cloud_socket = servers.reserve(0, "")
        environment.prepare(cloud_socket.getsockname()[1])
        # The emulator and botocore read the environment when they are imported, so not before now.
        from local import parts

        self._journal = journal = Journal(self._data.database)
        faults = None if self._settings.faults is None else Faults(self._settings.faults, self._data.path)
        self._parts["AWS emulator"], durable = parts.start_emulator(cloud_socket, journal, faults)
        self._progress("emulator started")
        deployed = parts.deploy(ROOT, self._settings, self._data, journal, durable, faults)
        self._share_environment(deployed.environment)
        self._progress("stack deployed, state restored")
        self._open_to_the_world(deployed)
        self._progress("API and sandbox started, seeded")
        if faults is not None:
            faults.begin()
        self._parts |= parts.start_workers(deployed, journal)
        self._progress("ready")

    def _open_to_the_world(self, deployed: parts.Deployed) -> None:
        from local import parts

        self._sandbox = parts.make_sandbox(self._data.path, self._settings.api_url, self.admin_key)
        self._parts["provider sandbox"] = parts.serve_sandbox(self._sandbox, self._sandbox_socket)
        self._parts["HTTP API"] = parts.serve_api(deployed, self._api_socket)
        parts.register_admin_key(self.admin_key)
        parts.settle(self._settings, self.admin_key, self._sandbox)

    def _share_environment(self, of_functions: dict[str, str]) -> None:
        os.environ.update(
            of_functions,
            TIME_SCALE=self._settings.time_scale,
            HOST_ID=uuid.uuid4().hex,
            PROVIDER_BASE_URL=self._settings.sandbox_url,
        )

    def failed_part(self) -> str | None:
        """The name of a part that has ended by itself, if one has."""
        return next((name for name, part in self._parts.items() if not part.alive), None)

    def stop(self) -> None:
        """Stops what was started, last first."""
        parts, self._parts = self._parts, {}
        if self._sandbox:
            self._sandbox.let_go()
        for part in reversed(parts.values()):
            part.stop()
        if self._sandbox:
            self._sandbox.close()
        if self._journal:
            self._journal.close()
