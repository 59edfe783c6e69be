"""Logs and metrics. Logs carry ids, key names and counts, never what people wrote or how they are reached."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from leadflow.core import seams

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger


def logger() -> Logger:
    """The structured logger, configured by POWERTOOLS_* in the environment."""
    return seams.current().remember("logger", _make_logger)


def fresh_logger(**keys: str) -> Logger:
    """The logger with these keys on every line of the work that begins here, and none of what went before.

    Kept per thread, since the one-machine host serves many requests at once.
    """
    log = logger()
    log.thread_safe_clear_keys()
    log.thread_safe_append_keys(**keys)
    return log


def counted(what: str, times: int = 1) -> None:
    """Adds to a metric of this stack, by a line in the embedded format; no id is ever a dimension."""
    _told(what, "Count", times)


def measured_seconds(what: str, lasted: timedelta) -> None:
    """Tells a metric of this stack how long something lasted, in seconds; no id is ever a dimension."""
    _told(what, "Seconds", lasted.total_seconds())


def _told(what: str, unit: str, value: float) -> None:
    from aws_lambda_powertools.metrics import MetricUnit, single_metric

    with single_metric(name=what, unit=MetricUnit(unit), value=value):
        pass


def _make_logger() -> Logger:
    from aws_lambda_powertools import Logger

    return Logger(utc=True)
