"""What event-driven doors have in common: one log line per failure that names the error, never its text or values."""

from __future__ import annotations

import traceback

from leadflow.core.errors import LeadflowError
from leadflow.core.observability import logger


def report(what: str, error: BaseException, **ids: str) -> None:
    """Logs a failure with its place in our code. The detail of an error of our own names ids and fields, so it is kept.

    Of several failures at once (an ExceptionGroup) each gets its own line.
    """
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            report(what, one, **ids)
        return
    detail = error.detail if isinstance(error, LeadflowError) else None
    stack = traceback.format_tb(error.__traceback__)
    logger().error(what, extra={"error_type": type(error).__name__, "detail": detail, "stack": stack, **ids})
