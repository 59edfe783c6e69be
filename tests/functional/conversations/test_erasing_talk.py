"""What was said with a person goes with them, and nothing is kept when they write again."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from leadflow.core import aws
from leadflow.core.errors import InProgress
from leadflow.core.settings import settings
from tests.functional.channels.accounts import make
from tests.functional.channels.provider import Provider
from tests.functional.conversations.talking import ANA, announced, conversations, deliver, lead_id, say, takes, write
from tests.functional.conversations.test_get_attachment import PNG, media
from tests.functional.conversations.test_mail import mail
from tests.functional.leads import announced as bus
from tests.functional.leads.erasing import erase
from tests.functional.leads.merging import merged, timeline
from tests.functional.webhooks.posts import queued, work
from tests.functional.webhooks.services import SMS, multipart, post_mail
from tests.functional.wire import Killed, interrupted, stored
from tests.harness import Clock, call, door

BO = "+14155550144"


def test_all_of_a_persons_talk_goes_and_others_stay(provider: Provider, clock: Clock) -> None:
    aws.client("s3").create_bucket(Bucket=settings().bucket_name)
    channel = make(SMS)
    provider.answers(200, PNG, {"content-type": "image/png"})
    write(channel, "My secret plan", sid="SM1", **media(provider))
    deliver()
    write(channel, "STOP", sid="SM2")
    write(channel, "Hello", sid="SM3", person=BO)
    anas = next(one for one in conversations() if one["sms_id"] == ANA)
    clock.advance(minutes=1)
    say("On the house", next(one["id"] for one in conversations() if one["sms_id"] == BO))
    announced()

    assert erase(anas["lead_id"]).status == 202
    bus.work(*bus.announced("erasure"))

    left = repr([item for item in stored() if item["type"]["S"] != "Delivery"])
    assert "secret" not in left
    assert ANA not in left
    assert aws.client("s3").list_objects_v2(Bucket=settings().bucket_name).get("Contents", []) == []
    assert [one["sms_id"] for one in conversations()] == [BO]
    assert call("conversations/get_conversation", path={"conversation_id": anas["id"]}).status == 404


def test_who_was_erased_and_writes_again_is_not_kept() -> None:
    channel = make(SMS)
    write(channel)
    (found,) = conversations()
    erase(found["lead_id"])
    # Before the worker has been there, and after.
    write(channel, "Are you there?", sid="SM2")
    bus.work(*bus.announced("erasure"))
    write(channel, "Are you there?", sid="SM3")

    assert conversations() == []
    assert call("leads/list_leads").json["items"] == []
    assert stored("Message") == []


def files_kept() -> list[str]:
    return [one["Key"] for one in aws.client("s3").list_objects_v2(Bucket=settings().bucket_name).get("Contents", [])]


@pytest.fixture
def fetching(provider: Provider) -> dict[str, Any]:
    """The job of a file that somebody has sent and that is to be fetched."""
    aws.client("s3").create_bucket(Bucket=settings().bucket_name)
    provider.answers(200, PNG, {"content-type": "image/png"})
    write(make(SMS), "My secret plan", **media(provider))
    (event,) = announced("attachments")
    return event


def erased() -> None:
    erase(conversations()[0]["lead_id"])
    assert bus.work(*bus.announced("erasure")) == []


def test_a_file_that_comes_while_the_person_is_erased_is_not_kept(fetching: dict[str, Any]) -> None:
    with interrupted(erased, operation="UpdateItem"), pytest.raises(InProgress):
        door("conversations/fetch_attachments")(fetching, None)

    assert files_kept() == []


def test_a_file_whose_worker_died_before_the_message_had_it_goes_with_the_person(fetching: dict[str, Any]) -> None:
    def dies() -> None:
        raise Killed

    with suppress(Killed), interrupted(dies, operation="UpdateItem"):
        door("conversations/fetch_attachments")(fetching, None)
    assert files_kept() != []

    erased()

    assert files_kept() == []


def test_files_of_a_mail_that_is_read_while_the_person_is_erased_are_not_kept() -> None:
    aws.client("s3").create_bucket(Bucket=settings().bucket_name)
    channel = mail("m1@example.com", "Hello")
    told = {"headers": "Message-ID: <m2@example.com>\r\nFrom: ana@example.com", "text": "See here", "attachments": "1"}
    told |= {"from": "ana@example.com", "to": "hello@acme.example", "subject": "Plans"}
    told |= {"envelope": '{"to":["hello@acme.example"],"from":"ana@example.com"}'}
    info = {"attachment-info": '{"attachment1": {"filename": "plan.png", "type": "image/png"}}'}
    post_mail(channel, multipart({**told, **info, "attachment1": ("plan.png", "image/png", PNG)}))
    waiting = queued()

    def by_now() -> None:
        assert files_kept() != []
        erased()

    with interrupted(by_now):
        work(*waiting)
    work(*waiting)

    assert files_kept() == []
    assert stored("Message") == []


def test_an_address_that_was_erased_before_it_ever_wrote_is_not_kept() -> None:
    channel = make(SMS)
    erase(lead_id(phone=ANA))
    bus.work(*bus.announced("erasure"))

    write(channel)

    assert conversations() == []
    assert ANA not in repr([item for item in stored() if item["type"]["S"] != "Delivery"])


def test_the_timeline_shows_messages_of_all_parts_of_a_merged_lead(provider: Provider, clock: Clock) -> None:
    channel = make(SMS)
    write(channel, "By SMS")
    by_sms = conversations()[0]["lead_id"]
    mail("m1@example.com", "By mail")
    by_mail = next(one["lead_id"] for one in conversations() if one["channel"] == "email")
    takes(provider)

    merged(by_sms, by_mail)

    told = [one for one in timeline(by_sms) if one["kind"] == "message"]
    assert [one["data"]["content"] for one in told] == ["By mail", "By SMS"]
    assert [one["kind"] for one in timeline(by_sms, kind="message")] == ["message", "message"]
    assert len(conversations(lead_id=by_sms)) == 2
