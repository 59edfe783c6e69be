"""Sources that answer what a test tells them, and a queue whose delays the clock jumps over."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from leadflow.core import aws
from tests.functional.enrichment.sources import World, note_queued, queue_events
from tests.harness import Clock

_EVENT = "before-parameter-build.sqs.SendMessageBatch"


@pytest.fixture
def world(clock: Clock) -> Iterator[World]:
    queue_events().register(_EVENT, note_queued)
    try:
        yield World(clock)
    finally:
        queue_events().unregister(_EVENT, note_queued)


@pytest.fixture
def bucket() -> None:
    aws.client("s3").create_bucket(Bucket=os.environ["BUCKET_NAME"])
