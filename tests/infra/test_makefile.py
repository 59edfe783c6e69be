"""The Makefile, tried in a folder of its own with a stand-in for Python that writes down how it is called."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from tests.infra.house import ROOT

# Answers like python, makes "virtual environments" that hold itself, and fails to install while ./broken exists.
STAND_IN = """#!/bin/sh
echo "$*" | head -n 1 >> "$HOME/calls"
case "$*" in
    --version) echo "Python 3.13.0" ;;
    "-m venv"*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
    "-m pip"*) [ ! -e "$HOME/broken" ] ;;
    "-m local"*) echo "parent=$PPID port=${PORT-unset} seed=${SEED-unset}"; exit "${ENDS_WITH:-0}" ;;
esac
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("Makefile", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    python = tmp_path / "python"
    python.write_text(STAND_IN)
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    return tmp_path


def make(folder: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    clean = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHON": str(folder / "python")}
    return subprocess.Popen(
        ["make", *arguments],
        cwd=folder,
        env=clean | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def done(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    with make(folder, *arguments, **environment) as process:
        out, err = process.communicate(timeout=60)
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


def installs(folder: Path) -> int:
    calls = folder / "calls"
    return calls.read_text().count("-m pip install") if calls.exists() else 0


def test_help_lists_every_target_that_people_call() -> None:
    text = (ROOT / "Makefile").read_text()
    (phony,) = re.findall(r"^\.PHONY: ((?:.*\\\n)*.*)$", text, re.MULTILINE)
    shown = re.findall(r"^  make (\S+)", done(ROOT, "help").stdout, re.MULTILINE)

    assert set(shown) == set(phony.replace("\\", "").split()) - {"openapi-check"}


def test_setup_is_done_once(folder: Path) -> None:
    assert done(folder, "setup").returncode == 0
    assert done(folder, "setup").returncode == 0

    assert installs(folder) == 1


def test_a_setup_that_broke_off_is_begun_again(folder: Path) -> None:
    (folder / "broken").touch()
    assert done(folder, "setup").returncode != 0
    (folder / ".venv" / "left-over").touch()
    (folder / "broken").unlink()

    assert done(folder, "setup").returncode == 0

    assert installs(folder) == 2
    assert not (folder / ".venv" / "left-over").exists()


def test_a_setup_whose_python_is_gone_is_begun_again(folder: Path) -> None:
    done(folder, "setup")
    (folder / ".venv" / "bin" / "python").unlink()

    assert done(folder, "setup").returncode == 0

    assert installs(folder) == 2


def test_another_lock_means_another_setup(folder: Path) -> None:
    done(folder, "setup")
    with (folder / "requirements.lock").open("a") as lock:
        lock.write("# changed\n")

    done(folder, "setup")

    assert installs(folder) == 2


def test_a_missing_python_gets_one_clear_sentence(folder: Path) -> None:
    ended = done(folder, "run", PYTHON="/nowhere/python3")

    assert ended.returncode != 0
    assert ended.stderr.startswith("Leadflow needs Python 3.11 or newer with its venv module")
    assert "make run PYTHON=/path/to/python3.13" in ended.stderr


def test_run_becomes_the_program_and_gets_only_what_was_said(folder: Path) -> None:
    done(folder, "setup")

    with make(folder, "run", "PORT=4000") as process:
        out, _ = process.communicate(timeout=60)

    assert out == f"parent={process.pid} port=4000 seed=unset\n", "its parent is make: the shell has become it"


def test_run_takes_variables_from_the_environment_too(folder: Path) -> None:
    done(folder, "setup")

    assert "port=unset seed=1" in done(folder, "run", SEED="1").stdout


def test_a_failed_run_fails_the_target(folder: Path) -> None:
    done(folder, "setup")

    assert done(folder, "run", ENDS_WITH="3").returncode != 0


def test_an_admin_key_wants_a_stack(folder: Path) -> None:
    ended = done(folder, "admin-key")

    assert ended.returncode != 0
    assert "make admin-key STACK=" in ended.stderr


def test_continuous_integration_runs_the_checks_and_the_tests() -> None:
    script = ROOT / ".ci" / "run"

    assert script.stat().st_mode & stat.S_IXUSR
    assert re.findall(r"^make .*$", script.read_text(), re.MULTILINE) == [
        "make check",
        "make test",
        "make test-doubled",
        "make fuzz FUZZ_EXAMPLES=5 FUZZ_SEED=1279792438",
    ]
