"""The walk that scores leads by changed settings."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from leadflow.core import table
from leadflow.leads import service, store
from leadflow.leads.store import scoring as settings
from tests.functional.leads.announced import Impatient, announced, work, work_all
from tests.functional.leads.erasing import erase
from tests.functional.leads.merging import merged, unmerged
from tests.functional.leads.people import added, listed, shown, signalled
from tests.functional.scoring.settled import CAPPED, FIT, check_scores, put, scoring, settled
from tests.functional.wire import Killed, interrupted, killed_at, stored, watched
from tests.harness import Clock


def crowd(count: int = 4) -> list[str]:
    people = [added(f"p{number}@example.com")["id"] for number in range(count)]
    for lead_id in people:
        signalled(lead_id, 40)
    return people


def test_all_leads_are_scored_again_and_their_lists_follow() -> None:
    people = crowd()
    merged(people[0], people[1])
    signalled(people[2], 50, "form_submit")

    found = settled(signals=CAPPED)

    assert [lead["score"] for lead in listed(sort="score")["items"]] == [60, 20, 10]
    assert (found["rescoring"], found["rescored"]) == ("completed", 3)
    check_scores()


def test_whom_the_walk_has_not_come_to_is_scored_anew_before_they_are_merged_or_separated() -> None:
    ada, eve = crowd(2)
    put(signals=CAPPED)
    merge_id = merged(ada, eve)
    together = shown(ada)["score"]
    put(signals={})
    unmerged(ada, merge_id)
    apart = [shown(lead_id)["score"] for lead_id in (ada, eve)]

    work_all()

    assert (together, apart) == (20, [40, 40])
    assert [shown(lead_id)["score"] for lead_id in (ada, eve)] == apart
    check_scores()


def test_a_worker_without_time_has_it_announced_again() -> None:
    crowd()
    put(signals=CAPPED)

    assert work(*announced(), context=Impatient(0)) == []

    assert scoring()["rescoring"] == "running"
    work_all()
    assert scoring()["rescoring"] == "completed"


def test_settings_that_are_taken_back_leave_scores_as_they_were() -> None:
    people = crowd()
    before = [shown(lead_id)["score"] for lead_id in people]
    settled(signals=CAPPED)
    settled(signals={})

    assert [shown(lead_id)["score"] for lead_id in people] == before
    check_scores()


def test_scoring_again_fires_no_trigger() -> None:
    [lead_id] = crowd(1)
    old = store.find_lead(lead_id)
    settled(signals=CAPPED)
    new = store.find_lead(lead_id)

    assert old is not None
    assert new is not None
    assert old.score != new.score
    assert service.events_of(old, new, "x") == []
    signalled(lead_id, 1, "email_open")
    assert [event.event_type for event in service.events_of(new, store.find_lead(lead_id), "x")] == ["score_threshold"]


def test_a_signal_that_comes_before_the_walk_brings_its_lead_up_to_date() -> None:
    [lead_id] = crowd(1)
    put(signals=CAPPED)

    signalled(lead_id, 3, "email_open")

    assert shown(lead_id)["score"] == 13
    check_scores()
    work_all()
    assert scoring()["rescored"] == 0


@pytest.mark.parametrize("sent", [False, True])
@pytest.mark.parametrize("number", range(1, 16, 2))
def test_killed_twice_it_comes_to_the_same(number: int, *, sent: bool, clock: Clock) -> None:
    crowd()
    put(signals=CAPPED)
    for _ in range(2):
        with contextlib.suppress(Killed), killed_at(number, sent=sent):
            work(*announced("rescoring"))
        clock.advance(minutes=20)
        service.reconcile()
    work_all()

    check_scores()
    assert scoring()["rescoring"] == "completed"


def test_settings_changed_while_it_walks_are_the_ones_that_count() -> None:
    crowd()
    put(signals=CAPPED)
    again = {"website_visit": {"impact": 1, "cap": {"points": 7, "window_hours": 1}}}
    with interrupted(lambda: put(signals=again)):
        work(*announced("rescoring"))
    work_all()

    assert {lead["score"] for lead in listed()["items"]} == {7}
    check_scores()


def test_a_signal_that_comes_right_before_the_write_is_in() -> None:
    [lead_id] = crowd(1)
    put(signals=CAPPED)
    with interrupted(lambda: signalled(lead_id, 5, "email_open")):
        work_all()

    assert shown(lead_id)["score"] == 15
    check_scores()


def test_two_workers_at_once_do_no_harm() -> None:
    crowd()
    put(signals=CAPPED)
    [event] = announced("rescoring")
    with interrupted(lambda: work(event)):
        work({**event, "id": "another"})
    work_all()

    check_scores()


def test_a_lead_that_was_being_added_meanwhile_is_found_by_the_last_look(clock: Clock) -> None:
    old = crowd(1)[0]
    clock.advance(days=1)
    settled(signals=CAPPED)
    service.reconcile()
    assert announced() == []
    # As if its writer had read the settings before them and written after the walk.
    late = store.find_lead(added("late@example.com")["id"])
    assert late is not None
    late.scored_by = 0
    table.save(late)
    clock.advance(minutes=15)
    service.reconcile()
    work_all()

    check_scores()
    assert shown(old)["score"] == 10
    assert _due() == []


def test_leads_that_are_added_one_after_the_other_read_the_settings_once(clock: Clock) -> None:
    added("first@example.com")
    with watched() as calls:
        added("second@example.com")
    assert calls == ["TransactWriteItems"]

    clock.advance(seconds=11)
    with watched() as calls:
        added("third@example.com")
    assert calls == ["GetItem", "TransactWriteItems"]


def test_a_lead_that_is_added_where_a_change_is_not_known_yet_is_found_by_the_last_look(clock: Clock) -> None:
    added("first@example.com", company="Acme")
    # Another process has settled it: this one knows the settings of before for some seconds.
    found = settings.find_settings() or settings.new_settings()
    found.fit_rules = FIT
    settings.put(found)
    service.reconcile()
    early = added("early@example.com", company="Acme")
    assert early["score"] == 0
    clock.advance(seconds=11)
    assert added("later@example.com", company="Acme")["score"] == 15

    for _ in range(3):
        clock.advance(minutes=15)
        service.reconcile()
        work_all()

    assert shown(early["id"])["score"] == 15
    check_scores()


def test_a_change_is_known_at_once_where_it_was_made(clock: Clock) -> None:
    added("first@example.com", company="Acme")
    settled(fit_rules=FIT)

    assert added("second@example.com", company="Acme")["score"] == 15


def _due() -> list[dict[str, Any]]:
    return [item for item in stored("ScoringSettings") if "due_at" in item]


def test_a_walk_whose_announcement_was_lost_is_announced_again(clock: Clock) -> None:
    crowd(1)
    put(signals=CAPPED)
    announced()
    clock.advance(minutes=20)
    service.reconcile()
    work_all()

    assert scoring()["rescoring"] == "completed"
    check_scores()


def test_a_lead_that_is_erased_meanwhile_stays_erased() -> None:
    people = crowd(2)
    put(signals=CAPPED)
    rescoring = announced("rescoring")
    erase(people[0])
    work(*rescoring)
    work_all()

    assert [lead["id"] for lead in listed()["items"]] == [people[1]]
    assert {item["lead_id"]["S"] for item in stored("IntentSignal")} == {people[1]}


def test_with_nothing_settled_there_is_nothing_to_do() -> None:
    event = {"id": "e", "detail-type": "rescoring", "detail": {"id": "scoring"}}

    assert work(event) == []
    assert stored() == []
