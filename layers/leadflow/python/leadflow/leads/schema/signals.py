"""Signals."""

from __future__ import annotations

from pydantic import Field

from leadflow.core.schema import JsonObject, Read, Timestamp, Write
from leadflow.leads.enums import SignalType
from leadflow.leads.schema.fields import Impact


class IntentSignalCreate(Write):
    """Something a lead did. Without `score_impact` the type's own default counts; it is kept to six decimals."""

    signal_type: SignalType
    signal_data: JsonObject = Field(default_factory=dict)
    score_impact: Impact | None = None


class IntentSignal(Read):
    """Something a lead did and what it adds to the score while fresh."""

    id: str
    lead_id: str
    signal_type: SignalType
    signal_data: JsonObject
    score_impact: float
    created_at: Timestamp
