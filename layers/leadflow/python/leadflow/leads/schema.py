"""What callers send and get about leads and their signals."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, JsonValue

from leadflow.core.schema import Email, HttpUrl, JsonObject, Line, Lines, Phone, Read, Text, Timestamp, TimeZone, Write
from leadflow.leads.enums import (
    MAX_LABELS,
    Budget,
    ConsentChannel,
    ErasureStatus,
    SignalType,
    Source,
    Status,
    Timeline,
    TimelineKind,
    Verdict,
)


def _moment(value: str) -> str:
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError
        return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError) as error:
        raise ValueError("must be an RFC 3339 time with Z or an offset") from error


def _null_when_empty(value: str | None) -> str | None:
    return value or None


def _without_repeats(values: list[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _to_six_decimals(value: float) -> float:
    return round(value, 6)


Name = Annotated[Line, Field(min_length=1, max_length=100)]
Company = Annotated[Annotated[Line, Field(max_length=100)] | None, AfterValidator(_null_when_empty)]
Notes = Annotated[Annotated[Lines, Field(max_length=1000)] | None, AfterValidator(_null_when_empty)]
RecordId = Annotated[Text, Field(min_length=1, max_length=64)]
Label = Annotated[Line, Field(min_length=1, max_length=100)]
Labels = Annotated[list[Label], Field(max_length=MAX_LABELS), AfterValidator(_without_repeats)]
Moment = Annotated[str, AfterValidator(_moment), Field(json_schema_extra={"format": "date-time"})]
Impact = Annotated[float, Field(ge=-100, le=100, allow_inf_nan=False), AfterValidator(_to_six_decimals)]


def _left_alone() -> Any:
    """The value of a field that was not given, where null itself is refused."""
    return None


class ConsentWrite(Write):
    """Whether this person agreed to be reached by one channel; `at` is now when left out."""

    opted_in: bool
    at: Moment | None = None


class LeadCreate(Write):
    """A new lead. Email and phone may each belong to one lead only; repeated tags and interests are kept once."""

    email: Email
    name: Name
    company: Company = None
    phone: Phone | None = None
    status: Status = "new"
    source: Source = "api"
    budget: Budget | None = None
    timeline: Timeline | None = None
    interests: Labels = Field(default_factory=list)
    tags: Labels = Field(default_factory=list)
    notes: Notes = None
    custom: JsonObject = Field(default_factory=dict)
    timezone: TimeZone | None = None
    consent: dict[ConsentChannel, ConsentWrite] = Field(default_factory=dict)


class LeadUpdate(Write):
    """A change of a lead: fields left out stay, null empties those that may be empty.

    Lists and `custom` are replaced as a whole; of `consent` only the channels named here change, so that an opt-out
    cannot be lost by leaving it out.
    """

    email: Email = Field(default_factory=_left_alone)
    name: Name = Field(default_factory=_left_alone)
    company: Company = None
    phone: Phone | None = None
    status: Status = Field(default_factory=_left_alone)
    source: Source = Field(default_factory=_left_alone)
    budget: Budget | None = None
    timeline: Timeline | None = None
    interests: Labels = Field(default_factory=_left_alone)
    tags: Labels = Field(default_factory=_left_alone)
    notes: Notes = None
    custom: JsonObject = Field(default_factory=_left_alone)
    timezone: TimeZone | None = None
    consent: dict[ConsentChannel, ConsentWrite] = Field(default_factory=_left_alone)


class LeadMerge(Write):
    """Which lead becomes part of this one; with `dry_run` nothing is changed and the answer says what would be."""

    source_lead_id: RecordId
    dry_run: bool = False


class LeadUnmerge(Write):
    """Which merge is undone."""

    merge_id: RecordId


class IntentSignalCreate(Write):
    """Something a lead did. Without `score_impact` the type's own default counts; it is kept to six decimals."""

    signal_type: SignalType
    signal_data: JsonObject = Field(default_factory=dict)
    score_impact: Impact | None = None


class Consent(Read):
    """What is on file about one channel, and since when."""

    opted_in: bool
    at: Timestamp


