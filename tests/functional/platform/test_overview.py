"""GET /overview"""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any

import pytest

from leadflow.core import table
from leadflow.entry.stream import stream_reader
from leadflow.platform import service_overview, service_totals
from leadflow.platform.schema import Overview
from tests.functional.leads.announced import work
from tests.functional.leads.erasing import queued
from tests.functional.workflows.engine import Engine
from tests.harness import Clock, call
from tests.infra.house import functions

STATUSES = ["new", "contacted", "qualified", "proposal", "closed_won", "closed_lost"]


def overview() -> dict[str, Any]:
    shown: dict[str, Any] = call("platform/overview", scopes="platform:read").json
    return shown


def new_lead(number: int, source: str = "api") -> str:
    body = {"name": f"Lead {number}", "email": f"lead{number}@example.com", "source": source}
    made: str = call("leads/create_lead", body).json["id"]
    return made


def set_status(lead_id: str, status: str) -> None:
    assert call("leads/update_lead", {"status": status}, path={"lead_id": lead_id}).status == 200


def test_an_empty_table_shows_every_word_at_zero() -> None:
    shown = overview()

    Overview.model_validate(shown)
    assert shown["leads"]["total"] == 0
    assert shown["leads"]["by_status"] == dict.fromkeys(STATUSES, 0)
    assert all(number == 0 for part in shown.values() for number in part["by_status"].values())


def test_leads_are_counted_where_they_are(clock: Clock) -> None:
    engine = Engine(clock)
    first, second, third = (new_lead(number, source) for number, source in enumerate(["api", "api", "website"]))
    engine.deliver()
    set_status(second, "contacted")
    set_status(third, "contacted")
    set_status(third, "qualified")
    engine.deliver()

    leads = overview()["leads"]

    assert leads["total"] == 3
    assert leads["by_status"] == {**dict.fromkeys(STATUSES, 0), "new": 1, "contacted": 1, "qualified": 1}
    assert (leads["by_source"]["api"], leads["by_source"]["website"]) == (2, 1)
    set_status(first, "closed_lost")
    engine.deliver()
    assert overview()["leads"]["by_status"]["closed_lost"] == 1


@pytest.mark.parametrize("seed", range(8))
def test_any_order_repetition_and_batching_of_changes_comes_to_the_same(clock: Clock, seed: int) -> None:
    engine, chance = Engine(clock), random.Random(seed)  # noqa: S311 - the order of a test
    leads = [new_lead(number) for number in range(5)]
    statuses = dict.fromkeys(leads, "new")
    for _ in range(12):
        lead = chance.choice(leads)
        statuses[lead] = chance.choice(STATUSES)
        set_status(lead, statuses[lead])
    gone = leads.pop()
    assert call("leads/erase_lead", path={"lead_id": gone}).status == 202
    del statuses[gone]
    records = engine.changes()
    delivered = [*records, *chance.sample(records, len(records) // 2)]
    chance.shuffle(delivered)

    while delivered:
        batch = chance.randint(1, 9)
        count(delivered[:batch])
        delivered = delivered[batch:]

    shown = overview()["leads"]
    assert shown["by_status"] == {**dict.fromkeys(STATUSES, 0), **Counter(statuses.values())}
    assert shown["by_source"]["api"] == shown["total"] == 4


def count(records: list[dict[str, Any]]) -> None:
    stream_reader(service_totals.count)({"Records": records}, None)


def test_tasks_and_appointments_are_counted_until_their_person_is_erased(clock: Clock) -> None:
    engine, lead_id = Engine(clock), new_lead(1)
    for title in ("Call", "Write"):
        assert call("tasks/create_task", {"title": title, "lead_id": lead_id}).status == 201
    meeting = {"title": "Demo", "lead_id": lead_id, "scheduled_at": "2026-03-04T09:00:00Z"}
    assert call("appointments/create_appointment", meeting).status == 201
    engine.deliver()
    assert (overview()["tasks"]["by_status"]["open"], overview()["appointments"]["total"]) == (2, 1)

    assert call("leads/erase_lead", path={"lead_id": lead_id}).status == 202
    work(*queued())
    engine.deliver()

    assert (overview()["tasks"]["total"], overview()["appointments"]["total"]) == (0, 0)


def test_an_overview_needs_its_scope() -> None:
    assert call("platform/overview", scopes="leads:read").status == 403


def test_the_stream_brings_every_change_that_counts() -> None:
    [source] = [e["Properties"] for e in functions()["campaigns/project_counters"].events.values()]
    written, removed = (json.loads(one["Pattern"])["dynamodb"] for one in source["FilterCriteria"]["Filters"])
    known = table.Item.kind._discriminator_map
    kinds = {kind for kind, _ in service_overview.PARTS.values()}
    kinds |= {name for name, kind in known.items() if kind.adds_to is not table.Item.adds_to}

    assert set(written["NewImage"]["type"]["S"]) == kinds
    assert set(removed["OldImage"]["type"]["S"]) == {kind for kind in kinds if not known[kind].counts_when_gone}
