"""Every functional test has a cloud of its own, and may say nothing of anybody where that is forbidden."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from leadflow.core import seams
from tests import leaks
from tests.cloud import fresh_cloud
from tests.harness import Clock

Told = Callable[[], list[tuple[str, float]]]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def cloud(clock: Clock) -> Iterator[seams.Seams]:
    with fresh_cloud(clock) as installed, leaks.watched():
        yield installed


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    """The metrics that were told since the last look, with their values."""

    def look() -> list[tuple[str, float]]:
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
        found = []
        for line in lines:
            [metrics] = line["_aws"]["CloudWatchMetrics"]
            assert metrics["Namespace"] == "Leadflow"
            assert metrics["Dimensions"] == [["service"]]
            assert line["service"] == "leadflow"
            [metric] = metrics["Metrics"]
            found.append((metric["Name"], *line[metric["Name"]]))
        return found

    return look
