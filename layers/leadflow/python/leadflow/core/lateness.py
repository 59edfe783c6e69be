"""How late what is planned for a time begins. An alarm watches it: what wakes work at its time is in trouble then."""

from __future__ import annotations

from datetime import datetime, timedelta

from leadflow.core import clock
from leadflow.core.observability import measured_seconds

# One-off schedules come up to a minute late, and that is nothing to tell: a metric that is told costs.
_USUAL = timedelta(minutes=1)


def begun(planned: datetime) -> None:
    """Something begins now, or is found waiting still, that was to begin at this moment."""
    late = clock.now() - planned
    if late > _USUAL:
        measured_seconds("ScheduleLag", late)
