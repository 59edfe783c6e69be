"""The end of a cold start: what Lambda does with a whole processor, before the first request has to wait for it."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from leadflow.core import aws

if TYPE_CHECKING:
    from pydantic import BaseModel


def door_is_made(body: type[BaseModel] | None = None) -> None:
    """What a decorator calls when its door is complete; does nothing where the garbage collector runs.

    It rests while Lambda imports a function (`leadflow/__init__.py`), and nowhere else. Then this makes the table's
    client, which nearly every request wants, and what checks a `body`; and it sets what has been loaded aside for good
    before the collector runs again, so that it never walks through it.
    """
    if gc.isenabled():
        return
    aws.client("dynamodb")
    if body is not None:
        body.model_rebuild()
    gc.freeze()
    gc.enable()
