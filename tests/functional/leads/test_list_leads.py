"""GET /leads."""

from __future__ import annotations

from typing import Any

import pytest

from leadflow.core import ids, listing, table
from leadflow.leads import store
from tests.functional.leads.people import added, listed, patched, signalled
from tests.functional.wire import interrupted, watched
from tests.harness import Clock, call


def crowd(clock: Clock, count: int, **fields: Any) -> list[str]:
    """Ids of new leads, oldest first, each a second younger than the one before; put there without the door."""
    made = []
    for _ in range(count):
        clock.advance(seconds=1)
        lead_id = ids.new_id()
        lead = store.Lead(pk=f"LEAD#{lead_id}", sk="#META", id=lead_id, **{"name": "Ada", "source": "api", **fields})
        lead.touch()
        lead.place()
        table.create(lead)
        made.append(lead_id)
    return made


def walked(**query: str) -> list[dict[str, Any]]:
    """All pages of a list, one after the other."""
    found: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = listed(**query, **({"cursor": cursor} if cursor else {}))
        assert len(page["items"]) <= int(query.get("limit", "25"))
        found += page["items"]
        cursor = page["next_cursor"]
    return found


def ids_of(leads: list[dict[str, Any]]) -> list[str]:
    return [lead["id"] for lead in leads]


def test_newest_first_page_by_page(clock: Clock) -> None:
    made = crowd(clock, 11)

    for limit in ("1", "3", "11", "100"):
        assert ids_of(walked(limit=limit)) == made[::-1]
    assert listed(limit="11")["next_cursor"] is None


def test_nobody_yet() -> None:
    assert listed() == {"items": [], "next_cursor": None}
    assert listed(sort="score", min_score="1") == {"items": [], "next_cursor": None}


def test_a_page_has_25_unless_asked_otherwise(clock: Clock) -> None:
    crowd(clock, 26)

    page = listed()

    assert len(page["items"]) == 25
    assert page["next_cursor"] is not None


def test_filters_by_status_source_and_tag(clock: Clock) -> None:
    plain = crowd(clock, 3)
    ads = crowd(clock, 3, source="ads", tags=["vip", "x"])
    won = crowd(clock, 3, status="closed_won", source="ads", tags=["vip"])

    assert ids_of(walked(status="closed_won", limit="2")) == won[::-1]
    assert ids_of(walked(status="new", limit="2")) == [*ads[::-1], *plain[::-1]]
    assert ids_of(walked(source="ads", limit="2")) == [*won[::-1], *ads[::-1]]
    assert ids_of(walked(tag="vip", status="new")) == ads[::-1]
    assert ids_of(walked(tag="x", source="ads", status="new", limit="1")) == ads[::-1]
    assert walked(tag="vi") == walked(status="proposal") == []


def test_highest_score_first_and_the_newest_of_equals(clock: Clock) -> None:
    made = crowd(clock, 6)
    for lead_id, points in zip(made, (5, 100, 0, 7, 100, 7), strict=True):
        signalled(lead_id, points)

    by_score = walked(sort="score", limit="2")

    assert ids_of(by_score) == [made[n] for n in (4, 1, 5, 3, 0, 2)]
    assert [lead["score"] for lead in by_score] == [100, 100, 7, 7, 5, 0]


@pytest.mark.parametrize("sort", ["score", "created_at"])
def test_min_score(clock: Clock, sort: str) -> None:
    made = crowd(clock, 6)
    for number, lead_id in enumerate(made):
        signalled(lead_id, number * 10)
    patched(made[5], status="qualified")

    assert set(ids_of(walked(min_score="30", sort=sort, limit="1"))) == set(made[3:])
    assert set(ids_of(walked(min_score="30", sort=sort, status="new"))) == set(made[3:5])
    assert len(walked(min_score="0", sort=sort)) == 6
    assert walked(min_score="100", sort=sort) == []


def test_min_score_by_score_ends_the_list_where_it_ends(clock: Clock) -> None:
    """The low ones are not walked through: the page after the last match is not offered."""
    made = crowd(clock, 12)
    signalled(made[0], 50)

    page = listed(min_score="50", sort="score", limit="1")

    assert ids_of(page["items"]) == [made[0]]
    assert page["next_cursor"] is None


def test_a_filter_that_matches_little_is_found_on_the_first_page_of_a_middling_list(clock: Clock) -> None:
    [rare] = crowd(clock, 1, tags=["rare"])
    crowd(clock, 30)

    page = listed(tag="rare", limit="2")

    assert (ids_of(page["items"]), page["next_cursor"]) == ([rare], None)


