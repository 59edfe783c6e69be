"""When a campaign does harm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadflow.campaigns.rules.health import harm_done

LIMITS = {"max_bounce_rate": 0.05, "max_complaint_rate": 0.001, "min_sent": 100}


def counts(sent: int, bounced: int = 0, complained: int = 0) -> dict[str, int]:
    return {"sent": sent, "hard_bounced": bounced, "complained": complained}


@pytest.mark.parametrize(
    ("found", "harm"),
    [
        (counts(99, 99, 99), None),
        (counts(100, 5), None),
        (counts(100, 6), "6 of 100 mails bounced, more than the limit of 0.05"),
        (counts(1000, 0, 1), None),
        (counts(1000, 0, 2), "2 of 1000 mails were reported as spam, more than the limit of 0.001"),
    ],
)
def test_above_the_limit_and_after_enough_mails(found: dict[str, int], harm: str | None) -> None:
    assert harm_done(LIMITS, found) == harm


@given(sent=st.integers(0, 10_000), bounced=st.integers(0, 10_000), complained=st.integers(0, 10_000))
def test_without_limits_nothing_is_harm(sent: int, bounced: int, complained: int) -> None:
    found = counts(sent, bounced, complained)

    assert harm_done(None, found) is None
    assert harm_done({"max_bounce_rate": None, "max_complaint_rate": None, "min_sent": 1}, found) is None


@given(sent=st.integers(0, 10_000), bounced=st.integers(0, 10_000), limit=st.floats(0, 1))
def test_more_bounces_never_do_less_harm(sent: int, bounced: int, limit: float) -> None:
    limits = {"max_bounce_rate": limit, "max_complaint_rate": None, "min_sent": 1}

    if harm_done(limits, counts(sent, bounced)):
        assert harm_done(limits, counts(sent, bounced + 1))
