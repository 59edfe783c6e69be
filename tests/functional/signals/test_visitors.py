"""Visits of who is not known yet: they go to the first who is known by them, once, and to nobody else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadflow.core import clock as time
from leadflow.core import ids, removal
from leadflow.leads import service as leads
from leadflow.leads.service.visitors import MOST_VISITS
from leadflow.leads.store import visitors
from tests.functional import wire
from tests.functional.leads.announced import work_all
from tests.functional.leads.erasing import erase
from tests.functional.leads.merging import merged
from tests.functional.leads.people import added, shown
from tests.functional.scoring.settled import CAPPED, check_scores, settled
from tests.functional.signals.websites import found, posted, signals_of, submitted
from tests.harness import Answer, Clock, call

SITE = "https://www.example.com"


def word(number: int = 1) -> str:
    return f"word-of-a-browser-{number:06d}"


def visit(page: str = "/", visitor: str | None = None, token: str | None = None, **more: Any) -> Answer:
    body = {"url": SITE + page, "visitor": visitor, "token": token}
    return call("signals/track_visit", {name: value for name, value in body.items() if value}, scopes=None, **more)


def pages_of(lead_id: str) -> list[str]:
    """The pages a lead visited, oldest first; those of one moment by name."""
    signals = call("signals/list_signals", path={"lead_id": lead_id}, query={"limit": "100"}).json["items"]
    visits = [one for one in signals if one["signal_type"] == "website_visit"]
    found = sorted((one["created_at"], one["signal_data"]["url"].removeprefix(SITE)) for one in visits)
    return [page for _, page in found]


def test_visits_before_a_token_are_of_whom_it_names(clock: Clock) -> None:
    lead_id = added()["id"]
    for page in ("/", "/pricing"):
        assert visit(page, word()).status == 204
        clock.advance(minutes=5)
    assert signals_of(lead_id) == []

    visit("/book", word(), leads.visit_token(lead_id))

    assert pages_of(lead_id) == ["/", "/pricing", "/book"]
    assert [one["created_at"] for one in signals_of(lead_id)][-1] == "2026-03-02T09:00:00.000Z"
    assert shown(lead_id)["score"] == 3
    check_scores()


def test_visits_before_a_form_are_of_who_filled_it_in() -> None:
    visit("/pricing", word())

    submitted({"email": "ada@example.com", "_visitor": word()})

    lead = found()
    assert pages_of(lead["id"]) == ["/pricing"]
    [form] = [one for one in signals_of(lead["id"]) if one["signal_type"] == "form_submit"]
    assert form["signal_data"]["fields"] == ["email"]
    assert "_visitor" not in lead["custom"]
    assert lead["score"] == 11


def test_x51_a_word_is_good_for_one_person() -> None:
    ada, eve = added()["id"], added("eve@example.com")["id"]
    visit("/pricing", word())
    visit("/book", word(), leads.visit_token(ada))
    visit("/later", word())

    visit("/book", word(), leads.visit_token(eve))
    submitted({"email": "eve@example.com", "_visitor": word()})

    assert pages_of(ada) == ["/book", "/pricing"]
    assert pages_of(eve) == ["/book"]


def test_twice_and_at_once_they_count_once() -> None:
    lead_id = added()["id"]
    visit("/pricing", word())
    token = leads.visit_token(lead_id)

    def known() -> Answer:
        return posted({"email": "ada@example.com", "_visitor": word()})

    with wire.interrupted(lambda: visit("/book", word(), token)):
        known()
    known()
    visit("/book", word(), token)

    assert sorted(pages_of(lead_id)) == ["/book", "/pricing"]
    check_scores()


@pytest.mark.parametrize("sent", [False, True])
@pytest.mark.parametrize("number", range(1, 16))
def test_dying_on_the_way_loses_and_doubles_nothing(number: int, *, sent: bool) -> None:
    lead_id = added()["id"]
    visit("/pricing", word())
    try:
        with wire.killed_at(number, sent=sent):
            visit("/book", word(), leads.visit_token(lead_id))
    except wire.Killed:
        pass
    visit("/book", word(), leads.visit_token(lead_id))

    assert sorted(pages_of(lead_id)) == ["/book", "/pricing"]
    check_scores()


def test_the_newest_visits_wait_and_the_same_page_once_an_hour(clock: Clock) -> None:
    lead_id = added()["id"]
    for number in range(MOST_VISITS + 5):
        for _ in range(2):
            visit(f"/{number}", word(), source_ip=f"198.51.100.{number}")
        clock.advance(seconds=1)

    visit("/x", word(), leads.visit_token(lead_id))

    assert pages_of(lead_id) == [*(f"/{number}" for number in range(5, MOST_VISITS + 5)), "/x"]


def test_visits_wait_in_as_much_as_an_item_holds(clock: Clock) -> None:
    """DynamoDB takes 400 KB; a character of four bytes takes twelve there."""
    lead_id = added()["id"]
    for number in range(MOST_VISITS):
        body = f'{{"visitor": "{word()}", "url": "{SITE}/{"😀" * 1900}{number:02d}"}}'.encode()
        assert call("signals/track_visit", body, scopes=None, source_ip=f"198.51.100.{number}").status == 204
        clock.advance(seconds=1)

    visit("/x", word(), leads.visit_token(lead_id))

    kept = [page[-2:] for page in pages_of(lead_id)]
    assert 10 < len(kept) < MOST_VISITS
    assert kept == [*(f"{number:02d}" for number in range(MOST_VISITS + 1 - len(kept), MOST_VISITS)), "/x"]


def test_a_visitor_is_forgotten_after_a_month(clock: Clock) -> None:
    lead_id = added()["id"]
    visit("/old", word())
    clock.advance(seconds=visitors.KEPT.total_seconds() + 1)
    visit("/new", word())

    visit("/x", word(), leads.visit_token(lead_id))

    assert pages_of(lead_id) == ["/new", "/x"]


def test_caps_hold_for_them_too() -> None:
    settled(signals={"website_visit": {**CAPPED["website_visit"], "cap": {"points": 2, "window_hours": 24}}})
    lead_id = added()["id"]
    for number in range(6):
        visit(f"/{number}", word())

    visit("/x", word(), leads.visit_token(lead_id))

    assert shown(lead_id)["score"] == 2
    check_scores()


def test_of_merged_leads_they_go_to_the_part_that_came() -> None:
    ada, eve = added()["id"], added("eve@example.com")["id"]
    merged(ada, eve)
    visit("/pricing", word())

    visit("/x", word(), leads.visit_token(eve))

    assert {signal["lead_id"] for signal in signals_of(ada)} == {eve}
    assert shown(ada)["score"] == 2
    check_scores()


def test_an_erased_person_leaves_nothing_and_gets_nothing() -> None:
    lead_id = added()["id"]
    visit("/pricing", word(1))
    visit("/x", word(1), leads.visit_token(lead_id))
    visit("/pricing", word(2))
    erase(lead_id)
    work_all()

    posted({"email": "ada@example.com", "_visitor": word(2)})
    visit("/x", word(2), leads.visit_token(lead_id))

    assert wire.stored("IntentSignal") == []
    assert lead_id not in str(wire.stored("Visitor"))


def test_a_forged_token_names_nobody() -> None:
    lead_id = added()["id"]
    visit("/pricing", word())
    visit("/x", word(), f"{lead_id}.AAAAAAAAAAAAAAAAAAAAAA")
    assert signals_of(lead_id) == []

    visit("/x", word(), leads.visit_token(lead_id))
    assert pages_of(lead_id) == ["/pricing", "/x"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "token"),
        ({"token": None, "visitor": None}, "token"),
        ({"visitor": "short"}, "visitor"),
        ({"visitor": "x" * 65}, "visitor"),
        ({"visitor": "ana@example.com-and-so-on"}, "visitor"),
        ({"visitor": 5}, "visitor"),
    ],
)
def test_what_is_wrong_is_named(body: dict[str, Any], field: str) -> None:
    answer = call("signals/track_visit", {"url": SITE, **body}, scopes=None)

    assert (answer.status, [one["field"] for one in answer.json["errors"]]) == (422, [field])


_ACT = st.tuples(st.sampled_from(["visit", "visit", "token", "form", "wait"]), st.integers(0, 2), st.integers(0, 2))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_ACT, max_size=14))
def test_no_visit_goes_from_one_known_person_to_another(clock: Clock, acts: list[tuple[str, int, int]]) -> None:
    """Three browsers that three people share in any order, against a model of whose each visit is."""
    removal.remove((item["pk"]["S"], item["sk"]["S"]) for item in wire.stored())
    tag = ids.new_id().lower()
    emails = [f"{tag}{number}@example.com" for number in range(3)]
    people = [added(email)["id"] for email in emails]
    waiting: dict[int, list[str] | None] = {browser: [] for browser in range(3)}
    expected: dict[int, list[str]] = {person: [] for person in range(3)}
    for number, (what, browser, person) in enumerate(acts):
        clock.advance(seconds=61)
        page = f"/{number}"
        if what == "wait":
            clock.advance(minutes=50)
        elif what == "visit":
            visit(page, word(browser))
            pages = waiting[browser]
            if pages is not None:
                pages.append(page)
        else:
            expected[person] += waiting[browser] or []
            if waiting[browser]:
                waiting[browser] = None
            if what == "token":
                visit(page, word(browser), leads.visit_token(people[person]))
                expected[person].append(page)
            else:
                submitted({"email": emails[person], "_visitor": word(browser), "n": str(number)})

    for person, lead_id in enumerate(people):
        assert sorted(pages_of(lead_id)) == sorted(expected[person])
    check_scores()


def test_a_stitched_visit_counts_what_is_left_of_it(clock: Clock) -> None:
    settled(signals={"website_visit": {"impact": 40, "half_life_days": 10}})
    lead_id = added()["id"]
    visit("/pricing", word())
    clock.advance(days=10)

    submitted({"email": "ada@example.com", "_visitor": word()})

    [signal] = [one for one in signals_of(lead_id) if one["signal_type"] == "website_visit"]
    assert time.parse(signal["created_at"]) == clock() - timedelta(days=10)
    assert shown(lead_id)["score"] == 30
    check_scores()
