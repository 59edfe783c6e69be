"""Why a score or an effect is what it is, and what happened."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from leadflow.core.schema import JsonObject, Read, Timestamp
from leadflow.leads.enums import SignalType, TimelineKind, Verdict


class ScorePart(Read):
    """What one signal or fit rule (`source` is the type of signal, or `fit`) adds to the score.

    Of a signal `points` are `impact` times `weight`: what is left of it after `age_seconds`, and the `share` of itself
    that it counts where others of its type and it come to more than their cap. A fit rule does not age.
    """

    source: str
    signal_id: str | None
    signal_type: SignalType | None
    title: str
    impact: float
    at: Timestamp | None
    age_seconds: float | None
    half_life_days: int | None
    share: Annotated[float, Field(ge=0, le=1)]
    weight: Annotated[float, Field(ge=0)]
    points: float


class LeadScore(Read):
    """Why a score is what it is. As decimals, all `points` and `rest` add up to `total` exactly.

    `as_of` is the last signal that changed it, null before the first; ages are counted until then. `rest` is what
    signals that are not listed left. `rounded` is `total` half up, and `score` is that within 0 to 100.
    """

    lead_id: str
    score: Annotated[int, Field(ge=0, le=100)]
    as_of: Timestamp | None
    parts: list[ScorePart]
    rest: float
    has_older_signals: bool
    total: float
    rounded: int
    is_clamped: bool


class GateVerdict(Read):
    """One thing that must hold, and whether it does. `code` is a word, `detail` a sentence with nothing personal.

    `at` is the time it is about, `about` the id of the trigger, action or run. Any of the `parts` is enough.
    """

    gate: str
    verdict: Verdict
    code: str
    detail: str
    at: Timestamp | None
    about: str | None
    parts: list[GateVerdict]


class LeadExplanation(Read):
    """Why a lead does or does not get something. `gates` stand in the order in which they are asked.

    `primary_reason` is the code of the one that decides: the first that fails, else the first that is not open yet,
    else `run_completed` or `nothing_holds_it_back`; `detail` says it in a sentence. `next_planned_at` is when the run
    goes on, `next_mail_at` when its next mail goes out at the earliest, both null when nothing is planned.
    """

    lead_id: str
    campaign_id: str | None
    workflow_id: str | None
    execution_id: str | None
    as_of: Timestamp
    primary_reason: str
    primary_gate: str
    detail: str
    gates: list[GateVerdict]
    next_planned_at: Timestamp | None
    next_mail_at: Timestamp | None


class TimelineItem(Read):
    """Something that happened to a lead, or that the lead did. `data` is the record that its own list shows."""

    at: Timestamp
    id: str
    kind: TimelineKind
    title: str
    data: JsonObject
