"""The demo, started as `make demo` starts it: its verdict can be trusted, and a kill in the middle changes nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx

from local.client import Api, read_run
from tests.journeys.host import ROOT, HostProcess

PATIENCE = 240
ALL_RIGHT = "Everything is as it should be."


def demo(data_dir: Path, leads: int) -> subprocess.Popen[str]:
    """A demo in a process group of its own, so that all of it can be killed together."""
    env = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    return subprocess.Popen(
        [sys.executable, "-m", "local.demo"],
        cwd=ROOT,
        env={**env, "DATA_DIR": str(data_dir), "LEADS": str(leads), "TIME_SCALE": "3600", "PYTHONUTF8": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    """The exit code and all that was said; nothing of the group is left behind, whatever happens."""
    try:
        output, _ = process.communicate(timeout=PATIENCE)
    finally:
        kill(process)
    return process.returncode, output


def kill(process: subprocess.Popen[str]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def mails_out(data_dir: Path) -> int:
    """How many mails the provider has taken; 0 when nobody can be asked."""
    run = read_run(data_dir)
    if run is None:
        return 0
    try:
        return len(httpx.get(f"{run.sandbox_url}/sent", trust_env=False).json()["items"])
    except httpx.TransportError:
        return 0


def test_the_demo_judges_a_whole_story_right_and_a_second_one_on_the_same_data(tmp_path: Path) -> None:
    for run, leads in ((1, 12), (2, 3)):
        code, output = finish(demo(tmp_path / "data", leads))

        assert (code, output.splitlines()[-1]) == (0, ALL_RIGHT), output
        assert f"Demo run {run} with {leads} leads" in output
        assert output.count(" right\n") == leads
        assert read_run(tmp_path / "data") is None


def test_a_demo_that_is_killed_in_the_middle_ends_right_when_it_is_started_again(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    first = demo(data_dir, 12)
    give_up = time.monotonic() + PATIENCE
    try:
        while not 1 <= mails_out(data_dir) < 12:
            assert first.poll() is None, first.communicate()[0]
            assert time.monotonic() < give_up
    finally:
        kill(first)
        first.communicate()

    code, output = finish(demo(data_dir, 12))

    assert (code, output.splitlines()[-1]) == (0, ALL_RIGHT), output
    assert output.startswith("Carrying on with run 1")
    assert "Mailed twice    0" in output


def test_the_demo_uses_a_server_that_runs_and_says_what_is_wrong(new_host: Callable[..., HostProcess]) -> None:
    host = new_host(TIME_SCALE="3600")
    run = host.start()
    code, output = finish(demo(host.data_dir, 3))
    assert (code, output.splitlines()[-1]) == (0, ALL_RIGHT), output

    # Given the same run to judge again, and somebody who mails one of its leads once more
    state = host.data_dir / "demo-state.json"
    state.write_text(json.dumps({**json.loads(state.read_text()), "finished": False}))
    sandbox = Api(run.sandbox_url, "SG.somebody-else")
    mails = sandbox.get("/sent")["items"]
    twice = mails[1]["to"]
    sandbox.post(
        "/sendgrid/v3/mail/send",
        {
            "personalizations": [{"to": [{"email": twice}]}],
            "from": {"email": "other@example.com"},
            "subject": "Once more",
            "content": [{"type": "text/plain", "value": "Hello again"}],
        },
    )

    code, output = finish(demo(host.data_dir, 3))

    assert code == 1
    assert f"<{twice}> got 2 mails instead of one" in output
    assert ALL_RIGHT not in output
    assert Counter(mail["to"] for mail in sandbox.get("/sent")["items"])[twice] == 2
    assert read_run(host.data_dir) == run
    sandbox.close()
