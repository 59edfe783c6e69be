"""POST /leads/{lead_id}/unmerge."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadflow.core import ids, removal
from leadflow.leads.schema import UnmergeResult
from tests.functional.campaigns.mailing import email_channel, mail_service, send, template
from tests.functional.leads.merging import merge, merged, timeline, unmerge, unmerged, without_times
from tests.functional.leads.people import added, listed, patched, shown, signalled
from tests.functional.signals.websites import found, signals_of, submitted
from tests.functional.wire import Killed, interrupted, killed_at, stored
from tests.harness import Clock, call

ADA, COUNTESS = "ada@example.com", "countess@example.com"
PHONE = "+442079460018"
RICH = {
    "phone": PHONE,
    "company": "Engines",
    "budget": "under_5k",
    "timeline": "immediate",
    "notes": "Writes letters.",
    "timezone": "Europe/London",
    "tags": ["poetry", "maths"],
    "interests": ["engines"],
    "custom": {"dog": "Rex", "cat": {"name": "Tom"}},
    "consent": {"email": {"opted_in": True, "at": "2026-01-01T00:00:00Z"}},
    "status": "qualified",
}


def test_x39_both_are_again_what_they_were(clock: Clock) -> None:
    ada, other = added(ADA, tags=["maths"], custom={"dog": "Fido"})["id"], added(COUNTESS, **RICH)["id"]
    signalled(ada, 7)
    clock.advance(days=40)
    signalled(other, 30)
    before = shown(ada), shown(other)
    clock.advance(days=3)
    merge_id = merged(ada, other)
    clock.advance(days=3)

    answer = unmerge(ada, merge_id)

    assert answer.status == 200
    UnmergeResult.model_validate(answer.json)
    assert (answer.json["lead"], answer.json["source_lead"]) == (shown(ada), shown(other))
    assert [without_times(one) for one in (shown(ada), shown(other))] == [without_times(one) for one in before]
    for address, lead_id in ((ADA, ada), (COUNTESS, other)):
        assert [lead["id"] for lead in listed(email=address)["items"]] == [lead_id]
    assert {lead["id"] for lead in listed()["items"]} == {ada, other}
    assert [lead["id"] for lead in listed(sort="score")["items"]] == [other, ada]
    [item] = [item for item in stored("Lead") if item["id"]["S"] == ada]
    assert {"merges", "own", "own_scored_at", "merged_into"}.isdisjoint(item)


def test_x38_each_has_what_came_by_it_since(clock: Clock) -> None:
    ada, other = added(ADA)["id"], added(COUNTESS)["id"]
    merge_id = merged(ada, other)
    with mail_service():
        email_channel()
        template_id = template()
        own = send(other, template_id, ("WX1", "A", "1")).email_id
        patched(ada, email=COUNTESS)
        others = send(ada, template_id, ("WX1", "A", "2")).email_id
    for tracking_id in (own, others):
        assert call("tracking/click", path={"tracking_id": tracking_id, "link": "1"}, scopes=None).status == 302
    submitted({"email": COUNTESS, "company": "Looms", "phone": PHONE})
    submitted({"email": ADA, "budget": "under_5k"})
    signalled(ada, 3)
    signalled(other, 4)
    patched(ada, notes="Written by hand.")

    result = unmerged(ada, merge_id)

    lead, source = result["lead"], result["source_lead"]
    assert (lead["email"], lead["phone"], lead["company"], lead["budget"]) == (ADA, None, None, "under_5k")
    assert (source["email"], source["phone"], source["company"], source["budget"]) == (COUNTESS, PHONE, "Looms", None)
    assert (lead["notes"], source["notes"]) == ("Written by hand.", None)
    assert (lead["score"], source["score"]) == (5 + 10 + 3, 5 + 10 + 4)
    for lead_id, mail_id, score in ((ada, own, 18), (other, others, 19)):
        [mail] = call("campaigns/list_lead_emails", path={"lead_id": lead_id}).json["items"]
        assert mail["id"] == mail_id
        assert sum(signal["score_impact"] for signal in signals_of(lead_id)) == score
    assert listed(phone=PHONE)["items"] == [source]
    assert (patched(ada, email="new@example.com").status, found(COUNTESS)["id"]) == (200, other)


def test_an_opt_out_that_was_given_meanwhile_holds_for_both(clock: Clock) -> None:
    consent = {"email": {"opted_in": True}, "sms": {"opted_in": False}}
    ada, other = added(ADA, consent={"chat": {"opted_in": False}})["id"], added(COUNTESS, consent=consent)["id"]
    clock.advance(days=1)
    merge_id = merged(ada, other)
    clock.advance(days=1)
    patched(other, consent={"email": {"opted_in": False}})

    result = unmerged(ada, merge_id)

    assert {name: one["opted_in"] for name, one in result["lead"]["consent"].items()} == {"chat": False, "email": False}
    assert {name: one["opted_in"] for name, one in result["source_lead"]["consent"].items()} == {
        "email": False,
        "sms": False,
    }


def test_what_people_changed_stays_and_what_was_lent_goes() -> None:
    ada, other = added(ADA, tags=["a"])["id"], added(COUNTESS, **{**RICH, "tags": ["b", "c"]})["id"]
    merge_id = merged(ada, other)
    patched(ada, tags=["a", "b", "d"], custom={"dog": "Rex", "bird": 1}, company="By hand", budget=None)

    lead = unmerged(ada, merge_id)["lead"]

    assert (lead["tags"], lead["custom"], lead["company"], lead["budget"]) == (["a", "d"], {"bird": 1}, "By hand", None)
    assert (lead["timeline"], lead["notes"], lead["phone"]) == (None, None, None)
    again = merge(ada, other).json["lead"]
    assert (again["tags"], again["company"], again["budget"]) == (["a", "d", "b", "c"], "By hand", "under_5k")


def test_merges_into_one_lead_are_undone_in_any_order() -> None:
    ada, first, second = added(ADA)["id"], added("b@x.example", company="B")["id"], added("c@x.example")["id"]
    patched(second, company="C", notes="of C")
    merge_first, merge_second = merged(ada, first), merged(ada, second)
    assert shown(ada)["company"] == "B"

    lead = unmerged(ada, merge_first)["lead"]

    assert (lead["company"], lead["notes"]) == ("C", "of C")
    lead = unmerged(ada, merge_second)["lead"]
    assert (lead["company"], lead["notes"]) == (None, None)


def test_a_merge_that_another_is_built_on_goes_last() -> None:
    ada, middle, last = added(ADA)["id"], added("b@x.example")["id"], added("c@x.example", company="C")["id"]
    inner = merged(middle, last)
    outer = merged(ada, middle)

    for lead_id in (ada, middle, last):
        answer = unmerge(lead_id, inner)
        assert (answer.status, outer in answer.json["detail"]) == (409, True)
    result = unmerged(last, outer)
    assert (result["lead"]["id"], result["source_lead"]["id"]) == (ada, middle)
    assert (shown(last)["id"], shown(last)["company"], shown(ada)["company"]) == (middle, "C", None)
    unmerged(middle, inner)
    assert [shown(one)["id"] for one in (ada, middle, last)] == [ada, middle, last]


def test_no_merge_twice_and_who_may() -> None:
    ada, other = added(ADA)["id"], added(COUNTESS)["id"]
    merge_id = merged(ada, other)
    assert unmerge(ada, "01JZ0000000000000000000001").status == 404
    assert unmerge("01JZ0000000000000000000001", merge_id).status == 404
    assert call("leads/unmerge_leads", {}, path={"lead_id": ada}).json["errors"][0]["field"] == "merge_id"
    body = {"merge_id": merge_id}
    assert call("leads/unmerge_leads", body, path={"lead_id": ada}, scopes="leads:read").status == 403

    assert unmerge(other, merge_id).status == 200

    answer = unmerge(ada, merge_id)
    assert (answer.status, "undone" in answer.json["detail"]) == (409, True)
    assert unmerge(other, merge_id).status == 404
    [entry] = timeline(ada, kind="merge")
    assert (entry["data"]["undone_at"] is not None, "undone" in entry["title"]) == (True, True)
    assert merged(ada, other) != merge_id


def test_two_undo_it_at_the_same_moment() -> None:
    ada, other = added(ADA)["id"], added(COUNTESS)["id"]
    merge_id = merged(ada, other)
    with interrupted(lambda: unmerged(ada, merge_id)):
        assert unmerge(ada, merge_id).status == 409
    assert shown(other)["id"] == other


@pytest.mark.parametrize("sent", [False, True])
def test_dying_on_the_way_it_is_all_or_nothing_and_the_repetition_finds_it(*, sent: bool, clock: Clock) -> None:
    ada, other = added(ADA)["id"], added(COUNTESS)["id"]
    merge_id = merged(ada, other)
    key = {"idempotency-key": "once"}
    with pytest.raises(Killed), killed_at(6, sent=sent):
        unmerge(ada, merge_id, headers=key)

    assert (shown(other)["id"] == other) is sent
    clock.advance(minutes=10)
    again = unmerge(ada, merge_id, headers=key)
    assert (again.status, again.json["source_lead"]["id"]) == (200, other)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("signal"), st.integers(0, 3), st.integers(-20, 40)),
        st.tuples(st.just("merge"), st.integers(0, 3), st.integers(0, 3)),
        st.tuples(st.just("unmerge"), st.integers(0, 9), st.just(0)),
        st.tuples(st.just("form"), st.integers(0, 3), st.integers(0, 9)),
        st.tuples(st.just("wait"), st.integers(0, 600), st.just(0)),
    ),
    max_size=14,
)


# Each of them tells something else, since what is shown already is filled in by no form.
FIELDS, VALUES = ("company", "notes", "budget", "interests"), ("Looms", "Hi", "under_5k", ["engines"])
CHANNELS = ("email", "sms", "chat", "phone")


class Twins:
    """The same happens to two times four people; the first four are merged and separated on the way."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.tag = ids.new_id().lower()
        self.four, self.others = ([added(self.address(kind, n))["id"] for n in range(4)] for kind in "ab")
        self.merges: list[str] = []

    def address(self, kind: str, number: int) -> str:
        return f"{self.tag}{kind}{number}@example.com"

    def signal(self, one: int, impact: int) -> None:
        for lead_id in (self.four[one], self.others[one]):
            signalled(lead_id, impact)

    def form(self, one: int, number: int) -> None:
        for kind in "ab":
            fields = {"email": self.address(kind, one), f"consent_{CHANNELS[one]}": "yes", "message": str(number)}
            submitted({**fields, FIELDS[one]: VALUES[one]}, source_ip=f"198.51.{one}.{number}")

    def wait(self, hours: int, _: int) -> None:
        self.clock.advance(hours=hours)

    def merge(self, one: int, other: int) -> None:
        answer = merge(self.four[one], self.four[other])
        if answer.status == 200 and answer.json["merge_id"] not in self.merges:
            self.merges.append(answer.json["merge_id"])

    def unmerge(self, one: int, _: int) -> None:
        """Undoes a merge if no other is built on it."""
        if self.merges:
            merge_id = self.merges[one % len(self.merges)]
            if 200 in [unmerge(lead_id, merge_id).status for lead_id in self.four]:
                self.merges.remove(merge_id)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_x39_whatever_comes_meanwhile_separated_they_are_as_if_never_merged(
    clock: Clock, steps: list[tuple[str, int, int]]
) -> None:
    removal.remove((item["pk"]["S"], item["sk"]["S"]) for item in stored())
    twins = Twins(clock)
    for what, one, number in steps:
        getattr(twins, what)(one, number)
    while twins.merges:
        for number in range(len(twins.merges)):
            twins.unmerge(number, 0)

    for lead_id, other_id in zip(twins.four, twins.others, strict=True):
        lead, other = shown(lead_id), shown(other_id)
        assert lead["id"] == lead_id
        assert told(lead) == told(other)
        assert len(signals_of(lead_id)) == len(signals_of(other_id))


def told(lead: dict[str, Any]) -> dict[str, Any]:
    """What must be the same for two people to whom the same happened."""
    return {name: lead[name] for name in lead if name not in ("id", "email", "created_at", "updated_at")}
