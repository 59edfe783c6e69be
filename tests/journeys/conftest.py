"""The whole product on this machine, as a process of its own, for journeys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.client import Api, Run
from tests.journeys.host import HostProcess


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """One host for all journeys that need no host of their own; an hour of waiting takes it a second."""
    process = HostProcess(tmp_path_factory.mktemp("journeys") / "data", TIME_SCALE="3600")
    try:
        yield process.start()
        process.stop()
    finally:
        process.kill()


@pytest.fixture
def api(run: Run) -> Iterator[Api]:
    """The API of that host, with its admin key."""
    client = Api(run.api_url, run.admin_key)
    yield client
    client.close()


@pytest.fixture
def sandbox(run: Run) -> Iterator[Api]:
    """The provider sandbox of that host."""
    client = Api(run.sandbox_url)
    yield client
    client.close()


@pytest.fixture
def new_host(tmp_path: Path) -> Iterator[Callable[..., HostProcess]]:
    """Makes hosts that end with the test, however it ends: `new_host()` or `new_host(data_dir, NAME=…)`."""
    made: list[HostProcess] = []

    def make(data_dir: Path | None = None, **settings: str) -> HostProcess:
        made.append(HostProcess(data_dir or tmp_path / "data", **settings))
        return made[-1]

    yield make
    for process in made:
        process.kill()
