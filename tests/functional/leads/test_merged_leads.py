"""What merged leads are to the rest of the house: triggers, runs, visits, erasing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from leadflow.core import seams
from leadflow.leads import service
from tests.functional.campaigns.mailing import mail_service
from tests.functional.leads.announced import work
from tests.functional.leads.erasing import (
    PERSON,
    World,
    erase,
    erasure,
    everything,
    left_of_the_person,
    queued,
)
from tests.functional.leads.merging import merge, merged, timeline, unmerge, unmerged
from tests.functional.leads.people import added, listed, patched, shown, signalled
from tests.functional.signals.websites import signals_of, submitted
from tests.functional.wire import Killed, interrupted, killed_at, stored
from tests.functional.workflows.engine import Engine
from tests.harness import Clock, call

ADA, COUNTESS = "ada@example.com", "countess@example.com"
SECOND = {"name": "Zeb", "email": "zeb@marmalade.example", "phone": "+442079460019", "notes": "Quillfeather too"}


def workflow(action: str, config: dict[str, Any], trigger: str, **trigger_config: Any) -> str:
    workflow_id = str(call("workflows/create_workflow", {"name": action}).json["id"])
    path = {"workflow_id": workflow_id}
    for name, body in (
        ("add_trigger", {"trigger_type": trigger, "trigger_config": trigger_config}),
        ("add_action", {"action_type": action, "action_config": config}),
    ):
        answer = call(f"workflows/{name}", body, path=path)
        assert answer.status == 201, answer.text
    assert call("workflows/activate_workflow", path=path).status == 200
    return workflow_id


def runs(workflow_id: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = call("executions/list_executions", path={"workflow_id": workflow_id}).json["items"]
    return items


@pytest.fixture
def engine(clock: Clock) -> Engine:
    return Engine(clock)


def test_merging_and_undoing_it_is_no_creation_and_no_change_of_status(engine: Engine, clock: Clock) -> None:
    ada, other = added(ADA)["id"], added(COUNTESS, status="qualified")["id"]
    signalled(ada, -30)
    signalled(other, 60)
    clock.advance(seconds=1)
    created = workflow("wait", {"days": 1}, "lead_created")
    changed = workflow("wait", {"days": 1}, "lead_status_changed")
    reached = workflow("wait", {"days": 1}, "score_threshold", gte=50)
    clock.advance(seconds=1)
    for pair in ((ada, other), (other, ada)):
        merge_id = merged(*pair)
        assert shown(ada)["score"] == 30
        clock.advance(seconds=1)
        unmerged(pair[0], merge_id)
    engine.deliver()

    assert [runs(one) for one in (created, changed, reached)] == [[], [], []]


def test_a_score_that_neither_had_is_told_once_and_of_the_merged_lead(engine: Engine, clock: Clock) -> None:
    ada, other = added(ADA)["id"], added(COUNTESS)["id"]
    signalled(ada, 30)
    signalled(other, 30)
    clock.advance(seconds=1)
    reached = {gte: workflow("wait", {"days": 1}, "score_threshold", gte=gte) for gte in (25, 40, 70)}
    clock.advance(seconds=1)
    merged(ada, other)
    engine.deliver()
    assert {gte: [run["lead_id"] for run in runs(one)] for gte, one in reached.items()} == {25: [], 40: [ada], 70: []}

    clock.advance(seconds=1)
    signalled(other, 15)
    engine.deliver()

    assert {gte: [run["lead_id"] for run in runs(one)] for gte, one in reached.items()} == {
        25: [],
        40: [ada],
        70: [ada],
    }


def test_once_per_lead_holds_over_all_parts(engine: Engine, clock: Clock) -> None:
    ada, other = added(ADA)["id"], added(COUNTESS)["id"]
    once = workflow("wait", {"days": 1}, "form_submitted", once_per_lead=True)
    filtered = workflow(
        "wait", {"days": 1}, "form_submitted", filters={"field": "lead.email", "op": "eq", "value": ADA}
    )
    clock.advance(seconds=1)
    submitted({"email": COUNTESS, "message": "before"})
    engine.deliver()
    merge_id = merged(ada, other)
    for address in (ADA, COUNTESS):
        submitted({"email": address, "message": "after"})
    engine.deliver()
    assert [run["lead_id"] for run in runs(once)] == [other]
    assert sorted(run["lead_id"] for run in runs(filtered)) == sorted([ada, other])
    assert len([one for one in timeline(ada) if one["kind"] == "execution"]) == 3

    unmerged(ada, merge_id)
    submitted({"email": ADA, "message": "separated"})
    engine.deliver()

    assert sorted(run["lead_id"] for run in runs(once)) == sorted([ada, other])


def test_a_run_goes_on_with_the_merged_lead_and_then_with_its_own(engine: Engine, clock: Clock) -> None:
    tagging = workflow("update_lead", {"add_tags": ["seen {{ lead.name }}"]}, "lead_created")
    clock.advance(seconds=1)
    ada = added(ADA)["id"]
    other = added(COUNTESS, name="Countess")["id"]
    engine.deliver()
    merged(ada, other)
    engine.run()

    assert shown(other)["tags"] == ["seen Ada"]
    assert {run["status"] for run in runs(tagging)} == {"completed"}
    run = call("workflows/run_workflow", {"lead_id": other}, path={"workflow_id": tagging})
    assert run.status == 202


def test_visits_by_the_token_of_either_are_kept_under_it() -> None:
    ada, other = added(ADA)["id"], added(COUNTESS)["id"]
    merge_id = merged(ada, other)
    body = {"token": service.visit_token(other), "url": "https://www.example.com/pricing"}
    assert call("signals/track_visit", body, scopes=None).status < 300

    assert (shown(ada)["score"], [one["lead_id"] for one in signals_of(ada)]) == (1, [other])
    result = unmerged(ada, merge_id)
    assert (result["lead"]["score"], result["source_lead"]["score"]) == (0, 1)


def test_x51_two_known_people_are_never_merged_by_what_they_do() -> None:
    ada, other = added(ADA, phone="+442079460018")["id"], added(COUNTESS)["id"]
    submitted({"email": COUNTESS, "phone": "+442079460018"}, source_ip="198.51.100.7")
    submitted({"email": ADA}, source_ip="198.51.100.7")

    assert [shown(one)["id"] for one in (ada, other)] == [ada, other]
    assert stored("Merge") == []


# -- erasing


@pytest.fixture
def world(cloud: seams.Seams, clock: Clock) -> Any:
    with mail_service():
        made = World(Engine(clock))
        made.second_id = str(call("leads/create_lead", SECOND, headers={"idempotency-key": "2"}).json["id"])  # type: ignore[attr-defined]
        yield made


@pytest.mark.parametrize("by", ["survivor", "part"])
@pytest.mark.parametrize("survivor", ["first", "second"])
def test_erasing_a_merged_person_erases_all_parts(world: Any, clock: Clock, by: str, survivor: str) -> None:
    pair = (world.lead_id, world.second_id) if survivor == "first" else (world.second_id, world.lead_id)
    assert merge(*pair, headers={"idempotency-key": "merge"}).status == 200
    signalled(world.second_id, 3)

    answer = erase(pair[0] if by == "survivor" else pair[1])

    assert (answer.status, answer.json["id"]) == (202, pair[0])
    assert work(*queued()) == []
    assert left_of_the_person(everything()) == []
    assert "2079460019" not in everything()
    assert erasure(pair[1]) == erasure(pair[0])
    assert erasure(pair[0])["status"] == "completed"
    for lead_id in pair:
        assert call("leads/get_lead", path={"lead_id": lead_id}).status == 404
        assert erase(lead_id).json["id"] == pair[0]
    kept = {item["type"]["S"] for item in stored() if any(one in repr(item) for one in pair)}
    assert kept == {"Erasure", "ErasedMail", "CountedPlace"}
    for person in (PERSON, SECOND):
        assert call("leads/create_lead", {"name": "Z", "email": person["email"]}).status == 409
        fields = {"name": "Z", "email": "n@x.example", "phone": person["phone"]}
        assert call("leads/create_lead", fields).status == 409
    world.engine.deliver()
    assert left_of_the_person(everything()) == []
    clock.advance(minutes=11)
    service.reconcile()
    assert work(*queued()) == []
    clock.advance(days=1)
    assert service.reconcile()["erasures_requeued"] == 0


def test_erasing_one_of_two_who_were_merged_once_leaves_the_other(world: Any, clock: Clock) -> None:
    """Kept answers of the time when they were one show the values of both."""
    other = added("bystander@example.com", tags=["x"])["id"]
    merge_id = merge(other, world.lead_id, headers={"idempotency-key": "merge"}).json["merge_id"]
    about = {"lead_id": other}
    path = {"template_id": world.template_id}
    assert call("templates/preview_template", about, path=path, headers={"idempotency-key": "p"}).status == 200
    assert unmerge(other, merge_id, headers={"idempotency-key": "unmerge"}).status == 200
    erase(world.second_id)

    erase(world.lead_id)
    assert work(*queued(), *queued()) == []

    assert left_of_the_person(everything()) == []
    assert shown(other)["tags"] == ["x"]
    assert timeline(other, kind="merge") == []


def test_erasing_at_the_moment_of_an_undoing_erases_the_one_that_was_asked_for(world: Any) -> None:
    merge_id = merged(world.second_id, world.lead_id)

    with interrupted(lambda: unmerged(world.second_id, merge_id)):
        assert erase(world.second_id).json["id"] == world.second_id

    assert shown(world.lead_id)["email"] == PERSON["email"]
    assert unmerge(world.lead_id, merge_id).status == 404


def test_killed_on_the_way_all_parts_are_erased_in_the_end(world: Any, clock: Clock) -> None:
    merged(world.second_id, world.lead_id)
    erase(world.lead_id)
    deaths = 0
    while messages := queued():
        try:
            with killed_at(5 * deaths + 1, sent=deaths % 2 == 1):
                work(*messages)
        except Killed:
            deaths += 1
        clock.advance(minutes=4)
        service.reconcile()

    assert deaths > 5
    assert erasure(world.lead_id)["status"] == "completed"
    assert left_of_the_person(everything()) == []


def test_a_late_signal_of_a_part_brings_nothing_back(world: Any, erased: Callable[[], None]) -> None:
    erased()
    assert service.add_signal(world.lead_id, "email_open", {"x": "marmalade"}, 1, cause=("x",)) is None
    assert call("signals/record_signal", {"signal_type": "email_open"}, path={"lead_id": world.lead_id}).status == 404
    assert patched(world.lead_id, notes="marmalade").status == 404
    assert listed(email=PERSON["email"])["items"] == []
    assert left_of_the_person(everything()) == []


@pytest.fixture
def erased(world: Any) -> Callable[[], None]:
    def act() -> None:
        merged(world.second_id, world.lead_id)
        erase(world.second_id)
        work(*queued())

    return act


def test_tasks_and_appointments_of_either_are_listed_under_both_ids_and_parted_again() -> None:
    ada, eve = added(ADA)["id"], added(COUNTESS)["id"]
    meeting = {"title": "Demo", "scheduled_at": "2026-03-04T09:00:00Z"}
    of: dict[str, list[str]] = {ada: [], eve: []}
    for lead_id, made in of.items():
        made += [
            call("tasks/create_task", {"title": "Call", "lead_id": lead_id}).json["id"],
            call("appointments/create_appointment", {**meeting, "lead_id": lead_id}).json["id"],
        ]
    merge_id = merged(ada, eve)

    for lead_id in of:
        assert sorted(activities(lead_id)) == sorted([*of[ada], *of[eve]])
    unmerged(ada, merge_id)
    assert {lead_id: activities(lead_id) for lead_id in of} == of


def activities(lead_id: str) -> list[str]:
    names = ("tasks/list_tasks", "appointments/list_appointments")
    return [item["id"] for name in names for item in call(name, query={"lead_id": lead_id}).json["items"]]


def test_the_overview_counts_a_merged_lead_with_the_other(clock: Clock) -> None:
    engine = Engine(clock)
    ada, eve = added(ADA)["id"], added(COUNTESS)["id"]
    merge_id = merged(ada, eve)
    engine.deliver()
    assert call("platform/overview").json["leads"]["total"] == 1

    unmerged(ada, merge_id)
    engine.deliver()

    assert call("platform/overview").json["leads"]["total"] == 2


def test_the_score_of_a_merged_lead_is_told_by_the_signals_of_all_its_parts() -> None:
    ada, countess = added(ADA)["id"], added(COUNTESS)["id"]
    signals = [signalled(lead_id, impact)["id"] for lead_id, impact in ((ada, 5), (countess, 7), (ada, 11))]

    merged(ada, countess)

    score = call("leads/get_score", path={"lead_id": ada}).json
    assert [part["signal_id"] for part in score["parts"]] == sorted(signals, reverse=True)
    assert (score["score"], score["rest"]) == (23, 0)


def test_what_is_explained_of_a_merged_lead_is_about_all_its_parts(engine: Engine, clock: Clock) -> None:
    workflow_id = workflow("update_lead", {"add_tags": ["seen"]}, "lead_created", once_per_lead=True)
    ada = added(ADA)["id"]
    clock.advance(minutes=1)
    countess = added(COUNTESS)["id"]
    engine.run()
    later = added("later@example.com")["id"]
    merged(later, ada)
    merged(later, countess)
    [run_of_countess] = [run["id"] for run in runs(workflow_id) if run["lead_id"] == countess]

    found = call("leads/explain_lead", path={"lead_id": later}, query={"workflow_id": workflow_id}).json

    assert found["execution_id"] == run_of_countess
