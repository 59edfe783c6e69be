"""Every functional test has a cloud of its own, and may say nothing of anybody where that is forbidden."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from leadflow.core import seams
from tests import leaks
from tests.cloud import fresh_cloud
from tests.harness import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def cloud(clock: Clock) -> Iterator[seams.Seams]:
    with fresh_cloud(clock) as installed, leaks.watched():
        yield installed
