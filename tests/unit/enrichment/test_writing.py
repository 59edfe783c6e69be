"""What of an enrichment goes into a lead."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from leadflow.enrichment.rules import writing
from leadflow.enrichment.rules.waterfall import Given

POLICIES = ("fill_if_empty", "always", "never")
texts = st.sampled_from(["Acme", "Other", "Mine"])
maybe = st.one_of(st.none(), texts)


def known(value: str, *, is_sure: bool = True, name: str = "company_name") -> Any:
    return {name: Given(value, 0.9, "forager", 1, "", is_sure)}


def lead(company: str | None = None, **custom: Any) -> dict[str, Any]:
    return {"company": company, "custom": custom}


@given(maybe, texts, st.sampled_from(POLICIES), st.one_of(st.just({}), st.builds(lambda v: {"company": v}, texts)))
def test_a_persons_value_is_never_changed(present: str | None, new: str, policy: str, before: dict[str, str]) -> None:
    decided = writing.decide(lead(present), known(new), {"company": policy}, before)

    if "company" in decided.changes:
        # Only what was never there, or what we wrote ourselves and nobody changed since.
        assert (present is None and not before) or (present == before.get("company") and policy == "always")
        assert decided.changes["company"] == new != present


@given(maybe, texts)
def test_doing_it_again_does_nothing(present: str | None, new: str) -> None:
    first = writing.decide(lead(present), known(new), {"company": "always"}, {})
    after = {**lead(present), **first.changes}

    assert not writing.decide(after, known(new), {"company": "always"}, dict(first.written)).changes


def test_unsure_values_and_never_write_nothing() -> None:
    assert writing.decide(lead(), known("Acme", is_sure=False), {}, {}) == writing.Writing()
    assert writing.decide(lead(), known("Acme"), {"company": "never"}, {}) == writing.Writing()


def test_custom_keeps_what_else_is_in_it() -> None:
    decided = writing.decide(lead(dog="Rex"), known("CTO", name="job_title"), {}, {})

    assert decided.changes == {"custom": {"dog": "Rex", "job_title": "CTO"}}
    assert decided.written == {"custom.job_title": "CTO"}


def test_a_company_that_does_not_fit_is_a_conflict() -> None:
    decided = writing.decide(lead(), known("x" * 101), {}, {})

    assert not decided.changes
    assert decided.conflicts[0]["kept"] is None


def test_custom_fields_that_are_full_take_no_more() -> None:
    decided = writing.decide(lead(filler="x" * 16_380), known("CTO", name="job_title"), {}, {})

    assert not decided.changes
    assert [one["field"] for one in decided.conflicts] == ["custom.job_title"]
