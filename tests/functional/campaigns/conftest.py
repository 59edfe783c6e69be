"""Mails of these tests go to a service of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from leadflow.core import seams
from tests.functional.campaigns.mailing import MailService, mail_service
from tests.functional.workflows.engine import Engine
from tests.harness import Clock


@pytest.fixture
def engine(clock: Clock) -> Engine:
    """What the platform does with the changes of this test."""
    return Engine(clock)


@pytest.fixture
def mails(cloud: seams.Seams) -> Iterator[MailService]:
    """What was sent; what the next sends are answered."""
    with mail_service() as service:
        yield service
