"""Erasures."""

from __future__ import annotations

from leadflow.core.schema import Read, Timestamp
from leadflow.leads.enums import ErasureStatus


class Erasure(Read):
    """That a person is erased, and how far that is. `deleted` counts what was removed, by wing; after a crash less."""

    id: str
    lead_id: str
    status: ErasureStatus
    deleted: dict[str, int]
    created_at: Timestamp
    updated_at: Timestamp
    completed_at: Timestamp | None
