"""MiniStack as a server on a loopback port of this process."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import urllib.request
from typing import Any

from local import loopback
from local.errors import CannotStart

_TICK_SECONDS = 1


class EmulatorServer:
    """MiniStack's application under Hypercorn, on a thread with its own event loop."""

    def __init__(self, sock: socket.socket) -> None:
        self._port = sock.getsockname()[1]
        self._sock = sock
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="emulator", daemon=True)

    def start(self, timeout: int = 15) -> None:
        """Starts it and waits until it answers. Raises CannotStart after `timeout` seconds."""
        from ministack.services import eventbridge, scheduler

        # Both look for due schedules every 10 s, which is long when an hour is made a second.
        scheduler._SCHEDULE_TICK_INTERVAL = _TICK_SECONDS
        eventbridge._SCHEDULER_TICK_INTERVAL = _TICK_SECONDS
        self._thread.start()
        url = f"http://127.0.0.1:{self._port}/_ministack/health"
        try:
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=timeout).close()
        except OSError as error:
            raise CannotStart(f"the AWS emulator did not answer within {timeout} seconds") from error

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        """Stops taking requests; returns after 2 seconds at most."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(2)

    def _run(self) -> None:
        from hypercorn.asyncio import serve
        from hypercorn.config import Config
        from ministack.app import app

        # It answers whoever asks, pages of the web included.
        guarded: Any = loopback.for_programs_alone(app)
        config = Config()
        config.bind = [f"fd://{self._sock.detach()}"]
        config.errorlog = logging.getLogger("hypercorn.error")
        config.graceful_timeout = 0.5
        config.shutdown_timeout = 1
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(serve(guarded, config, shutdown_trigger=self._stop.wait, mode="asgi"))
