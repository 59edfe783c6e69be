"""What a page of leads costs, by how many leads there are: calls and items read, for the first page and one deep down.

The leads are put straight into the emulator's table; the list is the product's own. BENCH_LEADS says how many, as
numbers parted by commas (default 1000,100000; a million takes 3 GB of memory and some minutes).
"""

from __future__ import annotations

import gc
import itertools
import os
import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.benchmarks import report
from tests.benchmarks.recording import SETTINGS

PAGE = 25
LISTS: dict[str, dict[str, Any]] = {
    "all, newest first": {},
    "of a status, newest first": {"status": "qualified"},
    "all, best first": {"sort": "score"},
    "of a status, best first": {"status": "qualified", "sort": "score", "min_score": 10},
    "of a source that every 20th has": {"source": "referral"},
    "with a tag that nobody has": {"tag": "none"},
}


def main(rounds: int) -> None:
    """Counts are exact, so one round does."""
    rows: list[list[str]] = []
    for count in [int(number) for number in os.environ.get("BENCH_LEADS", "1000,100000").split(",")]:
        with _cloud(count):
            for name, filters in LISTS.items():
                rows.append([name, f"{count:,}", *_page(filters, None), *_page(filters, _deep_cursor(filters))])
        gc.collect()
    rows.sort(key=lambda row: row[0])
    columns = ["list", "leads", "calls", "items read", "calls, page 5", "items read, page 5"]
    report.table(f"A page of {PAGE} leads", columns, rows)


def _deep_cursor(filters: dict[str, Any]) -> str | None:
    from leadflow.leads import service

    cursor: str | None = None
    for _ in range(4):
        cursor = service.page(limit=PAGE, cursor=cursor, **filters)["next_cursor"] or cursor
    return cursor


def _page(filters: dict[str, Any], cursor: str | None) -> list[str]:
    """Calls and items that they read, of one page."""
    from leadflow.leads import service

    with _counted() as counts:
        service.page(limit=PAGE, cursor=cursor, **filters)
    return [str(len(counts)), f"{sum(counts):,}"]


@contextmanager
def _counted() -> Iterator[list[int]]:
    """One number per call meanwhile: how many items it read."""
    from leadflow.core import aws

    counts: list[int] = []

    def note(parsed: dict[str, Any], **_: Any) -> None:
        fetched = sum(len(items) for items in parsed.get("Responses", {}).values())
        counts.append(parsed.get("ScannedCount", 0) + fetched)

    events = aws.client("dynamodb").meta.events
    events.register("after-call.dynamodb", note)
    try:
        yield counts
    finally:
        events.unregister("after-call.dynamodb", note)


@contextmanager
def _cloud(count: int) -> Iterator[None]:
    """A table with so many leads, in force until the end."""
    with patch.dict(os.environ, {**SETTINGS, "STAGE": "local"}), tempfile.TemporaryDirectory() as folder:
        from leadflow.core import seams
        from tests.contract.emulator import emulated

        with seams.installed(seams.Seams(kept={"master secret": b"m" * 64})), emulated(Path(folder)):
            _fill(count)
            yield


def _fill(count: int) -> None:
    from ministack.services import dynamodb as engine

    from leadflow.core import aws
    from tests.infra.house import template

    table = template()["Resources"]["Table"]["Properties"]
    wanted = ("AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes", "KeySchema")
    aws.client("dynamodb").create_table(TableName=SETTINGS["TABLE_NAME"], **{name: table[name] for name in wanted})
    made = engine._tables[SETTINGS["TABLE_NAME"]]
    for item in itertools.islice(raw_leads(), count):
        made["items"].setdefault(item["pk"]["S"], {})["#META"] = item
    engine._items_replaced(made)


def raw_leads() -> Iterator[dict[str, Any]]:
    """Raw items of leads, a second apart; values that many share are shared, to spare memory."""
    from leadflow.core import ids
    from leadflow.leads import enums, store

    chance = random.Random(5)  # noqa: S311 - the same in every run
    shared: dict[str, dict[str, Any]] = {}
    start = datetime(2024, 1, 1, tzinfo=UTC)
    for number in itertools.count():
        moment = start + timedelta(seconds=number)
        stamp = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        lead_id = ids.derived_id(moment, str(number))
        lead = store.Lead(pk=f"LEAD#{lead_id}", sk="#META", id=lead_id, name="Ada", created_at=stamp, updated_at=stamp)
        lead.status, lead.source = chance.choice(enums.STATUSES), "api" if number % 20 else "referral"
        lead.score, lead.v = chance.randrange(101), 1
        lead.place()
        yield {name: shared.setdefault(str(value), value) for name, value in lead.serialize().items()}
