"""Run the sandbox by itself: `python -m local.sandbox --port 3001 --data-dir .local --api-url http://127.0.0.1:3000`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

from local import servers
from local.errors import CannotStart
from local.sandbox.server import Sandbox

_THREADS = 32


def main() -> int:
    """Serve until Ctrl-C or SIGTERM. The admin key comes from --admin-key or the environment's ADMIN_KEY."""
    options = _options()
    access = (options.api_url.rstrip("/"), options.admin_key)
    try:
        listening = servers.reserve(options.port, "--port")
    except CannotStart as error:
        print(error, file=sys.stderr)
        return 1
    sandbox = Sandbox(options.data_dir, lambda: access if all(access) else None)
    server = servers.HttpServer("sandbox", sandbox, listening, _THREADS)
    sandbox.start()
    server.start()
    print(f"provider sandbox on http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    _wait_for_the_end()
    sandbox.let_go()
    server.stop()
    sandbox.close()
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=3001, help="0 picks a free one")
    parser.add_argument("--data-dir", type=Path, default=Path(".local"))
    parser.add_argument("--api-url", default="", help="the product's API, asked for its channels")
    parser.add_argument("--admin-key", default=os.environ.get("ADMIN_KEY", ""))
    return parser.parse_args()


def _wait_for_the_end() -> None:
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()


if __name__ == "__main__":
    sys.exit(main())
