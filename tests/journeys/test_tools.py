"""The data's tools beside a running host, as `make` calls them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.journeys.host import HostProcess

NewHost = Callable[..., HostProcess]
ROOT = Path(__file__).resolve().parents[2]


def tool(data_dir: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DATA_DIR": str(data_dir), **variables}
    environment.pop("STACK", None)
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )


def test_seeded_it_is_in_order_and_can_be_reset_once_it_is_stopped(new_host: NewHost) -> None:
    host = new_host()
    host.start()

    assert tool(host.data_dir, "local.seed").returncode == 0
    valid = tool(host.data_dir, "local.tools", "validate")
    assert (valid.returncode, valid.stderr) == (0, "")
    assert re.search(r"^  Lead +5$", valid.stdout, re.MULTILINE)
    assert valid.stdout.endswith(" items, 0 problems\n")
    assert tool(host.data_dir, "local.tools", "migrate").returncode == 0
    assert tool(host.data_dir, "local.tools", "rollback").stdout == "nothing is applied\n"
    for port in ("none", "99999", str(host.port)):
        refused = tool(host.data_dir, "local.tools", "browse", BROWSE_PORT=port)
        assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (1, "", 1)
        assert "BROWSE_PORT" in refused.stderr
    refused = tool(host.data_dir, "local.tools", "reset")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)

    host.kill()
    assert (host.data_dir / "run.json").exists()
    for command in (("local.seed",), ("local.tools", "validate"), ("local.tools", "browse")):
        nobody = tool(host.data_dir, *command)
        assert (nobody.returncode, nobody.stdout, nobody.stderr.count("\n")) == (1, "", 1)
    assert tool(host.data_dir, "local.tools", "reset").returncode == 0
    assert {entry.name for entry in host.data_dir.iterdir()} <= {"admin_key", "lock"}
    nothing = tool(host.data_dir, "local.tools", "validate")
    assert (nothing.returncode, nothing.stderr.count("\n")) == (1, 1)
