"""What scores are made by."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from leadflow.core.schema import JsonObject, Read, Timestamp, Write
from leadflow.leads.enums import RescoringStatus, SignalType
from leadflow.leads.schema.fields import Impact, Label


class SignalCap(Write):
    """At most so many `points`, either way, from the signals of a type within one window; beyond, all share them.

    Windows follow each other without gaps, in UTC. Of leads that are one, each part has its own.
    """

    points: Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)]
    window_hours: Annotated[int, Field(ge=1, le=744)]


class SignalScoring(Write):
    """How signals of a type count. `impact` is for those that come without one, from now on."""

    impact: Impact
    half_life_days: Annotated[int, Field(ge=1, le=3650)] = 30
    cap: SignalCap | None = None


class FitRule(Write):
    """Points for leads for which a condition over `lead.*` and `enrichment.*` holds."""

    name: Label
    condition: Annotated[JsonObject, Field(alias="if")]
    points: Impact


class ScoringWrite(Write):
    """What scores are made by from now on; a type that is left out counts as it does when nothing is settled."""

    signals: dict[SignalType, SignalScoring] = Field(default_factory=dict)
    fit_rules: Annotated[list[FitRule], Field(max_length=50)] = Field(default_factory=list)


class SignalCapShown(Read):
    """The most that signals of a type count within a window."""

    points: float
    window_hours: int


class SignalScoringShown(Read):
    """How signals of a type count."""

    impact: float
    half_life_days: int
    cap: SignalCapShown | None


class FitRuleShown(Read):
    """Points for leads for which the condition holds."""

    name: str
    condition: Annotated[JsonObject, Field(alias="if")]
    points: float


class Scoring(Read):
    """What scores are made by. `revision` counts the changes, 0 before the first.

    While `rescoring` is `running`, leads are being scored again by it; `rescored` says how many were.
    """

    revision: int
    signals: dict[SignalType, SignalScoringShown]
    fit_rules: list[FitRuleShown]
    rescoring: RescoringStatus
    rescored: int
    created_at: Timestamp | None
    updated_at: Timestamp | None
