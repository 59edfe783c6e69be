"""The worker that fetches the files that came with a message."""

from __future__ import annotations

from typing import Any

import pytest

from leadflow.core import aws
from leadflow.core.errors import InProgress
from leadflow.core.settings import settings
from tests.functional.channels.accounts import make
from tests.functional.channels.provider import Provider
from tests.functional.conversations.talking import announced, deliver, messages, write
from tests.functional.conversations.test_get_attachment import PNG, media
from tests.functional.webhooks.services import SMS
from tests.harness import Clock, call, door


@pytest.fixture(autouse=True)
def bucket() -> None:
    aws.client("s3").create_bucket(Bucket=settings().bucket_name)


def attachment() -> dict[str, Any]:
    (one,) = messages()[0]["attachments"]
    return dict(one)


def test_one_that_is_gone_at_the_provider_says_so(provider: Provider) -> None:
    write(make(SMS), "", **media(provider))
    provider.answers(404, {"code": 20404})

    deliver()

    assert attachment()["state"] == "failed"
    assert attachment()["reason"]


def test_an_address_that_is_not_the_providers_is_not_asked(provider: Provider) -> None:
    write(make(SMS), "", NumMedia="1", MediaUrl0="https://169.254.169.254/latest", MediaContentType0="image/png")

    deliver()

    assert attachment()["state"] == "failed"
    assert provider.asked == []


@pytest.mark.parametrize("status", [401, 503])
def test_a_provider_that_fails_or_refuses_the_account_is_asked_again(
    provider: Provider, clock: Clock, status: int
) -> None:
    write(make(SMS), "", **media(provider))
    (event,) = announced("attachments")
    provider.answers(status)
    with pytest.raises(InProgress):
        door("conversations/fetch_attachments")(event, None)
    assert attachment()["state"] == "pending"
    provider.answers(200, PNG, {"content-type": "image/png"})
    clock.advance(minutes=3)

    door("platform/reconcile")({}, None)
    deliver()

    assert attachment()["state"] == "stored"
    door("platform/reconcile")({}, None)
    assert announced("attachments") == []


def test_after_three_days_it_is_given_up(provider: Provider, clock: Clock) -> None:
    write(make(SMS), "", **media(provider))
    (event,) = announced("attachments")
    provider.answers(503)
    clock.advance(days=4)

    door("conversations/fetch_attachments")(event, None)

    assert attachment()["state"] == "failed"


def test_a_message_that_is_gone_is_nothing_to_do() -> None:
    door("conversations/fetch_attachments")({"id": "1", "detail": {"id": "nope"}}, None)


def test_what_a_file_claims_is_not_believed(provider: Provider) -> None:
    write(make(SMS), "", **media(provider))
    provider.answers(200, b"<html><script>alert(1)</script>", {"content-type": "text/html"})

    deliver()

    assert attachment()["media_type"] == "application/octet-stream"
    assert call("leads/list_leads").status == 200
