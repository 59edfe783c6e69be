"""People who talk with us in tests: what they write arrives as it does from the providers, and answers go out."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from leadflow.core import seams
from tests.functional.channels.provider import Provider
from tests.functional.leads.people import added
from tests.functional.webhooks.posts import queued, work
from tests.functional.webhooks.services import form, post_twilio
from tests.harness import Answer, Clock, call, door

ANA = "+14155550143"
SID = "SM00000000000000000000000000000001"
Event = dict[str, Any]
WORKERS = {"message": "conversations/deliver_message", "attachments": "conversations/fetch_attachments"}


def arrive() -> None:
    """Works on all that was posted."""
    while messages := queued():
        assert work(*messages) == []
    # What comes next is later, as it is anywhere but in a test.
    tick()


def tick() -> None:
    """A millisecond passes."""
    clock = seams.current().clock
    assert isinstance(clock, Clock)
    clock.advance(milliseconds=1)


def write(channel: dict[str, Any], text: str = "Hello", *, sid: str = "SM1", person: str = ANA, **fields: str) -> None:
    """A text message that comes in and is worked on."""
    sender = f"whatsapp:{person}" if channel["channel_type"] == "whatsapp" else person
    own = channel["phone_number"]
    number = f"whatsapp:{own}" if channel["channel_type"] == "whatsapp" else own
    assert post_twilio(channel, form(MessageSid=sid, From=sender, To=number, Body=text, **fields)).status == 200
    arrive()


def report(channel: dict[str, Any], message_id: str | None, status: str, *, sid: str = SID, **fields: str) -> None:
    """A status callback of Twilio that is worked on."""
    told = {"From": channel["phone_number"], "To": ANA, **fields}
    raw = form(MessageSid=sid, MessageStatus=status, **told)
    query = {"m": message_id} if message_id else None
    assert post_twilio(channel, raw, status=True, query=query).status < 300
    arrive()


def announced(kind: str | None = None) -> list[Event]:
    """The jobs on the bus, of one kind or all, taken off it."""
    bus: list[Event] = seams.current().remember("jobs", list)
    found, bus[:] = list(bus), []
    return [event for event in found if kind in (None, event["detail-type"])]


def deliver() -> None:
    """Hands everything that is announced to the workers until nothing more is."""
    while events := announced():
        for event in events:
            door(WORKERS[event["detail-type"]])(event, None)


def conversations(**query: str) -> list[dict[str, Any]]:
    answer = call("conversations/list_conversations", query=query)
    assert answer.status == 200, answer.text
    found: list[dict[str, Any]] = answer.json["items"]
    return found


def conversation(**query: str) -> dict[str, Any]:
    (found,) = conversations(**query)
    return found


def messages(conversation_id: str | None = None) -> list[dict[str, Any]]:
    """A conversation's messages, oldest first; of the only one when none is named."""
    answer = call("conversations/list_messages", path={"conversation_id": conversation_id or conversation()["id"]})
    assert answer.status == 200, answer.text
    found: list[dict[str, Any]] = answer.json["items"]
    return found[::-1]


def say(content: str = "", conversation_id: str | None = None, **more: Any) -> Answer:
    """Sends a message; what is said after it comes after it, by its id too."""
    body = {**({"content": content} if content else {}), **more}
    answer = call("conversations/send_message", body, path={"conversation_id": conversation_id or conversation()["id"]})
    tick()
    return answer


def change(conversation_id: str, **fields: Any) -> Answer:
    return call("conversations/update_conversation", fields, path={"conversation_id": conversation_id})


def takes(provider: Provider, sid: str = SID) -> None:
    """The provider takes messages, as Twilio does."""
    provider.answers(201, {"sid": sid, "status": "queued"})


def lead_id(**fields: Any) -> str:
    """The id of a new lead."""
    return str(added(**fields)["id"])


def texts(at: Provider) -> list[str]:
    """What Twilio was asked to send, in order."""
    return [parse_qs(one.body.decode())["Body"][0] for one in at.asked if one.method == "POST"]


def reconcile() -> None:
    door("platform/reconcile")({}, None)
