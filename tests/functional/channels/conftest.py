"""A provider of the test's own, at which the product looks for SendGrid."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from leadflow.core import seams
from tests.functional.channels.provider import Provider, running


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch, cloud: seams.Seams) -> Iterator[Provider]:
    at_work = Provider()
    with running(at_work) as url:
        monkeypatch.setenv("PROVIDER_BASE_URL", url)
        cloud.forget("settings")
        yield at_work
