"""POST /conversations/{conversation_id}/messages"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from tests.functional.channels.accounts import EMAIL, MESSENGER, make
from tests.functional.conversations.talking import (
    ANA,
    announced,
    arrive,
    change,
    conversation,
    lead_id,
    messages,
    say,
    write,
)
from tests.functional.webhooks.posts import queued, work
from tests.functional.webhooks.services import (
    INSTAGRAM,
    SMS,
    WHATSAPP,
    form,
    meta_message,
    meta_post,
    post_meta,
    post_twilio,
)
from tests.functional.wire import Killed, killed_at
from tests.harness import Clock, call


def error(answer: Any) -> tuple[int, str, str]:
    assert answer.status == 422, answer.text
    (one,) = answer.json["errors"]
    return answer.status, one["field"], one["message"]


def test_it_is_queued_and_announced() -> None:
    write(make(SMS))
    announced()

    answer = say("Good morning")

    assert (answer.status, answer.json["status"], answer.json["direction"]) == (202, "queued", "outbound")
    assert answer.json["metadata"] == {"encoding": "GSM-7", "segments": 1}
    assert [event["detail"]["id"] for event in announced("message")] == [conversation()["id"]]


def test_a_message_of_which_nothing_is_kept_has_empty_metadata() -> None:
    chat = call("conversations/create_conversation", {"channel": "chat"}).json["id"]

    assert say("Hello", chat).json["metadata"] == {}
    assert messages(chat)[0]["metadata"] == {}


@pytest.mark.parametrize("body", [{}, {"content": " "}, {"content": "a", "template": "HX1"}])
def test_what_is_wrong_with_the_words_is_told_of_them(body: dict[str, Any]) -> None:
    write(make(WHATSAPP))

    assert error(say(**body))[1] == "content"


def test_a_note_is_seen_by_us_alone() -> None:
    write(make(SMS))
    announced()

    answer = say("Sounds like a good lead", role="system")

    assert (answer.status, answer.json["status"]) == (202, "sent")
    assert announced() == []


def test_chat_is_kept_in_both_directions(clock: Clock) -> None:
    chat = call("conversations/create_conversation", {"channel": "chat"}).json["id"]
    say("Hello", chat, role="user")
    clock.advance(seconds=1)
    say("How can we help?", chat)

    assert [(one["direction"], one["status"]) for one in messages(chat)] == [
        ("inbound", "received"),
        ("outbound", "sent"),
    ]
    assert conversation()["unread_count"] == 1
    assert announced() == []


def test_what_people_say_elsewhere_comes_by_the_channel() -> None:
    write(make(SMS))

    assert error(say("I am Ana", role="user"))[1] == "role"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"content": ""},
        {"content": "x" * 10_001},
        {"content": "a", "template": "HX1"},
        {"content": "a\x00b"},
        {"content": "a", "role": "robot"},
        {"content": "a", "tag": "ACCOUNT_UPDATE"},
        {"attachments": [{"url": "ftp://files.example/a"}]},
        {"attachments": [{"url": "http://127.0.0.1/a"}]},
        {"content": "a", "to": "+1"},
    ],
)
def test_bad_input_is_refused(body: dict[str, Any]) -> None:
    write(make(SMS))

    assert say(**body).status == 422
    assert len(messages()) == 1


@pytest.mark.parametrize("channel", ["messenger", "email", "chat"])
def test_a_template_is_refused_where_the_provider_has_none(channel: str) -> None:
    if channel == "messenger":
        meta(make(MESSENGER))
    elif channel == "email":
        make(EMAIL)
        person = lead_id(email="ana@example.com")
        call("conversations/create_conversation", {"channel": "email", "lead_id": person})
    else:
        call("conversations/create_conversation", {"channel": "chat"})

    assert error(say(template="HX1"))[1] == "template"


def test_a_note_has_no_template() -> None:
    write(make(SMS))

    assert error(say(template="HX1", role="system"))[1] == "template"


def test_none() -> None:
    assert say("Hello", "nope").status == 404


def test_too_long_a_text_is_refused_by_the_providers_count() -> None:
    write(make(SMS))

    assert error(say("x" * 1601)) == (422, "content", "has 1601 characters; sms takes 1600.")


def meta(channel: dict[str, Any], at: int = 1772442000000) -> None:
    kind = "instagram" if channel["channel_type"] == "instagram" else "page"
    raw = meta_post(meta_message("m_1", "Hello", at=at), page=channel["page_id"], kind=kind)
    assert post_meta(channel, raw).status == 200
    arrive()


@pytest.mark.parametrize(
    ("channel", "content", "told"),
    [
        (MESSENGER, "😀" * 1001, "has 2002 UTF-16 units; messenger takes 2000."),
        (INSTAGRAM, "ü" * 501, "has 1002 bytes of UTF-8; instagram takes 1000."),
    ],
)
def test_metas_counts(channel: dict[str, Any], content: str, told: str) -> None:
    meta(make(channel))

    assert error(say(content)) == (422, "content", told)
    assert say(content[1:]).status == 202


def test_files_and_words_do_not_go_together_where_the_provider_takes_one() -> None:
    meta(make(MESSENGER))
    file = {"url": "https://files.example.com/price.pdf"}

    assert error(say("Our prices", attachments=[file]))[1] == "attachments"
    assert say(attachments=[file]).status == 202


def test_whatsapps_window_closes_after_24_hours_and_templates_stay(clock: Clock) -> None:
    write(make(WHATSAPP))
    clock.advance(hours=23, minutes=59)
    assert say("Still there?").status == 202
    clock.advance(minutes=1)

    told = error(say("And now?"))[2]

    assert told == "The person wrote more than 24 hours ago: only an approved template may be sent (template)."
    assert say(template="HX1", template_variables={"1": "Ana"}).status == 202


def test_metas_window_by_the_providers_clock_and_the_tag_for_7_days(clock: Clock) -> None:
    meta(make(MESSENGER), at=1772442000000 - 23 * 3_600_000)
    assert say("Hello").status == 202
    clock.advance(hours=2)

    assert "HUMAN_AGENT" in error(say("Hello"))[2]
    assert say("Hello", tag="HUMAN_AGENT").status == 202
    clock.advance(days=6)
    assert "7 days" in error(say("Hello", tag="HUMAN_AGENT"))[2]


def test_who_opted_out_is_not_written_to(clock: Clock) -> None:
    channel = make(SMS)
    write(channel)
    clock.advance(minutes=1)
    write(channel, "Stop", sid="SM2")

    assert error(say("Why?")) == (422, "channel", "The person opted out of sms.")
    lead = call("leads/get_lead", path={"lead_id": conversation()["lead_id"]}).json
    assert lead["consent"]["sms"] == {"opted_in": False, "at": "2026-03-02T09:01:00.001Z"}
    clock.advance(minutes=1)
    write(channel, "START", sid="SM3")
    assert say("Welcome back").status == 202


def removed_suppression() -> None:
    (kept,) = call("suppressions/list_suppressions").json["items"]
    assert call("suppressions/remove_suppression", path={"suppression_id": kept["id"]}).status == 204


def test_a_stop_that_is_read_again_undoes_nothing_that_was_done_since(clock: Clock) -> None:
    channel = make(SMS)
    write(channel, "STOP")
    lead = conversation()["lead_id"]
    clock.advance(minutes=1)
    removed_suppression()
    call("leads/update_lead", {"consent": {"sms": {"opted_in": True}}}, path={"lead_id": lead})

    call("webhooks/replay_range", {"from": "2026-03-02T00:00:00Z", "to": "2026-03-03T00:00:00Z"})
    arrive()

    assert say("Welcome back").status == 202


def test_a_yes_after_a_stop_counts_also_when_the_suppression_is_gone(clock: Clock) -> None:
    channel = make(SMS)
    write(channel, "STOP")
    removed_suppression()
    clock.advance(minutes=1)

    write(channel, "START", sid="SM2")

    assert say("Welcome back").status == 202


@pytest.mark.parametrize("at", range(1, 12))
@pytest.mark.parametrize("sent", [False, True], ids=["before", "after"])
def test_whoever_dies_over_a_start_it_counts(clock: Clock, at: int, sent: bool) -> None:
    channel = make(SMS)
    write(channel, "STOP")
    clock.advance(minutes=1)
    post_twilio(channel, form(MessageSid="SM2", Body="START"))
    (message,) = queued()
    with suppress(Killed), killed_at(at, sent=sent):
        work(message)
    assert work(message) == []

    assert say("Welcome back").status == 202


def test_yes_to_something_else_is_no_consent() -> None:
    write(make(SMS), "yes")

    assert call("leads/get_lead", path={"lead_id": conversation()["lead_id"]}).json["consent"] == {}


def test_consent_of_the_lead_counts() -> None:
    write(make(SMS))
    lead = conversation()["lead_id"]
    call("leads/update_lead", {"consent": {"sms": {"opted_in": False}}}, path={"lead_id": lead})

    assert error(say("Hello"))[1] == "channel"


def test_an_answer_under_an_idempotency_key_is_one_message() -> None:
    write(make(SMS))
    path, key = {"conversation_id": conversation()["id"]}, {"Idempotency-Key": "k1"}

    first = call("conversations/send_message", {"content": "Once"}, path=path, headers=key)
    again = call("conversations/send_message", {"content": "Once"}, path=path, headers=key)

    assert first.json["id"] == again.json["id"]
    assert len(messages()) == 2


def test_a_mail_goes_to_a_lead_we_write_to_first() -> None:
    make(EMAIL)
    ana = lead_id(email="ana@example.com", phone=ANA)
    call("conversations/create_conversation", {"channel": "email", "lead_id": ana})

    assert say("Hello Ana").status == 202


def test_a_closed_conversation_may_be_written_to() -> None:
    write(make(SMS))
    change(conversation()["id"], status="closed")

    assert say("One more thing").status == 202
