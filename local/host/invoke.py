"""Runs handlers: finds them, gives them their context, and calls them."""

from __future__ import annotations

import contextlib
import importlib
import json
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from local.emulator.stack import Function
from local.faults import Faults

Handler = Callable[[Any, Any], Any]


class LambdaContext:
    """What AWS Lambda gives a handler beside the event; times are in milliseconds, memory is in MB."""

    __slots__ = ("_deadline", "_function", "aws_request_id")

    function_version = "$LATEST"
    log_stream_name = "local"
    identity = None
    client_context = None

    def __init__(self, function: Function, request_id: str) -> None:
        self._function = function
        self._deadline = time.monotonic() + function.timeout
        self.aws_request_id = request_id

    @property
    def function_name(self) -> str:
        return self._function.name

    @property
    def invoked_function_arn(self) -> str:
        return self._function.arn

    @property
    def memory_limit_in_mb(self) -> str:
        return str(self._function.memory)

    @property
    def log_group_name(self) -> str:
        return f"/aws/lambda/{self._function.name}"

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._deadline - time.monotonic()) * 1000))


class NoSuchFunction(LookupError):
    """No function of this name is deployed."""


# Batches of one queue that are worked on side by side. These workers only compute and write: in one process, more of
# them at once do no more, and callers of the API wait for them.
AT_ONCE = {"ProcessDeliveryFunction": 2}


class FunctionHost:
    """All functions by logical id and by deployed name. Handlers are imported when they are first called."""

    def __init__(
        self,
        functions: Mapping[str, Function],
        code: Mapping[str, tuple[str, str]],
        faults: Faults | None = None,
    ) -> None:
        self._faults = faults
        self._turns = {logical_id: threading.Semaphore(count) for logical_id, count in AT_ONCE.items()}
        self._by_name = {function.name: function for function in functions.values()}
        self._functions = dict(functions)
        self._code = code
        self._handlers: dict[str, Handler] = {}
        self._importing = threading.Lock()

    def invoke(self, logical_id: str, event: Any, request_id: str | None = None) -> Any:
        """Calls a function and gives what it answered; raises what it raised."""
        handler = self._handlers.get(logical_id) or self._load(logical_id)
        context = LambdaContext(self._functions[logical_id], request_id or str(uuid.uuid4()))
        if self._faults is not None:
            return self._faults.invoke(logical_id, event, lambda given: handler(given, context))
        return handler(event, context)

    def invoke_by_name(self, name: str, event: Any, request_id: str) -> Any:
        """Calls a function by its deployed name, as the emulator's event sources do.

        The answer goes through JSON as it would between services: what JSON cannot say is the function's error.
        """
        function = self._by_name.get(name)
        if function is None:
            raise NoSuchFunction(name)
        with self._turns.get(function.logical_id, contextlib.nullcontext()):
            return json.loads(json.dumps(self.invoke(function.logical_id, event, request_id)))

    def _load(self, logical_id: str) -> Handler:
        if logical_id not in self._code:
            raise NoSuchFunction(logical_id)
        module, name = self._code[logical_id]
        with self._importing:
            handler: Handler = getattr(importlib.import_module(module), name)
        self._handlers[logical_id] = handler
        return handler
