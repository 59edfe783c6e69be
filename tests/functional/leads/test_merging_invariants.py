"""Whatever is merged, separated, changed, posted and erased in whatever order: every address leads to one lead."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadflow.core import ids, removal
from leadflow.leads import store
from tests.functional.leads.erasing import erase
from tests.functional.leads.merging import merge, unmerge
from tests.functional.leads.people import added, listed, patched
from tests.functional.signals.websites import submitted
from tests.functional.wire import stored
from tests.harness import Clock, call

PEOPLE = 5
WHO, WHAT = st.integers(0, PEOPLE - 1), st.integers(0, 7)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["merge", "merge", "merge", "unmerge", "email", "phone", "form", "signal", "erase"]), WHO, WHAT
    ),
    min_size=3,
    max_size=20,
)


class Crowd:
    """A few people and a few addresses that they take from each other."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.tag = ids.new_id().lower()
        self.leads = [added(self.email(n), phone=None if n % 2 else self.phone(n))["id"] for n in range(PEOPLE)]
        self.merges: list[str] = []

    def email(self, number: int) -> str:
        return f"{self.tag}{number}@example.com"

    def phone(self, number: int) -> str:
        return f"+4420{int(self.tag[-6:], 36) % 9_000_000 + 1_000_000}{number}"

    def step(self, what: str, who: int, number: int) -> None:
        self.clock.advance(seconds=1)
        lead_id = self.leads[who]
        match what:
            case "merge":
                answer = merge(lead_id, self.leads[number % PEOPLE])
                if answer.status == 200:
                    self.merges.append(answer.json["merge_id"])
            case "unmerge":
                answer = unmerge(lead_id, self.merges[number % len(self.merges)]) if self.merges else None
            case "email" | "phone":
                value = getattr(self, what)(number)
                answer = patched(lead_id, **{what: None if what == "phone" and number == 7 else value})
            case "form":
                submitted({"email": self.email(number), "phone": self.phone(who)}, source_ip=f"198.51.100.{number}")
                return
            case "signal":
                answer = call("signals/record_signal", {"signal_type": "website_visit"}, path={"lead_id": lead_id})
            case _:
                answer = erase(lead_id) if number == 0 else None
        assert answer is None or answer.status in (200, 201, 202, 404, 409, 422), answer.text


def check() -> None:
    """Holds the whole table to what must always be true of leads and their addresses."""
    leads = {item["id"]["S"]: store.Lead.from_raw_data(item) for item in stored("Lead")}
    identities = {item["pk"]["S"]: item for item in stored("UniqueIdentity")}
    owned = {one.pk: lead.id for lead in leads.values() for one in lead.identities().values()}
    assert {pk: item["lead_id"]["S"] for pk, item in identities.items() if "lead_id" in item} == owned
    scored = {item["lead_id"]["S"] for item in stored("IntentSignal")}
    roots = [lead for lead in leads.values() if not lead.merged_into]
    assert sorted(part for root in roots for part in root.parts) == sorted(leads)
    for root in roots:
        _check_root(root, leads, scored)
    shown = [lead["id"] for lead in _all_listed()]
    assert sorted(shown) == sorted(root.id for root in roots)


def _check_root(root: store.Lead, leads: dict[str, store.Lead], scored: set[str]) -> None:
    for field in store.ADDRESSES:
        theirs = {leads[part].own_value(field) for part in root.parts}
        assert getattr(root, field) is None or getattr(root, field) in theirs
    for lead in (leads[part] for part in root.parts):
        assert store.find_line(lead.id)[-1].id == root.id
        direct = [leads[one["lead_id"]] for one in lead.merges or ()]
        assert all(part.merged_into == lead.id for part in direct)
        own = sum(lead.sums.values()) - sum(sum(part.sums.values()) for part in direct)
        assert (own > 0) is (lead.id in scored)


def _all_listed() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = listed(limit="100", **({"cursor": cursor} if cursor else {}))
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_every_address_leads_to_one_lead_whatever_was_done(clock: Clock, steps: list[tuple[str, int, int]]) -> None:
    removal.remove((item["pk"]["S"], item["sk"]["S"]) for item in stored())
    crowd = Crowd(clock)
    for step in steps:
        crowd.step(*step)
    check()
