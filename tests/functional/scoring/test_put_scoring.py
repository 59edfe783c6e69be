"""PUT /scoring: what is settled counts from then on, and scores stay what is on file comes to."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadflow.core import ids, removal
from leadflow.leads import service
from leadflow.leads.enums import SIGNAL_TYPES
from tests.functional.leads.merging import merge, unmerge
from tests.functional.leads.people import added, listed, patched, shown, signalled
from tests.functional.leads.test_get_score import assert_adds_up, score_of
from tests.functional.scoring.settled import CAPPED, FIT, SENIOR, check_scores, put, scoring, settled
from tests.functional.signals.websites import submitted
from tests.functional.wire import stored
from tests.harness import Clock, call


def noted(lead_id: str, facts: dict[str, Any]) -> None:
    service.note_facts(lead_id, lambda: facts)


def test_the_default_impact_of_a_type_is_settled_for_signals_to_come() -> None:
    lead_id = added()["id"]
    call("signals/record_signal", {"signal_type": "chat_message"}, path={"lead_id": lead_id})
    settled(signals={"chat_message": {"impact": 30}, "form_submit": {"impact": 7}})

    signal = call("signals/record_signal", {"signal_type": "chat_message"}, path={"lead_id": lead_id}).json
    submitted()

    assert signal["score_impact"] == 30
    assert shown(lead_id)["score"] == 5 + 30 + 7
    check_scores()


def test_signals_over_their_cap_share_it_and_are_told_so(clock: Clock) -> None:
    settled(signals=CAPPED)
    lead_id = added()["id"]
    for _ in range(4):
        signalled(lead_id, 5)
    signalled(lead_id, 3, "email_open")

    score = score_of(lead_id)

    assert score["score"] == shown(lead_id)["score"] == 13
    assert sorted((part["points"], part["share"]) for part in score["parts"]) == [(2.5, 0.5)] * 4 + [(3, 1)]
    assert_adds_up(score)
    clock.advance(days=1)
    signalled(lead_id, 5)
    # The next window has a cap of its own; what is left of the one before fades by the half-life of the type.
    assert shown(lead_id)["score"] == round(3 * 2 ** (-1 / 30) + 10 * 2 ** (-1 / 7) + 5)
    assert_adds_up(score_of(lead_id))
    check_scores()


def test_fit_rules_ask_the_lead_and_its_enrichment() -> None:
    settled(fit_rules=FIT)
    lead_id = added(company="ACME")["id"]
    assert shown(lead_id)["score"] == 15

    noted(lead_id, {"job_title": "Chief Executive", "social_profiles": {"x": "y"}})
    signalled(lead_id, 10)

    score = score_of(lead_id)
    assert score["score"] == shown(lead_id)["score"] == 46
    assert [(part["source"], part["title"], part["points"]) for part in score["parts"]] == [
        ("website_visit", "Visited a page", 10),
        ("fit", "Acme", 15),
        ("fit", "Senior", 20.5),
    ]
    assert_adds_up(score)
    patched(lead_id, company="Other")
    assert shown(lead_id)["score"] == 31
    assert [lead["id"] for lead in listed(sort="score", min_score="31")["items"]] == [lead_id]
    check_scores()


def test_facts_that_are_known_write_nothing() -> None:
    lead_id = added()["id"]
    noted(lead_id, {"job_title": "CTO"})
    before = stored("Lead")

    noted(lead_id, {"job_title": "CTO", "social_profiles": {}})

    assert stored("Lead") == before


def test_facts_of_a_merged_lead_count_for_the_other_until_it_is_undone() -> None:
    settled(fit_rules=[{"name": "Senior", "if": SENIOR, "points": 20}])
    ada, eve = added()["id"], added("eve@example.com")["id"]
    noted(eve, {"job_title": "Chief of Staff"})
    assert (shown(ada)["score"], shown(eve)["score"]) == (0, 20)

    merge_id = merge(ada, eve).json["merge_id"]
    assert shown(ada)["score"] == 20
    check_scores()
    noted(eve, {"job_title": "Intern"})
    assert shown(ada)["score"] == 0
    unmerge(ada, merge_id)
    assert (shown(ada)["score"], shown(eve)["score"]) == (0, 0)
    check_scores()


def test_imported_leads_have_their_fit() -> None:
    from tests.functional.leads.announced import work_all
    from tests.functional.leads.transfer import bucket

    bucket()
    settled(fit_rules=FIT)
    body = b"name,email,company\nAda,ada@example.com,Acme\n"
    answer = call("leads/import_leads", body, headers={"content-type": "text/csv"})
    assert answer.status == 202
    work_all()

    assert listed(sort="score")["items"][0]["score"] == 15
    check_scores()


def test_people_who_come_by_a_channel_have_their_fit() -> None:
    settled(fit_rules=[{"name": "Writes", "if": {"field": "lead.source", "op": "eq", "value": "sms"}, "points": 20}])
    lead_id = service.admit(ids.new_id(), name="Ada", source="sms", addresses={"phone": "+442079460018"})
    assert lead_id is not None

    assert shown(lead_id)["score"] == score_of(lead_id)["score"] == 20
    patched(lead_id, source="chat")
    assert shown(lead_id)["score"] == 0
    check_scores()


def test_the_same_settings_again_begin_nothing() -> None:
    settled(signals=CAPPED, fit_rules=FIT)

    again = put(signals=CAPPED, fit_rules=FIT)

    assert (again.json["revision"], again.json["rescoring"]) == (1, "completed")
    assert put(headers={"if-match": '"1"'}).json["revision"] == 2


def test_who_saw_an_older_revision_is_told() -> None:
    settled(signals=CAPPED)

    assert put(headers={"if-match": '"0"'}).status == 412
    assert scoring()["revision"] == 1


RULE = FIT[0]
# Fifteen thousand bytes each: fifty of them are more than one item holds.
LONG = {"field": "lead.company", "op": "in", "value": ["x" * 1000 for _ in range(15)]}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"signals": {"smile": {"impact": 1}}}, "signals.smile"),
        ({"signals": {"email_open": {}}}, "signals.email_open.impact"),
        ({"signals": {"email_open": {"impact": 101}}}, "signals.email_open.impact"),
        ({"signals": {"email_open": {"impact": 1, "half_life_days": 0}}}, "signals.email_open.half_life_days"),
        ({"signals": {"email_open": {"impact": 1, "half_life_days": 1.5}}}, "signals.email_open.half_life_days"),
        ({"signals": {"email_open": {"impact": 1, "cap": {"points": 0, "window_hours": 1}}}}, "signals.email_open.cap"),
        ({"signals": {"email_open": {"impact": 1, "cap": {"points": 5}}}}, "signals.email_open.cap.window_hours"),
        ({"signals": []}, "signals"),
        ({"fit_rules": [{**RULE, "points": "many"}]}, "fit_rules.0.points"),
        ({"fit_rules": [RULE, {**RULE, "name": "X", "if": {"field": "lead.nose", "op": "exists"}}]}, "fit_rules.1.if"),
        ({"fit_rules": [{**RULE, "if": {"field": "lead.score", "op": "gt", "value": 1}}]}, "fit_rules.0.if"),
        ({"fit_rules": [{**RULE, "if": None}]}, "fit_rules.0.if"),
        ({"fit_rules": [RULE, RULE]}, "fit_rules"),
        ({"fit_rules": [RULE] * 51}, "fit_rules"),
        ({"fit_rules": [{**RULE, "name": str(n), "if": LONG} for n in range(50)]}, "fit_rules"),
        ({"weights": {}}, "weights"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_kept(body: dict[str, Any], field: str) -> None:
    answer = call("scoring/put_scoring", body)

    assert answer.status == 422, answer.text
    assert answer.json["errors"][0]["field"].startswith(field)
    assert stored() == []


def test_scopes() -> None:
    assert call("scoring/put_scoring", {}, scopes="leads:read").status == 403
    assert call("scoring/put_scoring", {}, scopes="leads:write").status == 200


_TYPE = st.fixed_dictionaries(
    {"impact": st.integers(-20, 20), "half_life_days": st.sampled_from([1, 30, 400])},
    optional={
        "cap": st.fixed_dictionaries(
            {"points": st.sampled_from([0.5, 8, 60]), "window_hours": st.sampled_from([1, 30])}
        )
    },
)
_STEP = st.one_of(
    st.tuples(
        st.just("signal"), st.integers(0, 2), st.integers(0, 6), st.sampled_from(SIGNAL_TYPES[:3]), st.floats(-60, 60)
    ),
    st.tuples(st.just("settle"), st.dictionaries(st.sampled_from(SIGNAL_TYPES[:3]), _TYPE), st.booleans()),
    st.tuples(st.sampled_from(["merge", "unmerge"]), st.integers(0, 2), st.integers(0, 2)),
    st.tuples(st.just("patch"), st.integers(0, 2), st.sampled_from(["Acme", None])),
    st.tuples(st.just("facts"), st.integers(0, 2), st.sampled_from(["Chief", "Intern"])),
    st.tuples(st.just("wait"), st.integers(0, 50)),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_STEP, max_size=14))
def test_a_stored_score_is_what_is_on_file_whatever_was_done(clock: Clock, steps: list[tuple[Any, ...]]) -> None:
    """Signals twice, late and in any order, settings changed in between, leads merged, separated and changed."""
    removal.remove((item["pk"]["S"], item["sk"]["S"]) for item in stored())
    people = [added(f"{ids.new_id().lower()}@example.com")["id"] for _ in range(3)]
    merges: list[str] = []
    for step in steps:
        _do(step, people, merges, clock)
    settled(signals=CAPPED)

    check_scores()
    for lead_id in people:
        assert_adds_up(score_of(lead_id))
        assert score_of(lead_id)["score"] == shown(lead_id)["score"]


def _do(step: tuple[Any, ...], people: list[str], merges: list[str], clock: Clock) -> None:
    match step:
        case ("signal", who, hours, kind, impact):
            at = clock().fromtimestamp(clock().timestamp() - 3600 * hours, clock().tzinfo)
            for _ in range(2):
                service.add_signal(people[who], kind, {}, round(impact, 6), cause=(str(step),), at=at)
        case ("settle", types, is_worked):
            (settled if is_worked else put)(signals=types, fit_rules=FIT)
        case ("merge", who, other):
            answer = merge(people[who], people[other])
            merges += [answer.json["merge_id"]] if answer.status == 200 else []
        case ("unmerge", who, number) if number < len(merges):
            assert unmerge(people[who], merges[number]).status in (200, 404, 409)
        case ("patch", who, company):
            assert patched(people[who], company=company).status == 200
        case ("facts", who, title):
            noted(people[who], {"job_title": title})
        case ("wait", hours):
            clock.advance(hours=hours)


def test_a_lead_that_waits_to_be_scored_again_is_explained_as_it_will_be() -> None:
    lead_id = added()["id"]
    for _ in range(3):
        signalled(lead_id, 10)
    put(signals=CAPPED)

    score = score_of(lead_id)

    assert (score["score"], shown(lead_id)["score"]) == (10, 30)
    assert Decimal(repr(score["total"])) == 10
    assert_adds_up(score)
