"""GET /leads/{lead_id}/timeline: one list of all that happened to a lead, the same in pages of any size."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadflow.activities import store as plans
from leadflow.campaigns import store as mails
from leadflow.core import clock, ids, table
from leadflow.core.timeline import TimelineEntry
from leadflow.leads import store
from leadflow.leads.schema import TimelineItem
from leadflow.leads.service import history
from leadflow.workflows import store as runs
from tests.functional import wire
from tests.functional.leads.people import added, patched
from tests.functional.signals.websites import found, submitted
from tests.harness import Clock, call

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
KINDS = ("signal", "status_change", "email", "execution", "task", "appointment")
# Few moments, so that many things happen at the same one.
HAPPENING = st.tuples(st.sampled_from(KINDS), st.integers(0, 3))


def address() -> str:
    """An address nobody has yet."""
    return f"p{ids.new_id().lower()}@example.com"


def page_of(lead_id: str, **query: str) -> dict[str, Any]:
    answer = call("leads/get_timeline", path={"lead_id": lead_id}, query=query, scopes="leads:read")
    assert answer.status == 200, answer.text
    page: dict[str, Any] = answer.json
    return page


def happened(kind: str, lead_id: str, number: int, minute: int) -> str:
    """Something that happened to a lead in this minute; its id in the timeline."""
    moment = START + timedelta(minutes=minute)
    at, made = clock.stamp(moment), ids.derived_id(moment, lead_id, kind, str(number))
    item: table.Item
    if kind == "signal":
        item = store.IntentSignal(pk=f"LEAD#{lead_id}", sk=f"SIG#{made}", id=made, lead_id=lead_id, created_at=at)
        item.signal_type, item.score_impact = "website_visit", 1
    elif kind == "status_change":
        item = store.StatusChange(pk=f"LEAD#{lead_id}", sk=f"STS#{at}#{number:09d}", lead_id=lead_id, at=at)
        item.from_status, item.to_status, made = "new", "contacted", f"{lead_id}.{number:09d}"
    elif kind == "email":
        made = ids.secret_token(16)
        item = mails.EmailSent(pk=f"EM#{made}", sk="#", id=made, tracking_id=made, lead_id=lead_id, created_at=at)
        item.recipient_email, item.subject = "ada@example.com", "Hello"
        item.gsi2pk, item.gsi2sk = f"LEAD#{lead_id}", f"EM#{at}#{made}"
    elif kind == "task":
        item = plans.new_task(made, {"lead_id": lead_id, "title": "Call", "created_at": at})
        item.place()
    elif kind == "appointment":
        item = plans.new_appointment(made, {"lead_id": lead_id, "title": "Demo", "scheduled_at": at, "created_at": at})
        item.duration_minutes = 30
        item.place()
    else:
        item = runs.new_execution(
            id=made, workflow_id="W", workflow_version=1, trigger_type="manual", lead_id=lead_id, started_at=at
        )
    table.create(item)
    return made


def test_what_happened_in_one_list_with_how_long_each_status_lasted(clock: Clock) -> None:
    submitted({"email": "ada@example.com", "message": "Hi"})
    lead_id = found()["id"]
    clock.advance(hours=1)
    patched(lead_id, status="contacted")
    clock.advance(days=2, seconds=1.5)
    patched(lead_id, status="qualified")
    clock.advance(minutes=1)
    mail = happened("email", lead_id, 1, 10_000)

    items = page_of(lead_id)["items"]

    for item in items:
        TimelineItem.model_validate(item)
    assert [(item["kind"], item["title"]) for item in items] == [
        ("email", "Mail: Hello"),
        ("status_change", "Status changed from contacted to qualified"),
        ("status_change", "Status changed from new to contacted"),
        ("signal", "Filled in a form"),
    ]
    assert items[0]["id"] == mail
    assert items[0]["data"]["status"] == "queued"
    assert items[1]["data"] == {
        "lead_id": lead_id,
        "from": "contacted",
        "to": "qualified",
        "at": "2026-03-04T10:00:01.500Z",
        "seconds_in_former_status": 172_801.5,
    }
    assert items[2]["data"]["seconds_in_former_status"] == 3600
    assert items[3]["data"] == call("signals/list_signals", path={"lead_id": lead_id}).json["items"][0]
    # How long a status lasted does not depend on where a page ends.
    small = page_of(lead_id, limit="2")
    assert small["items"] == items[:2]
    assert page_of(lead_id, limit="2", cursor=small["next_cursor"])["items"] == items[2:]


@settings(max_examples=25, deadline=None)
@given(
    before=st.lists(HAPPENING, max_size=14),
    meanwhile=st.lists(HAPPENING, max_size=4),
    limit=st.integers(1, 5),
    kind=st.sampled_from((None, *KINDS)),
)
def test_pages_of_any_size_are_the_whole_list(
    before: list[tuple[str, int]], meanwhile: list[tuple[str, int]], limit: int, kind: str | None
) -> None:
    """Also of things of the same moment, and while others are added: each is told once, in order, none is missing."""
    lead_id, other = added(address())["id"], added(address())["id"]
    told = [(happened(what, lead_id, n, at), what) for n, (what, at) in enumerate(before)]
    for number, (what, at) in enumerate(before[:3]):
        happened(what, other, 500 + number, at)
    wanted = {one for one, what in told if kind in (None, what)}
    late = [(1000 + n, what, at) for n, (what, at) in enumerate(meanwhile)]
    shown: list[dict[str, Any]] = []
    query = {"limit": str(limit)} | ({"kind": kind} if kind else {})
    while True:
        page = page_of(lead_id, **query)
        shown += page["items"]
        assert len(page["items"]) <= limit
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
        if late:
            number, what, at = late.pop()
            happened(what, lead_id, number, at)

    positions = [f"{item['at']}#{item['id']}" for item in shown]
    assert positions == sorted(set(positions), reverse=True)
    assert wanted <= {item["id"] for item in shown}
    assert all(kind in (None, item["kind"]) for item in shown)


@settings(max_examples=25, deadline=None)
@given(happenings=st.lists(st.tuples(HAPPENING, st.booleans()), max_size=12), limit=st.integers(1, 4))
def test_leads_that_were_merged_have_one_timeline(happenings: list[tuple[tuple[str, int], bool]], limit: int) -> None:
    both = (added(address())["id"], added(address())["id"])
    for number, ((kind, minute), second) in enumerate(happenings):
        if kind in ("signal", "status_change"):
            happened(kind, both[second], number, minute)
    whole = history.timeline_of(both, None, 100)
    pages: list[TimelineEntry] = []
    while entries := history.timeline_of(both, pages[-1].position if pages else None, limit):
        pages += entries

    assert pages == whole
    assert len(whole) == sum(kind in ("signal", "status_change") for (kind, _), _ in happenings)


def test_a_page_costs_the_same_whatever_the_lead_has_behind_it() -> None:
    lead_id = added()["id"]
    for number in range(40):
        happened(KINDS[number % len(KINDS)], lead_id, number, number)
    costs = {}
    for limit in (5, 20):
        with wire.watched() as seen:
            page = page_of(lead_id, limit=str(limit))
        assert len(page["items"]) == limit
        costs[limit] = Counter(seen)

    # The lead; signals, merges, changes of status, enrichments, keys of mails, of runs, of messages, of tasks and of
    # appointments; those that there are, and for the first change the lead.
    assert costs[5] == {"GetItem": 1, "Query": 9, "BatchGetItem": 4}
    assert costs[20] == {"GetItem": 1, "Query": 9, "BatchGetItem": 5}


def test_a_key_in_an_index_without_its_item_hides_nothing() -> None:
    lead_id = added()["id"]
    for number in range(6):
        happened("email", lead_id, number, number)
    newest = page_of(lead_id, limit="1")["items"][0]["id"]
    mail = mails.find_mail(newest)
    assert mail is not None
    gone = mails.EmailSent(pk="EM#gone", sk="#", id="gone", tracking_id="gone", lead_id=lead_id, subject="x")
    gone.recipient_email = "ada@example.com"
    gone.gsi2pk, gone.gsi2sk = f"LEAD#{lead_id}", f"EM#{mail.created_at}#zzz"
    table.create(gone)
    # Of another kind than the index says, so the list does not find it.
    raw = next(item for item in wire.stored("EmailSent") if item["id"]["S"] == "gone")
    wire.aws.client("dynamodb").put_item(TableName="leadflow-test", Item={**raw, "type": {"S": "Other"}})

    first = page_of(lead_id, limit="2")
    rest = page_of(lead_id, limit="100", cursor=first["next_cursor"])
    assert len(first["items"]) == 2
    assert len(rest["items"]) == 4


def test_the_timeline_of_nobody_is_not_found_and_a_cursor_belongs_to_its_list() -> None:
    lead_id = added()["id"]
    for number in range(3):
        happened("signal", lead_id, number, number)
    cursor = page_of(lead_id, limit="1")["next_cursor"]

    assert call("leads/get_timeline", path={"lead_id": "nobody"}).status == 404
    other = {"path": {"lead_id": added("grace@example.com")["id"]}, "query": {"cursor": cursor}}
    assert call("leads/get_timeline", **other).status == 400
    same = call("leads/get_timeline", path={"lead_id": lead_id}, query={"cursor": cursor, "kind": "signal"})
    assert same.status == 400
    assert call("leads/get_timeline", path={"lead_id": lead_id}, query={"kind": "gossip"}).status == 422


@pytest.mark.parametrize("kind", ["task", "appointment", "message", "enrichment"])
def test_a_kind_of_which_there_is_nothing_is_an_empty_list(kind: str) -> None:
    assert page_of(added()["id"], kind=kind) == {"items": [], "next_cursor": None}
