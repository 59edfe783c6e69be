"""What checks the values of a schema is made on first use, by one thread."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema

from leadflow.core.schema import Write, checked

THREADS = 3


class Meeting:
    """Counts who makes the checks of a field, and keeps each long enough for the others to come too."""

    def __init__(self) -> None:
        self.came = 0
        self._another = threading.Event()

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        self.came += 1
        if self.came > 1:
            self._another.set()
        self._another.wait(0.2)
        return handler(source)


MEETING = Meeting()


class Body(Write):
    name: Annotated[str, MEETING]


def test_threads_that_want_a_schema_first_do_not_make_its_checks_at_once() -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        given = list(pool.map(lambda _: checked(Body, '{"name": "Ada"}').name, range(THREADS)))

    assert given == ["Ada"] * THREADS
    assert MEETING.came == 1
