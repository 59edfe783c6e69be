"""Nothing that providers post is lost, doubled or out of order, whatever dies: python -m tests.benchmarks losses has
the figures of record, by the same code.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.journeys import posting
from tests.journeys.host import HostProcess

MESSAGES, KILLS = 200, 2


def test_nothing_is_lost_doubled_or_out_of_order_whatever_dies(new_host: Callable[..., HostProcess]) -> None:
    came = posting.run(new_host(), MESSAGES, KILLS)

    assert came.posts > 2 * MESSAGES
    assert (came.missing, came.doubled, came.parked) == (0, 0, 0)
    assert (came.out_of_order("sms"), came.out_of_order("messenger")) == (0, 0)
    assert [len(numbers) for numbers in came.found.values()] == [MESSAGES // posting.PEOPLE] * posting.PEOPLE
