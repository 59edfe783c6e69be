"""The example of the README, typed as it stands there into a shell beside a running host."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.journeys.host import ROOT, HostProcess

PATIENCE = 120
# The README waits a few seconds and then looks; on a busy machine that would not do for a test.
PAUSES = {
    "sleep 5": """until call GET /workflows/$WORKFLOW/executions | grep -q '"completed"'; do sleep 0.1; done""",
    "sleep 8": """until call GET /campaigns/$CAMPAIGN/stats | grep -q '"completed".*"sent":2,'; do sleep 0.1; done""",
}


def example() -> str:
    """The commands from "From nothing to a mail" to "The demo" that come after the start."""
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    (story,) = re.findall(r"^## From nothing to a mail\n(.*?)^## The demo", page, re.MULTILINE | re.DOTALL)
    start, *commands = re.findall(r"^```sh\n(.*?)^```$", story, re.MULTILINE | re.DOTALL)
    assert start.startswith("make run"), "the example begins with the start"
    return "".join(commands)


def test_the_example_of_the_readme_ends_as_the_readme_says(
    new_host: Callable[..., HostProcess], tmp_path: Path
) -> None:
    host = new_host(tmp_path / ".local", TIME_SCALE="3600")
    run = host.start()
    commands = example()
    for pause, until_it_is_done in PAUSES.items():
        assert commands.count(pause) == 1
        commands = commands.replace(pause, until_it_is_done)
    commands = commands.replace("http://127.0.0.1:3000", run.api_url).replace("http://127.0.0.1:3001", run.sandbox_url)

    ended = subprocess.run(
        ["sh", "-e", "-c", commands],
        cwd=tmp_path,
        env=os.environ | {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    said = ended.stdout + ended.stderr
    assert ended.returncode == 0, said
    assert '"title":' not in said, "no answer is a problem"
    for kind in ("condition", "wait", "send_email"):
        assert re.search(rf'"action_type":"{kind}","status":"completed"', said), said
    assert '"subject":"Hello Ada Lovelace"' in said
    assert "What does Analytical Engines need?" in said
    assert "200 image/gif" in said
    assert re.search(r'"name":"Ada Lovelace".*"score":2,', said), "the open raises the score"
    assert re.search(r'"status":"opened","outcome":"accepted","attempt":1', said), said
    assert re.search(r'"status":"completed","as_of":"[^"]*","audience":1,"sent":2,"skipped":0,', said), said
