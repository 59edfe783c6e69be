"""Where the emulator's functions run: on the function host of this process.

Queues, schedules and state machines end up in MiniStack's executor for functions that are bound to an HTTP server.
Every function is bound so, and that executor is replaced by a call of the host, which also keeps what HTTP would lose:
the name of the exception a state machine's Retry and Catch look for.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

from ministack.services import lambda_svc

from local.logs import described

log = logging.getLogger("local.functions")

Invoke = Callable[[str, Any, str], Any]
_BOUND = "in this process"


def run_with(invoke: Invoke) -> None:
    """Runs every function by `invoke(function name, event, request id)`; what it raises is the function's error."""

    def execute(func: dict[str, Any], event: Any, _url: str, request_id: str) -> dict[str, Any]:
        name = (func.get("config") or func)["FunctionName"]
        try:
            answer = invoke(name, json.loads(json.dumps(event)), request_id)
        except Exception as error:  # noqa: BLE001 - whatever a function raises is its answer, as in Lambda
            log.error("%s failed: %s", name, described(error))
            return {"body": {"errorMessage": str(error), "errorType": type(error).__name__}, "error": True}
        return {"body": answer}

    lambda_svc._proxy_url_for = lambda _config: _BOUND
    lambda_svc._execute_function_proxy = execute
    # Both keep a record of every invocation in memory for ever; the host's log file has the lines, nobody the numbers.
    lambda_svc._emit_lambda_logs = lambda *_args, **_kwargs: None
    lambda_svc._emit_lambda_metrics = lambda *_args, **_kwargs: None


def matching(records: list[dict[str, Any]], filters: dict[str, Any]) -> list[dict[str, Any]]:
    """The records that an event source's FilterCriteria lets through."""
    kept: list[dict[str, Any]] = lambda_svc._apply_filter_criteria(records, {"FilterCriteria": filters})
    return kept
