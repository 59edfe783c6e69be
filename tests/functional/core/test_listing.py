"""Lists over sharded partitions, with leads."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from leadflow.core import ids, listing, paging, seams, table
from leadflow.core.errors import MalformedRequest
from leadflow.leads import store
from tests.functional.enrichment.test_create_enrichment import create
from tests.functional.leads.people import added
from tests.functional.wire import watched
from tests.harness import Clock, call

PARTITIONS = [f"LA#{shard}" for shard in range(store.SHARDS)]


def lead_id(number: int) -> str:
    return f"L{number:04d}"


def put(number: int, *, source: str = "api") -> None:
    """A lead whose place in the list is its number."""
    lead = store.Lead(pk=f"LEAD#{lead_id(number)}", sk="#META", id=lead_id(number), name="x", source=source)
    lead.created_at = f"2026-01-01T00:00:{number:06d}Z"
    lead.place()
    table.create(lead)


def remove(number: int) -> None:
    lead = store.find_lead(lead_id(number))
    assert lead is not None
    table.remove(lead)


def page(
    limit: int, cursor: str | None = None, *, newest_first: bool = True, rare: bool = False, until: str = ""
) -> tuple[list[int], str | None]:
    answer = listing.page(
        store.Lead,
        "GSI2",
        PARTITIONS,
        limit=limit,
        cursor=cursor,
        listing="test",
        newest_first=newest_first,
        until=until,
        keep=(lambda lead: lead.source == "ads") if rare else None,
    )
    return [int(item["id"][1:]) for item in answer["items"]], answer["next_cursor"]


def pages(limit: int, *, newest_first: bool = True, rare: bool = False) -> Iterator[list[int]]:
    cursor: str | None = None
    while True:
        items, cursor = page(limit, cursor, newest_first=newest_first, rare=rare)
        yield items
        if cursor is None:
            return


def test_the_leads_are_spread_over_the_shards() -> None:
    """Else the merging below would prove nothing."""
    assert len({ids.shard(lead_id(number), store.SHARDS) for number in range(23)}) == store.SHARDS


@pytest.mark.parametrize("limit", [1, 2, 7, 22, 23, 24])
@pytest.mark.parametrize("newest_first", [True, False])
def test_shards_are_merged_in_order_without_gap_or_repeat(limit: int, newest_first: bool) -> None:
    for number in range(23):
        put(number)

    found = list(pages(limit, newest_first=newest_first))

    assert [len(items) for items in found[:-1]] == [limit] * (len(found) - 1)
    assert 0 < len(found[-1]) <= limit
    assert [number for items in found for number in items] == sorted(range(23), reverse=newest_first)


def test_an_empty_list_has_no_next_page() -> None:
    assert page(5) == ([], None)


def test_a_page_that_is_not_full_is_read_in_one_go() -> None:
    put(1, source="ads")
    put(2)

    with watched() as calls:
        assert page(5, rare=True) == ([1], None)

    assert calls.count("Query") == store.SHARDS


def test_pages_are_stable_while_leads_come_and_go() -> None:
    """Who is there from the first page to the last is shown exactly once, who comes ahead too, and nobody twice."""
    present = set(range(0, 60, 2))
    gone_unseen: set[int] = set()
    came_ahead: set[int] = set()
    came_behind: set[int] = set()
    for number in present:
        put(number)
    shown, cursor = page(4)
    while cursor is not None:
        last = shown[-1]
        # The one the cursor names goes, and the next one; one comes ahead of it and one behind.
        next_one = max(number for number in present if number < last)
        gone_unseen.add(next_one)
        for number in (last, next_one):
            remove(number)
            present.discard(number)
        for number, newcomers in ((next_one - 1, came_ahead), (61 + len(came_behind), came_behind)):
            if number > 0:
                put(number)
                present.add(number)
                newcomers.add(number)
        items, cursor = page(4, cursor)
        shown += items

    assert len(gone_unseen) > 4
    assert shown == sorted(set(range(0, 60, 2)) - gone_unseen | came_ahead, reverse=True)
    assert not came_behind & set(shown)


def test_a_page_whose_records_are_large_ends_early_and_goes_on(clock: Clock) -> None:
    """Lambda answers with 6 MB at most; before, such a list was a 500 at a high limit."""
    lead = added()
    for number in range(100):
        clock.advance(seconds=1)
        create(lead["id"], job_title=str(number), enrichment_data={"text": "\u00fc" * 22_000 + '"' * 1_500})

    found: list[str] = []
    sizes: list[int] = []
    cursor: dict[str, str] = {}
    while True:
        answer = call("enrichment/list_enrichments", path={"lead_id": lead["id"]}, query={"limit": "100", **cursor})
        sizes.append(len(answer.text.encode()))
        found += [one["job_title"] for one in answer.json["items"]]
        if answer.json["next_cursor"] is None:
            break
        cursor = {"cursor": answer.json["next_cursor"]}

    assert found == [str(number) for number in reversed(range(100))]
    assert len(sizes) == 2
    assert max(sizes) < 4_500_000


def test_a_list_that_is_read_whole_goes_on_when_the_last_records_shown_are_gone() -> None:
    records = [{"id": str(number)} for number in range(30)]
    shown = listing.whole(records, limit=25, cursor=None, listing="test")
    [first] = listing.whole(records, limit=1, cursor=None, listing="test")["items"]

    left = records[:20] + records[25:]
    again = listing.whole(left, limit=100, cursor=shown["next_cursor"], listing="test")
    behind = listing.whole(records, limit=1, cursor=None, listing="test")["next_cursor"]
    without_first = listing.whole(records[1:], limit=1, cursor=behind, listing="test")

    assert again == {"items": records[25:], "next_cursor": None}
    assert (first, without_first["items"]) == (records[0], [records[1]])


@pytest.mark.parametrize("limit", [1, 100])
def test_of_records_that_are_all_too_large_each_page_has_one(limit: int) -> None:
    records = [{"id": str(number), "body": "x" * 5_000_000} for number in range(3)]

    first = listing.whole(records, limit=limit, cursor=None, listing="test")
    second = listing.whole(records, limit=limit, cursor=first["next_cursor"], listing="test")
    third = listing.whole(records, limit=limit, cursor=second["next_cursor"], listing="test")

    assert [one["items"] for one in (first, second, third)] == [[one] for one in records]
    assert third["next_cursor"] is None


def test_a_filter_may_leave_pages_short_but_never_loses_anybody() -> None:
    rare = {3, 4, 17, 30, 31, 32, 44}
    for number in range(45):
        put(number, source="ads" if number in rare else "api")

    for limit in (1, 2, 5, 50):
        found = list(pages(limit, rare=True))
        assert [number for items in found for number in items] == sorted(rare, reverse=True)
        assert all(len(items) <= limit for items in found)


def test_a_page_that_a_filter_fills_on_its_last_candidate_says_whether_there_is_more() -> None:
    put(1, source="ads")
    put(2)
    put(3, source="ads")

    items, cursor = page(1, rare=True)
    assert items == [3]
    assert cursor is not None
    assert page(1, cursor, rare=True) == ([1], None)


def test_reading_is_bounded_under_a_filter_that_matches_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "_FURTHER_CANDIDATES", 4)
    for number in range(3 + 9 * 4 + 1):
        put(number)

    with watched() as calls:
        items, cursor = page(3, rare=True)

    assert items == []
    assert cursor is not None
    assert calls.count("BatchGetItem") == 10
    assert calls.count("Query") == 10 * store.SHARDS
    assert page(3, cursor, rare=True) == ([], None)


@pytest.mark.parametrize(("newest_first", "shown"), [(True, [9, 8, 7, 6]), (False, [0, 1, 2, 3, 4, 5, 6])])
def test_the_list_ends_at_a_bound(newest_first: bool, shown: list[int]) -> None:
    for number in range(10):
        put(number)
    bound = f"2026-01-01T00:00:{6:06d}Z" + ("" if newest_first else "~")

    found: list[int] = []
    cursor: str | None = None
    for limit in (3, 4):
        items, cursor = page(limit, cursor, newest_first=newest_first, until=bound)
        found += items

    assert found == shown
    assert cursor is None


def test_a_lead_that_is_in_the_index_and_gone_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    put(1)
    put(2)
    real = table.query_keys

    def lagging(*args: object, **window: object) -> list[tuple[str, str, str]]:
        keys = real(*args, **window)  # type: ignore[arg-type]
        return [*keys, ("2026-01-01T00:00:000000Z#gone", "LEAD#gone", "#META")] if args[1] == PARTITIONS[0] else keys

    monkeypatch.setattr(table, "query_keys", lagging)

    assert page(5) == ([2, 1], None)


def test_on_aws_shards_are_read_at_once_with_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(12):
        put(number)
    one_by_one = list(pages(5))
    monkeypatch.setenv("STAGE", "prod")
    seams.current().forget("settings")

    assert list(pages(5)) == one_by_one


def forgeries(cursor: str) -> Iterator[str]:
    """A cursor with each of its bytes changed, cut, grown, unsigned, and things that are none."""
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    for place in range(len(raw)):
        yield base64.urlsafe_b64encode(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]).decode()
    yield base64.urlsafe_b64encode(raw[12:]).decode()
    yield base64.urlsafe_b64encode(b"\0" * 12 + raw[12:]).decode()
    yield base64.urlsafe_b64encode(raw + b" ").decode()
    yield from (cursor[:-4], cursor[:8], "A", "=", "é", "null", "x" * 1999, " ")


def test_forged_cursors_are_refused() -> None:
    for number in range(3):
        put(number)
    _, cursor = page(1)
    assert cursor is not None

    for forged in forgeries(cursor):
        with pytest.raises(MalformedRequest):
            page(1, forged)


def test_a_cursor_of_another_list_is_refused() -> None:
    for number in range(3):
        put(number)
    _, cursor = page(1)
    assert cursor is not None

    assert paging.decode(cursor, "test") == f"2026-01-01T00:00:{2:06d}Z#{lead_id(2)}"
    for other in ("tes", "test2", ""):
        with pytest.raises(MalformedRequest):
            paging.decode(cursor, other)
