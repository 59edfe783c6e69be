"""Mails of these tests go to a service of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from leadflow.core import seams
from tests.functional.campaigns.mailing import MailService, mail_service


@pytest.fixture
def mails(cloud: seams.Seams) -> Iterator[MailService]:
    """What was sent; what the next sends are answered."""
    with mail_service() as service:
        yield service
