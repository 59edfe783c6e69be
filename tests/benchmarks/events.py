"""What comes in, counted: a post of 100 delivery events by SendGrid, an open, a click, an SMS, a row of an import.

Each by its door, its worker and the readers of the table's stream, as in a warm function: what is read once in a
function's life is read before. Seconds are processor time of our own code, requests to AWS left out.
"""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable
from typing import Any

from tests.benchmarks import report
from tests.benchmarks.campaign import read_stream
from tests.benchmarks.meter import Cost, Meter

_EVENTS = 100
_TIMES = 5
_ROWS = 500
_BROWSER = {"user-agent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"}
Costs = dict[str, Cost]


def main(rounds: int) -> None:
    """Counts are exact, so one round does."""
    import tests.conftest  # noqa: F401 - settings of the tests' own cloud

    with contextlib.redirect_stdout(io.StringIO()):  # the doors' log lines
        posts, opens, clicks = _mail_events()
        found = {
            f"a post of {_EVENTS} delivery events": (posts, 1),
            "an open": (opens, _TIMES),
            "a click": (clicks, _TIMES),
            "an SMS that comes in": (_messages(), _TIMES),
            f"an import of {_ROWS} new leads": (_import(), 1),
        }
        report.figure("reconcile", _idle())
    rows = []
    for what, (costs, times) in found.items():
        for name, cost in costs.items():
            calls = ", ".join(f"{n / times:g} {op}" for op, n in sorted(cost.calls.items()))
            figures = [cost.invocations, sum(cost.calls.values()), cost.written, cost.read]
            shown = [f"{figure / times:g}" for figure in figures]
            rows.append([what, name, *shown, report.milliseconds(cost.own / times), calls])
    columns = ["what", "function", "invocations", "calls", "write units", "read units", "ms of our code", "which"]
    report.table("What comes in, by function", columns, rows)
    report.figure("events_a_post", _EVENTS)
    report.figure("rows", _ROWS)
    for name, (costs, times) in zip(("post", "open", "click", "message", "import"), found.values(), strict=True):
        report.figure(name, {function: cost.figures(times) for function, cost in costs.items()})


def _measured(work: Callable[[Meter, int], None]) -> Costs:
    """What the work takes when it is done for the second time and later, the stream's readers included."""
    from tests.functional.workflows.engine import Engine
    from tests.harness import Clock

    engine = Engine(Clock())
    first = Meter(engine)
    work(first, 0)
    read_stream(first, engine.changes())
    engine.changes()
    meter = Meter(engine)
    for number in range(1, _TIMES + 1):
        work(meter, number)
    read_stream(meter, [change for cost in list(meter.costs.values()) for change in cost.changes])
    return meter.costs


def _mail_events() -> tuple[Costs, Costs, Costs]:
    from tests.benchmarks.campaign import put_leads
    from tests.cloud import fresh_cloud
    from tests.functional.campaigns.campaigning import campaign, step
    from tests.functional.campaigns.mailing import mail_service
    from tests.functional.campaigns.running import acted, mails_of, work
    from tests.functional.channels.accounts import EMAIL, make
    from tests.harness import Clock, call

    with fresh_cloud(Clock()), mail_service():
        channel = make(EMAIL)
        put_leads(_EVENTS + 10)
        campaign_id = campaign()
        step(campaign_id)
        acted(campaign_id, "launch_campaign")
        work()
        mail_ids = [mail.id for mail in mails_of(campaign_id)]

        def opened(meter: Meter, number: int) -> None:
            path = {"tracking_id": mail_ids[number]}
            meter.run("open", lambda: call("tracking/open", path=path, headers=_BROWSER, scopes=None))

        def clicked(meter: Meter, number: int) -> None:
            path = {"tracking_id": mail_ids[number], "link": "1"}
            meter.run("click", lambda: call("tracking/click", path=path, headers=_BROWSER, scopes=None))

        posts = _post(channel["id"], mail_ids)
        return posts, _measured(opened), _measured(clicked)


def _post(channel_id: str, mail_ids: list[str]) -> Costs:
    from tests.functional.webhooks.posts import body_of, event, post, queued, work
    from tests.functional.workflows.engine import Engine
    from tests.harness import Clock

    def body(some: list[str]) -> bytes:
        return body_of(*(event(mail_id, sg_event_id=f"delivered-{mail_id}") for mail_id in some))

    post(channel_id, body(mail_ids[-1:]))
    work(*queued())
    engine = Engine(Clock())
    engine.changes()
    meter = Meter(engine)
    assert meter.run("sendgrid_events", lambda: post(channel_id, body(mail_ids[:_EVENTS]))).status == 204
    messages = queued()
    assert meter.run("process_delivery", lambda: work(*messages)) == []
    read_stream(meter, [change for cost in list(meter.costs.values()) for change in cost.changes])
    return meter.costs


def _messages() -> Costs:
    from tests.cloud import fresh_cloud
    from tests.functional.channels.accounts import make
    from tests.functional.webhooks.posts import queued, work
    from tests.functional.webhooks.services import SMS, form, post_twilio
    from tests.harness import Clock

    with fresh_cloud(Clock()):
        channel = make(SMS)

        def wrote(meter: Meter, number: int) -> None:
            raw = form(MessageSid=f"SM{number}")
            assert meter.run("twilio_message", lambda: post_twilio(channel, raw)).status == 200
            messages = queued()
            assert meter.run("process_delivery", lambda: work(*messages)) == []

        return _measured(wrote)


def _idle() -> dict[str, Any]:
    """What reconcile takes when there is nothing to do."""
    from tests.cloud import fresh_cloud
    from tests.functional.workflows.engine import Engine
    from tests.harness import Clock, door

    clock = Clock()
    with fresh_cloud(clock):
        meter = Meter(Engine(clock))
        meter.run("reconcile", lambda: door("platform/reconcile")({}, None))
        return meter.costs["reconcile"].figures()


def _import() -> Costs:
    from tests.cloud import fresh_cloud
    from tests.functional.leads import transfer
    from tests.functional.leads.announced import announced, work
    from tests.functional.workflows.engine import Engine
    from tests.harness import Clock

    def file(name: str, count: int) -> str:
        rows = (
            f"{name}{number}@example.com,Person {number},Example,+44207{1000000 + number}" for number in range(count)
        )
        return "\n".join(["email,name,company,phone", *rows])

    with fresh_cloud(Clock()):
        transfer.bucket()
        transfer.imported(file("first", 2).replace("+44207", "+44208"))
        engine = Engine(Clock())
        engine.changes()
        meter = Meter(engine)
        made: Any = meter.run("import_leads", lambda: transfer.posted(file("lead", _ROWS)))
        while events := announced():
            for one in events:
                assert meter.run("import_rows", lambda one=one: work(one)) == []
        assert transfer.shown_import(json.loads(made.text)["id"])["created"] == _ROWS
        read_stream(meter, [change for cost in list(meter.costs.values()) for change in cost.changes])
        return meter.costs