class Lead(Read):
    """A lead. `score` (0 to 100) is the server's own: it follows from the lead's signals."""

    id: str
    name: str
    email: str | None
    company: str | None
    phone: str | None
    status: Status
    score: Annotated[int, Field(ge=0, le=100)]
    source: Source
    budget: Budget | None
    timeline: Timeline | None
    interests: list[str]
    tags: list[str]
    notes: str | None
    custom: JsonObject
    timezone: str | None
    consent: dict[ConsentChannel, Consent]
    qualified_at: Timestamp | None
    created_at: Timestamp
    updated_at: Timestamp


class MergeConflict(Read):
    """A field in which two leads do not agree: what is shown, and what is not. Parts of it as `custom.<key>`."""

    field: str
    kept: JsonValue
    other: JsonValue


class MergeResult(Read):
    """The lead as both together; `merge_id` undoes it and is null in a dry run."""

    merge_id: str | None
    lead: Lead
    conflicts: list[MergeConflict]


class UnmergeResult(Read):
    """The two leads that one has become again."""

    merge_id: str
    lead: Lead
    source_lead: Lead


class IntentSignal(Read):
    """Something a lead did and what it adds to the score while fresh."""

    id: str
    lead_id: str
    signal_type: SignalType
    signal_data: JsonObject
    score_impact: float
    created_at: Timestamp


def _origin(value: str) -> str:
    try:
        parts = urlsplit(value.lower())
        port = "" if parts.port is None or parts.port == _USUAL_PORTS.get(parts.scheme) else f":{parts.port}"
    except ValueError:
        raise ValueError("must be an origin, as https://example.com") from None
    bare = not (parts.path.strip("/") or parts.query or parts.fragment or parts.username is not None)
    if parts.scheme not in _USUAL_PORTS or not parts.hostname or not value.isascii() or not bare:
        raise ValueError("must be an origin, as https://example.com")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{port}"


def _cut(value: str | None) -> str | None:
    return (value or "")[:300] or None


_USUAL_PORTS = {"http": 80, "https": 443}
Origin = Annotated[Text, Field(min_length=1, max_length=300), AfterValidator(_origin)]


class FormWrite(Write):
    """What is settled about a form; what is left out is as if it was never settled.

    `allowed_origins` are the websites whose pages may post: null is any, an empty list none. `honeypot_field` names a
    field that people do not see: a post in which it is filled in is dropped, and answered as if it was not.
    """

    allowed_origins: Annotated[list[Origin], Field(max_length=50), AfterValidator(_without_repeats)] | None = None
    honeypot_field: Annotated[Text, Field(min_length=1, max_length=100)] | None = None


class FormFields(Write):
    """The fields of a posted form that a lead has too."""

    email: Email
    name: Name = Field(default_factory=_left_alone)
    company: Company = None
    phone: Phone | None = None
    budget: Budget | None = None
    timeline: Timeline | None = None
    interests: Labels = Field(default_factory=list)
    notes: Notes = None
    timezone: TimeZone | None = None


class VisitWrite(Write):
    """A page that somebody looks at. `token` is the one in the link of the mail they came by."""

    token: Annotated[Text, Field(min_length=1, max_length=200)]
    url: HttpUrl
    referrer: Annotated[Text, Field(max_length=8000)] | None = None
    title: Annotated[Annotated[Text, Field(max_length=8000)] | None, AfterValidator(_cut)] = None


class Form(Read):
    """What was settled about a form."""

    id: str
    allowed_origins: list[str] | None
    honeypot_field: str | None
    created_at: Timestamp
    updated_at: Timestamp


class Submission(Read):
    """That a form was taken in. The same words of the same person give the same `submission_id`."""

    status: str
    submission_id: str


class ScorePart(Read):
    """What one signal adds to the score: `impact` times `weight`, the share of it that is left after `age_seconds`."""

    signal_id: str
    signal_type: SignalType
    title: str
    impact: float
    at: Timestamp
    age_seconds: float
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
    half_life_days: int
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


class Erasure(Read):
    """That a person is erased, and how far that is. `deleted` counts what was removed, by wing; after a crash less."""

    id: str
    lead_id: str
    status: ErasureStatus
    deleted: dict[str, int]
    created_at: Timestamp
    updated_at: Timestamp
    completed_at: Timestamp | None
