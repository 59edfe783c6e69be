"""AWS calls of one delivery, by door and worker, and of one message that is sent: of somebody who is known already."""

from __future__ import annotations

import contextlib
import io
import os
from collections import Counter
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

from tests.benchmarks import report
from tests.benchmarks.units import metered

# What a function reads once in its life is read by the first.
_ROUNDS = 2
Counts = dict[str, Counter[str]]


def count() -> None:
    """Counts are exact, so the second round tells all."""
    import tests.conftest  # noqa: F401 - settings of the tests' own cloud

    with contextlib.redirect_stdout(io.StringIO()):  # the doors' log lines
        found = {
            "Twilio message": _sms(),
            "Meta event": _messenger(),
            "Twilio status": _status(),
            "message that is sent": _sent(),
        }
    rows = []
    for what, counts in found.items():
        for function, calls in counts.items():
            which = ", ".join(f"{number} {name}" if number > 1 else name for name, number in sorted(calls.items()))
            rows.append([what, function, str(calls.total()), which])
        rows.append([what, "in all", str(sum(calls.total() for calls in counts.values())), ""])
    report.table("AWS calls per delivery", ["what", "function", "calls", "which"], rows)


class _Till:
    """Keeps what each function calls, of its last run."""

    def __init__(self) -> None:
        self.counts: Counts = {}

    def run(self, function: str, work: Callable[[], Any]) -> Any:
        with metered() as usage:
            answer = work()
        self.counts[function] = Counter(usage.calls)
        return answer


def _counted(account: dict[str, Any], happens: Callable[[_Till, dict[str, Any], int], None]) -> Counts:
    from leadflow.core import seams
    from tests.cloud import fresh_cloud
    from tests.functional.channels.accounts import make
    from tests.functional.channels.provider import Provider, running
    from tests.harness import Clock

    clock, till, provider = Clock(), _Till(), Provider()
    provider.answers(201, {"sid": "SM9", "status": "queued"})
    with fresh_cloud(clock), running(provider) as url, patch.dict(os.environ, PROVIDER_BASE_URL=url):
        seams.current().forget("settings")
        channel = make(account)
        for number in range(_ROUNDS):
            clock.advance(minutes=1)
            happens(till, channel, number)
    return till.counts


def _worked_on(till: _Till) -> None:
    from tests.functional.webhooks.posts import queued, work

    waiting = queued()
    assert till.run("process_delivery", lambda: work(*waiting)) == []


def _sms() -> Counts:
    from tests.functional.webhooks.services import SMS, form, post_twilio

    def happens(till: _Till, channel: dict[str, Any], number: int) -> None:
        raw = form(MessageSid=f"SM{number}")
        assert till.run("twilio_message", lambda: post_twilio(channel, raw)).status == 200
        _worked_on(till)

    return _counted(SMS, happens)


def _messenger() -> Counts:
    from tests.functional.channels.accounts import MESSENGER
    from tests.functional.webhooks.services import meta_message, meta_post, post_meta

    def happens(till: _Till, channel: dict[str, Any], number: int) -> None:
        raw = meta_post(meta_message(f"m_{number}", "Hello", at=1772442000000 + number))
        assert till.run("meta_events", lambda: post_meta(channel, raw)).status == 200
        _worked_on(till)

    return _counted(MESSENGER, happens)


def _sent() -> Counts:
    from tests.functional.conversations.talking import announced, conversation, write
    from tests.functional.webhooks.services import SMS
    from tests.harness import call, door

    def happens(till: _Till, channel: dict[str, Any], number: int) -> None:
        write(channel, sid=f"SM{number}")
        path, body = {"conversation_id": conversation()["id"]}, {"content": "Good morning"}
        announced()
        assert till.run("send_message", lambda: call("conversations/send_message", body, path=path)).status == 202
        (event,) = announced("message")
        till.run("deliver_message", lambda: door("conversations/deliver_message")(event, None))

    return _counted(SMS, happens)


def _status() -> Counts:
    from tests.functional.conversations.talking import ANA, deliver, messages, say, write
    from tests.functional.webhooks.services import SMS, form, post_twilio

    def happens(till: _Till, channel: dict[str, Any], number: int) -> None:
        write(channel, sid=f"SM{number}")
        say("Good morning")
        deliver()
        told = form(MessageSid="SM9", MessageStatus="delivered", From=SMS["phone_number"], To=ANA, Number=str(number))
        query = {"m": messages()[-1]["id"]}
        assert till.run("twilio_status", lambda: post_twilio(channel, told, status=True, query=query)).status == 204
        _worked_on(till)

    return _counted(SMS, happens)
