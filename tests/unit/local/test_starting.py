"""What a run is told by its environment and its data directory, and where its output goes."""

from __future__ import annotations

import logging
import os
import stat
import sys
from pathlib import Path

import pytest

from local import logs, settings
from local.datadir import DataDir
from local.emulator import environment
from local.emulator.stack import Function, shared_environment
from local.errors import CannotStart


def test_a_run_needs_no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)

    found = settings.from_environment({})

    assert (found.api_url, found.sandbox_url) == ("http://127.0.0.1:3000", "http://127.0.0.1:3001")
    assert found.data_dir == tmp_path / ".local"
    assert (found.admin_key, found.time_scale, found.samples) == (None, "1", False)


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "0"), ("PORT", "８０"), ("SANDBOX_PORT", "-1"), ("SANDBOX_PORT", "3000")]
    + [("TIME_SCALE", value) for value in ("0", "-1", "nan", "inf", "fast")]
    + [("SEED", "2"), ("FAULTS", "-1"), ("FAULTS", "yes")],
)
def test_a_setting_that_makes_no_sense_is_named(name: str, value: str) -> None:
    with pytest.raises(CannotStart, match=name):
        settings.from_environment({name: value})


def test_an_admin_key_is_made_once_and_kept_for_its_owner_alone(tmp_path: Path) -> None:
    directory = DataDir(tmp_path)
    key = directory.admin_key(None)
    directory.release()

    assert key.startswith("lf_")
    assert len(key) > 40
    assert directory.admin_key(None) == key
    assert directory.admin_key("given") == "given"
    assert stat.S_IMODE((tmp_path / "admin_key").stat().st_mode) == 0o600


def test_a_data_directory_has_one_user_at_a_time(tmp_path: Path) -> None:
    first = DataDir(tmp_path)

    with pytest.raises(CannotStart, match="in use"):
        DataDir(tmp_path)

    first.release()
    DataDir(tmp_path).release()


def test_a_persons_own_aws_settings_are_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        monkeypatch.setenv(name, os.environ[name])  # so that all of it is put back
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "production")
    before = dict(os.environ)

    try:
        environment.prepare(4000)
        assert "production" not in os.environ.values()
        assert os.environ["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4000"
    finally:
        os.environ.clear()
        os.environ.update(before)


def _function(name: str, **variables: str) -> Function:
    return Function(name, name, f"arn:{name}", 29, 512, variables)


def test_functions_share_one_environment() -> None:
    functions = {"A": _function("A", TABLE="t"), "B": _function("B", TABLE="t", MACHINE="m")}

    assert shared_environment(functions) == {"TABLE": "t", "MACHINE": "m"}


def test_functions_that_disagree_about_a_variable_cannot_share() -> None:
    functions = {"A": _function("A", TABLE="t"), "B": _function("B", TABLE="other")}

    with pytest.raises(CannotStart, match="B has TABLE"):
        shared_environment(functions)


def test_a_log_file_starts_anew_when_it_is_full(tmp_path: Path) -> None:
    path = tmp_path / "log"
    file = logs.RollingFile(path, max_bytes=10)

    for line in ("first\n", "second\n", "third\n"):
        file.write(line)

    assert path.read_text() == "third\n"
    assert path.with_name("log.1").read_text() == "second\n"
    file.close()


def test_a_failure_is_described_without_its_text() -> None:
    try:
        raise ValueError("ada@example.com")
    except ValueError as error:
        described = logs.described(error)

    assert described.startswith("ValueError\n")
    assert __file__ in described
    assert "ada@example.com" not in described


def test_the_terminal_hears_of_a_failure_once_a_minute(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    stdout, handlers, level = sys.stdout, list(root.handlers), root.level
    try:
        logs.direct(tmp_path)
        for name in ("GET /leads", "GET /leads", "GET /tasks"):
            logging.getLogger("local.http").error("%s failed: %s", name, "KeyError\n  at …")
        logging.getLogger("ministack").error("not for people")
    finally:
        for file in (sys.stdout, root.handlers[0].stream):  # type: ignore[attr-defined]
            file.close()
        sys.stdout, root.handlers[:], root.level = stdout, handlers, level

    said = capsys.readouterr().err
    assert said.count("GET /leads failed: KeyError (details in") == 1
    assert said.count("\n") == 2
    assert (tmp_path / "host.log").read_text().count("GET /leads failed") == 2