def test_a_filter_that_matches_little_reads_a_bounded_number_and_goes_on_by_cursor(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "_FURTHER_CANDIDATES", 2)
    [rare] = crowd(clock, 1, tags=["rare"])
    crowd(clock, 20)

    with watched() as calls:
        first = listed(tag="rare", limit="2")

    assert first["items"] == []
    assert first["next_cursor"] is not None
    assert (calls.count("Query"), calls.count("BatchGetItem")) == (10 * store.SHARDS, 10)
    assert ids_of(walked(tag="rare", limit="2")) == [rare]


def test_reads_do_not_grow_with_the_list(clock: Clock) -> None:
    crowd(clock, 3)
    with watched() as few:
        listed(limit="2")
    crowd(clock, 20)
    with watched() as many:
        listed(limit="2")

    assert few == many
    assert sorted(few) == ["BatchGetItem", *["Query"] * store.SHARDS]


def test_an_index_that_lags_does_not_show_a_lead_under_its_former_status() -> None:
    """The status changes between the query of the index and the fetch of the lead."""
    lead = added()

    with interrupted(lambda: patched(lead["id"], status="contacted"), operation="BatchGetItem"):
        assert listed(status="new")["items"] == []


@pytest.mark.parametrize("email", ["Ada+x@Example.com", " ada+x@EXAMPLE.com", "ada x@example.com"])
def test_an_email_is_looked_up_directly(email: str) -> None:
    """The last one is what a plus sign becomes when it was not percent-encoded."""
    added("other@example.com")
    lead = added("ada+x@example.com")

    with watched() as calls:
        page = listed(email=email)

    assert (ids_of(page["items"]), page["next_cursor"]) == ([lead["id"]], None)
    assert calls == ["GetItem", "GetItem"]


@pytest.mark.parametrize("phone", ["+442079460018", " 442079460018", "442079460018", "+44 20 7946-0018"])
def test_a_phone_is_looked_up_directly(phone: str) -> None:
    lead = added(phone="+44 20 7946 0018")

    assert ids_of(listed(phone=phone)["items"]) == [lead["id"]]


def test_a_direct_look_up_obeys_the_other_filters() -> None:
    lead = added("ada@example.com", phone="+442079460018", tags=["vip"])
    added("bob@example.com", phone="+442079460019")

    assert ids_of(listed(email="ada@example.com", tag="vip", status="new")["items"]) == [lead["id"]]
    assert ids_of(listed(email="ada@example.com", phone="+442079460018")["items"]) == [lead["id"]]
    assert listed(email="ada@example.com", phone="+442079460019")["items"] == []
    assert listed(email="ada@example.com", phone="+442079460020")["items"] == []
    assert listed(email="ada@example.com", status="qualified")["items"] == []
    assert listed(email="ada@example.com", min_score="1")["items"] == []
    assert listed(email="nobody@example.com")["items"] == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"email": "no-address"}, "email"),
        ({"phone": "call me"}, "phone"),
        ({"status": "won"}, "status"),
        ({"source": "x"}, "source"),
        ({"min_score": "101"}, "min_score"),
        ({"min_score": "1.5"}, "min_score"),
        ({"sort": "name"}, "sort"),
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"tag": ""}, "tag"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_wrong_with_the_query_is_named(query: dict[str, str], field: str) -> None:
    answer = call("leads/list_leads", query=query)

    assert (answer.status, [error["field"] for error in answer.json["errors"]]) == (422, [field])


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"status": "contacted"},
        {"status": "new", "tag": "x"},
        {"status": "new", "source": "api"},
        {"status": "new", "min_score": "1"},
        {"status": "new", "sort": "score"},
        {"status": "new", "email": "1@example.com"},
    ],
)
def test_a_cursor_is_good_for_its_own_filters_and_order_alone(clock: Clock, other: dict[str, str]) -> None:
    crowd(clock, 3)
    cursor = listed(status="new", limit="1")["next_cursor"]

    assert call("leads/list_leads", query={**other, "limit": "1", "cursor": cursor}).status == 400
    assert len(listed(status="new", limit="2", cursor=cursor)["items"]) == 2
    assert len(listed(status="new", sort="created_at", limit="2", cursor=cursor)["items"]) == 2


def test_scopes() -> None:
    assert call("leads/list_leads", scopes="leads:read").status == 200
    assert call("leads/list_leads", scopes="campaigns:read").status == 403
