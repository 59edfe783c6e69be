"""A host with a cloud and a mail service of its own, for mails that are sent while it dies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from leadflow.core import seams
from tests.cloud import fresh_cloud
from tests.functional.campaigns.mailing import MailService, mail_service
from tests.harness import Clock


@contextmanager
def mailed() -> Iterator[tuple[Clock, MailService]]:
    """Its clock and its mail service; it is host 0."""
    clock = Clock()
    with fresh_cloud(clock), pytest.MonkeyPatch.context() as environment, mail_service() as mails:
        environment.setenv("HOST_ID", "host 0")
        seams.current().forget("settings")
        yield clock, mails
