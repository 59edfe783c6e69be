"""Gates: exactly one decides."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadflow.core import gates
from leadflow.core.gates import Gate

OTHERWISE = gates.passed("all")
GATES = st.tuples(st.sampled_from("abc"), st.sampled_from(["pass", "fail", "pending", "unknown"])).map(
    lambda told: Gate(*told)
)


@settings(deadline=None)
@given(listed=st.lists(GATES, max_size=6))
def test_the_first_that_fails_decides_else_the_first_that_is_not_open(listed: list[Gate]) -> None:
    decides = gates.primary(listed, OTHERWISE)

    failing = [gate for gate in listed if gate.fails]
    waiting = [gate for gate in listed if gate.verdict in ("pending", "unknown")]
    assert decides is [*failing, *waiting, OTHERWISE][0]
    assert gates.first_closed(listed) is (failing[0] if failing else None)


def test_a_gate_behind_a_closed_one_is_not_asked() -> None:
    def asked() -> Iterator[Gate]:
        yield gates.passed("one")
        yield gates.failed("two", "no", "No.")
        pytest.fail("it was asked")

    closed = gates.first_closed(asked())

    assert closed is not None
    assert closed.as_dict() == {
        "gate": "two",
        "verdict": "fail",
        "code": "no",
        "detail": "No.",
        "at": None,
        "about": None,
        "parts": [],
    }
