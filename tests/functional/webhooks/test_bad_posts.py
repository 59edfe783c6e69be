"""What is wrong with posts of providers, at every door: how it is answered, what is kept and what is not."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import pytest

from leadflow.channels import store
from leadflow.core import aws
from tests.functional.conversations.talking import conversation, conversations, messages
from tests.functional.webhooks.doors import DOORS, SPOKEN, Door, mail
from tests.functional.webhooks.posts import body_of, event, queued, work
from tests.functional.webhooks.services import form, meta_message, meta_post, multipart
from tests.functional.wire import counts
from tests.harness import call

Make = Callable[[str], bytes]
EVERY = pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
EVERY_SPOKEN = pytest.mark.parametrize("name", SPOKEN)
MEGABYTE = 1_000_000


@pytest.fixture(autouse=True)
def bucket() -> str:
    name = os.environ["BUCKET_NAME"]
    aws.client("s3").create_bucket(Bucket=name)
    return name


def files() -> list[str]:
    """What lies in the bucket."""
    listed = aws.client("s3").list_objects_v2(Bucket=os.environ["BUCKET_NAME"])
    return [one["Key"] for one in listed.get("Contents", [])]


def worked_on() -> list[store.Delivery]:
    """The deliveries that were queued, once the worker has done with them; it gives none of them back."""
    waiting = {message["delivery_id"]: message for message in queued()}
    assert work(*waiting.values()) == []
    return [found for delivery_id in waiting if (found := store.find_delivery(delivery_id)) is not None]


def takes_what_is_good(door: Door, channel: dict[str, Any]) -> None:
    """Nothing that came before stands in the way of a good post."""
    assert door.post(channel, door.good).status == door.taken
    worked_on()
    assert len(messages()) == 1


def by_channel(name: str, text: str, **more: Any) -> bytes:
    """A message with these words, as it is posted at a door."""
    if name in ("sms", "whatsapp"):
        mark = "whatsapp:" if name == "whatsapp" else ""
        return form(Body=text, From=f"{mark}+14155550143", To=f"{mark}+12025550107", **more)
    if name == "mail":
        return mail(text)
    page, kind = SPOKEN[name].account["page_id"], "page" if name == "messenger" else "instagram"
    return meta_post(meta_message("m_1", text), page=page, kind=kind)


@EVERY
@pytest.mark.parametrize("size", [0, 4 * MEGABYTE])
@pytest.mark.parametrize("signed", ["wrong", "not at all", "in part"])
def test_who_cannot_prove_who_they_are_gets_401_and_nothing_is_kept(door: Door, size: int, signed: str) -> None:
    channel = door.channel()
    before = counts()
    headers = {"wrong": door.wrong, "not at all": {}, "in part": dict(list(door.wrong.items())[:1])}[signed]

    answer = door.post(channel, door.good + b" " * size, headers)

    assert (answer.status, answer.headers["content-type"]) == (401, "application/problem+json")
    assert (counts(), files(), queued()) == (before, [], [])


@EVERY
def test_six_megabytes_are_too_many_with_the_best_of_signatures(door: Door) -> None:
    channel = door.channel()
    before = counts()

    answer = door.post(channel, door.good + b" " * (6 * MEGABYTE))

    assert (answer.status, answer.headers["content-type"]) == (413, "application/problem+json")
    assert "4500000 bytes" in answer.json["detail"]
    assert (counts(), files(), queued()) == (before, [], [])


@EVERY_SPOKEN
def test_a_message_of_four_megabytes_is_a_message(name: str) -> None:
    door = SPOKEN[name]
    assert door.post(door.channel(), by_channel(name, "x" * 4 * MEGABYTE)).status == door.taken

    (delivery,) = worked_on()

    assert (delivery.state, files()) == ("processed", [f"deliveries/{delivery.id}"])
    (shown,) = messages()
    assert shown["content"] == "x" * 10_000
    assert shown["metadata"]["length"] == (100_000 if name == "mail" else 4 * MEGABYTE)


# What no provider posts. A form that is not text cannot have been signed by Twilio, so it is 401 there.
GARBAGE: dict[str, bytes] = {
    "no text": b"\xff\xfe\x00\x01",
    "words": b"nothing",
    "a number": b"7",
    "a list": b"[1, null, [], {}]",
    "an object": b'{"object": 1, "entry": {}, "From": "x"}',
    "entries of nothing": b'{"object": "page", "entry": [null, 7, [], {}, {"messaging": 7}, {"messaging": [7, null]}]}',
    "half of JSON": b'{"object": "page", "entry": [{"id": "1029384000',
    "nested deeply": b"[" * 100_000 + b"]" * 100_000,
    "nested objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "a form of nothing": b"From=&To=&MessageSid=&MessageStatus=",
    "a form of no text": b"From=%ff&To=%fe&MessageSid=%00",
    "a mail of nothing": multipart({"headers": "", "text": ""}),
    "a mail from nobody": multipart({"headers": "Subject: x", "envelope": "[]", "from": "", "to": ""}),
    "boundaries": b"--xYzZY\r\n--xYzZY\r\n--xYzZY--",
}


@EVERY
@pytest.mark.parametrize("raw", GARBAGE.values(), ids=GARBAGE)
def test_signed_garbage_is_kept_and_parked_and_nobody_comes_of_it(door: Door, raw: bytes) -> None:
    channel = door.channel()
    before = counts()
    unsignable = door.content_type.endswith("urlencoded") and raw.startswith(b"\xff")

    assert door.post(channel, raw).status == (401 if unsignable else door.taken)
    found = worked_on()

    assert [one.state for one in found if one.state != "parked"] in ([], ["processed"])
    assert [bool(one.reason) for one in found] == [one.state == "parked" for one in found]
    assert {name: number for name, number in counts().items() if name != "Delivery"} == before


@EVERY
@pytest.mark.parametrize("raw", [b"", *(other.good for other in DOORS.values())], ids=["nothing", *DOORS])
def test_what_another_provider_posts_makes_no_message(door: Door, raw: bytes) -> None:
    if raw == door.good:
        return
    channel = door.channel()
    before = counts()

    assert door.post(channel, raw).status == door.taken
    (found,) = worked_on()

    # A Messenger post at the door of Instagram is one for a page that nobody here has, and so on.
    assert found.state == ("parked" if raw and door.name != "webhooks/twilio_status" else found.state)
    assert {name: number for name, number in counts().items() if name != "Delivery"} == before


STRANGERS: dict[str, bytes] = {
    "sms": form(To="+12025550999"),
    "whatsapp": form(To="whatsapp:+12025550999", From="whatsapp:+14155550143"),
    "messenger": meta_post(meta_message("m_1", "Hello"), page="999"),
    "instagram": meta_post(meta_message("m_1", "Hello"), page="999", kind="instagram"),
}


@pytest.mark.parametrize("name", STRANGERS)
def test_what_is_for_a_number_or_page_of_nobody_is_parked_until_there_is_one(name: str) -> None:
    door = SPOKEN[name]
    channel = door.channel()
    assert door.post(channel, STRANGERS[name]).status == door.taken
    (parked,) = worked_on()
    assert (parked.state, conversations()) == ("parked", [])
    assert "has the account it came to" in str(parked.reason)

    own = {"page_id": "999"} if channel.get("page_id") else {"phone_number": "+12025550999"}
    assert call("channels/update_channel", own, path={"channel_id": channel["id"]}).status == 200
    assert call("webhooks/replay_inbox", path={"delivery_id": parked.id}).status == 202
    (again,) = worked_on()

    assert again.state == "processed"
    assert [one["content"] for one in messages()] == ["Hello"]


@EVERY
def test_a_channel_that_is_not_there_is_404(door: Door) -> None:
    channel = {**door.channel(), "id": "01HZX4"}
    before = counts()

    assert door.post(channel, door.good).status == 404
    assert (counts(), files(), queued()) == (before, [], [])


CAFE = "caf\N{LATIN SMALL LETTER E WITH ACUTE}"
NO_TEXT: dict[str, tuple[bytes, str | None]] = {
    "sms": (form(Body=CAFE).replace(b"%C3%A9", b"%ff"), "caf\ufffd"),
    "mail": (mail(CAFE.encode("latin-1")), CAFE),
    "messenger": (meta_post(meta_message("m_1", "caf~")).replace(b"~", b"\xe9"), None),
    "messenger, half of a pair": (meta_post(meta_message("m_1", "caf\ud83d")), "caf\ufffd"),
    "events": (body_of(event("01NOTOURS", reason="~")).replace(b"~", b"\xe9"), None),
}


@pytest.mark.parametrize("name", NO_TEXT)
def test_text_that_is_none_is_read_as_well_as_can_be_or_parked(name: str) -> None:
    door = DOORS[name.partition(",")[0]]
    raw, text = NO_TEXT[name]
    assert door.post(door.channel(), raw).status == door.taken

    (delivery,) = worked_on()

    assert delivery.state == ("parked" if text is None else "processed")
    assert [one["content"] for shown in conversations() for one in messages(shown["id"])] == ([text] if text else [])


def happened(**told: Any) -> bytes:
    """A post about one thing that happened on Messenger, in the place of a message."""
    return meta_post({**meta_message("m_1", ""), "message": None, **told})


def with_files(*files: dict[str, Any]) -> bytes:
    return happened(message={"mid": "m_1", "attachments": list(files)})


# What is signed and fits its form, with values far beyond what its provider gives.
HUGE = "9" * 500_000
MANY_FILES = [{"type": "image", "payload": {"url": f"https://cdn.example/{number}"}} for number in range(10_000)]
MONSTERS: dict[str, tuple[str, bytes]] = {
    "an id": ("sms", form(MessageSid="SM" + HUGE)),
    "a sender": ("sms", form(From="+1" + HUGE)),
    "a name": ("whatsapp", by_channel("whatsapp", "Hello", ProfileName=HUGE)),
    "an address of a file": ("sms", form(NumMedia="1", MediaUrl0="https://api.twilio.com/" + HUGE)),
    "a type of a file": ("sms", form(NumMedia="1", MediaUrl0="https://api.twilio.com/x", MediaContentType0=HUGE)),
    "a reply": ("sms", form(OriginalRepliedMessageSid=HUGE)),
    "a status": ("status", form(MessageStatus=HUGE)),
    "an error": ("status", form(MessageStatus="failed", ErrorCode=HUGE, ErrorMessage=HUGE)),
    "a message id": ("mail", mail(headers=f"From: a@b.example\nTo: c@d.example\nMessage-ID: <{HUGE}@b.example>")),
    "a mail's sender": ("mail", mail(headers=f"From: {HUGE}@b.example\nTo: c@d.example")),
    "an event of no text": ("events", body_of(event("01NOTOURS\ud800"))),
    "an event's time": ("events", body_of(event("01NOTOURS", timestamp=float("inf")))),
    "files of a message": ("messenger", with_files(*MANY_FILES)),
    "a title of a file": ("messenger", with_files({"type": HUGE, "payload": {"url": HUGE, "title": HUGE}})),
    "a moment": ("messenger", happened(message={"mid": "m_1", "text": "Hello"}, timestamp=float("nan"))),
    "a referral": ("messenger", happened(message={"mid": "m_1", "referral": {"ref": float("nan")}})),
    "a reaction": ("messenger", happened(reaction={"mid": "m_1", "action": HUGE, "emoji": HUGE, "reaction": HUGE})),
    "an edit": ("messenger", happened(message_edit={"mid": "m_1", "text": HUGE, "num_edit": 10**40})),
    "receipts": ("messenger", happened(delivery={"mids": [f"m_{n}" for n in range(300)], "watermark": 10**30})),
}


@pytest.mark.parametrize("name", MONSTERS)
def test_what_is_far_too_large_holds_nobody_up(name: str) -> None:
    door_name, raw = MONSTERS[name]
    door = DOORS[door_name]
    channel = door.channel()
    assert door.post(channel, raw).status == door.taken
    waiting = queued()

    given_back = work(*waiting)

    # A report about a mail that is not on file is given back until the mail may be there.
    assert given_back in ([], ["0"] if name == "an event's time" else [])
    for shown in conversations():
        json.dumps(messages(shown["id"]), allow_nan=False)


def test_a_report_about_what_a_person_wrote_changes_nothing() -> None:
    channel = DOORS["sms"].channel()
    DOORS["sms"].post(channel, DOORS["sms"].good)
    worked_on()
    before = messages()

    assert DOORS["status"].post(channel, DOORS["status"].good).status == 204
    (delivery,) = worked_on()

    assert (delivery.state, messages()) == ("processed", before)


def test_ten_thousand_events_are_all_looked_at() -> None:
    door = DOORS["events"]
    others = [event(None, sg_event_id=f"e{number}") for number in range(9_999)]
    assert door.post(door.channel(), body_of(*others, event(7))).status == 204  # type: ignore[arg-type]

    (delivery,) = worked_on()

    assert (delivery.state, delivery.entries, delivery.recorded) == ("processed", 10_000, 0)


def test_ten_thousand_parts_are_no_mail() -> None:
    door = DOORS["mail"]
    channel = door.channel()
    assert door.post(channel, mail(**{f"field{number}": "x" for number in range(10_000)})).status == 204

    (delivery,) = worked_on()

    assert (delivery.state, conversations()) == ("parked", [])
    takes_what_is_good(door, channel)


def test_ten_thousand_fields_are_nothing_that_twilio_has_signed() -> None:
    door = DOORS["sms"]
    channel = door.channel()

    assert door.post(channel, form(**{f"F{number}": "x" for number in range(10_000)})).status == 401
    takes_what_is_good(door, channel)


@EVERY_SPOKEN
def test_a_good_post_behind_all_that_is_taken_and_is_one_message(name: str) -> None:
    door = SPOKEN[name]
    channel = door.channel()
    for raw in GARBAGE.values():
        door.post(channel, raw)
    door.post(channel, door.good, door.wrong)

    takes_what_is_good(door, channel)

    assert conversation()["unread_count"] == 1
