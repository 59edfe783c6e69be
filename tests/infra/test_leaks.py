"""The watch over what is said finds what it is there to find, in every place it looks."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from leadflow.core import aws
from leadflow.core.observability import logger
from leadflow.core.settings import settings
from tests import leaks
from tests.cloud import fresh_cloud
from tests.harness import Clock, call

PERSON = {"name": "Zebedee Quillfeather", "email": "zebedee@example.com"}


def in_a_log_line(text: str) -> None:
    logger().info("seen", extra={"who": text})


def in_a_message(text: str) -> None:
    aws.client("sqs").send_message(QueueUrl=settings().starts_queue_url, MessageBody=text)


def in_a_key(text: str) -> None:
    item = {"pk": {"S": text}, "sk": {"S": "#"}, "type": {"S": "Lead"}}
    aws.client("dynamodb").put_item(TableName=os.environ["TABLE_NAME"], Item=item)
    # Also when it is gone again.
    aws.client("dynamodb").delete_item(TableName=os.environ["TABLE_NAME"], Key={"pk": item["pk"], "sk": item["sk"]})


def in_an_error_answer(text: str) -> None:
    leaks.noted("leads/get_lead", lambda *_: {"statusCode": 404, "body": text})({}, None)


def in_a_task_answer(text: str) -> None:
    leaks.noted("workflows/run_segment", lambda *_: {"next": "done", "of": text})({}, None)


def in_a_failure(text: str) -> None:
    def fail(*_: Any) -> None:
        raise LookupError(text)

    with pytest.raises(LookupError):
        leaks.noted("leads/erase_person", fail)({}, None)


@pytest.mark.parametrize(
    "say", [in_a_log_line, in_a_message, in_a_key, in_an_error_answer, in_a_task_answer, in_a_failure]
)
@pytest.mark.parametrize("text", ["zebedee@example.com", "of Zebedee Quillfeather", "+442079460018", "lf_" + "k" * 40])
def test_whatever_is_said_is_seen(say: Callable[[str], None], text: str) -> None:
    with fresh_cloud(Clock()), pytest.raises(leaks.Leak, match=r"Zebedee|zebedee|442079460018|lf_"):
        _told(say, text)


def test_what_may_be_said_is_not_minded() -> None:
    with fresh_cloud(Clock()), leaks.watched():
        assert call("leads/create_lead", PERSON).status == 201
        assert call("leads/create_lead", PERSON).status == 409
        in_a_log_line("01M8D4TG002QTN9BTXAFTJVB69")


def _told(say: Callable[[str], None], text: str) -> None:
    with leaks.watched():
        call("leads/create_lead", PERSON)
        say(text)
