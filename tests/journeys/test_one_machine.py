"""Starting, ending, dying and coming back: what a person may do to the one-machine mode at any time."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import httpx
import pytest

from local.client import Api, Run, read_run
from tests.journeys.host import HostProcess

NewHost = Callable[..., HostProcess]
Connect = Callable[[Run], Api]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Makes clients of hosts, which are closed at the end."""
    with ExitStack() as clients:

        def make(run: Run) -> Api:
            return clients.enter_context(closing(Api(run.api_url, run.admin_key)))

        yield make


def _lead(api: Api, number: int) -> dict[str, object]:
    lead: dict[str, object] = api.post("/leads", {"name": f"Lead {number}", "email": f"lead{number}@example.com"})
    return lead


def test_a_ready_host_says_where_everything_answers(new_host: NewHost, connect: Connect) -> None:
    host = new_host()

    run = host.start()

    facts = json.loads((host.data_dir / "run.json").read_text())
    assert set(facts) == {"api_url", "admin_key", "sandbox_url", "docs_url", "pid", "aws"}
    assert facts["api_url"] == f"http://127.0.0.1:{host.port}"
    assert facts["sandbox_url"] == f"http://127.0.0.1:{host.sandbox_port}"
    assert connect(run).get("/health")["status"] == "ok"
    assert httpx.get(run.sandbox_url, trust_env=False).status_code == 200
    emulator = facts["aws"]["AWS_ENDPOINT_URL"]
    assert httpx.get(emulator, headers={"Origin": "https://evil.example"}, trust_env=False).status_code == 403
    for place in (run.api_url, run.admin_key, run.docs_url, run.sandbox_url):
        assert place in host.output
    for private in ("admin_key", "run.json"):
        assert stat.S_IMODE((host.data_dir / private).stat().st_mode) == 0o600


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_end_it_ends_well_and_takes_its_run_file_away(new_host: NewHost, ending: int) -> None:
    host = new_host()
    host.start()

    assert host.stop(ending) == 0

    assert read_run(host.data_dir) is None
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", host.port)) != 0
    assert "error" not in host.output


def test_what_was_acknowledged_is_there_after_a_kill(new_host: NewHost, connect: Connect) -> None:
    host = new_host()
    before = host.start()
    made = [_lead(connect(before), n) for n in range(20)]

    host.kill()
    after = host.start()

    assert after.admin_key == before.admin_key
    api = connect(after)
    assert [api.get(f"/leads/{lead['id']}") for lead in made] == made


def test_a_killed_run_leaves_a_run_file_that_the_next_start_removes_first(new_host: NewHost) -> None:
    host = new_host()
    host.start()
    host.kill()
    assert read_run(host.data_dir) is not None
    host.port = host.sandbox_port  # so that the next start fails

    host.launch()

    assert host.wait() == 1
    assert read_run(host.data_dir) is None


def test_sealed_credentials_and_signed_cursors_hold_over_restarts(new_host: NewHost, connect: Connect) -> None:
    host = new_host()
    before = connect(host.start())
    for n in range(3):
        _lead(before, n)
    cursor = before.get("/leads", params={"limit": 2})["next_cursor"]
    channels = before.every("/channels")
    (mail,) = [channel for channel in channels if channel["channel_type"] == "email"]

    host.kill()
    after = connect(host.start())

    assert len(after.get("/leads", params={"limit": 2, "cursor": cursor})["items"]) == 1
    assert after.every("/channels") == channels
    assert after.post(f"/channels/{mail['id']}/check")["ok"] is True


def test_an_admin_key_may_be_given(new_host: NewHost, connect: Connect) -> None:
    key = "lf_" + "a" * 40
    run = new_host(ADMIN_KEY=key).start()

    assert run.admin_key == key
    assert connect(run).get("/api-keys")["items"]


def test_a_taken_port_is_said_in_one_line(new_host: NewHost) -> None:
    host = new_host()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        host.port = other.getsockname()[1]

        host.launch()

        assert host.wait() == 1
    assert host.output.count("\n") == 1
    assert f"port {host.port} " in host.output
    assert "PORT" in host.output


def test_a_second_host_on_the_same_data_is_refused(new_host: NewHost, connect: Connect) -> None:
    first = new_host()
    run = first.start()
    second = new_host(first.data_dir)

    second.launch()

    assert second.wait() == 1
    assert read_run(first.data_dir) == run
    assert connect(run).get("/health")["status"] == "ok"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("SANDBOX_PORT", "70000"),
        ("TIME_SCALE", "0"),
        ("SEED", "perhaps"),
        ("ADMIN_KEY", "short"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(new_host: NewHost, name: str, value: str) -> None:
    host = new_host(**{name: value})

    host.launch()

    assert host.wait() == 1
    assert host.output.count("\n") == 1
    assert name in host.output


def test_a_data_directory_that_cannot_be_used_is_said_in_one_line(new_host: NewHost, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    host = new_host(tmp_path / "file")

    host.launch()

    assert host.wait() == 1
    assert host.output.count("\n") == 1
    assert "data directory" in host.output


def test_a_data_file_of_another_version_is_left_alone(new_host: NewHost) -> None:
    host = new_host()
    host.start()
    host.stop()
    database = host.data_dir / "leadflow.db"
    _set_format(database, 99)
    before = database.read_bytes()

    host.launch()

    assert host.wait() == 1
    assert "format 99" in host.output
    assert database.read_bytes() == before


def _set_format(database: Path, number: int) -> None:
    """SQLite keeps the format number in four bytes of the file's header."""
    with database.open("r+b") as file:
        os.pwrite(file.fileno(), number.to_bytes(4, "big"), 60)
