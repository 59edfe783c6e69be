"""What callers send and get about leads and their signals."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from leadflow.core.schema import Email, HttpUrl, JsonObject, Phone, Read, Text, Timestamp, TimeZone, Write
from leadflow.leads.enums import (
    MAX_LABELS,
    Budget,
    ConsentChannel,
    ErasureStatus,
    ExportStatus,
    FileFormat,
    ImportStatus,
    OnDuplicate,
    SignalType,
    Source,
    Status,
    Timeline,
    TimelineKind,
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


Name = Annotated[Text, Field(min_length=1, max_length=100)]
Company = Annotated[Annotated[Text, Field(max_length=100)] | None, AfterValidator(_null_when_empty)]
Notes = Annotated[Annotated[Text, Field(max_length=1000)] | None, AfterValidator(_null_when_empty)]
Label = Annotated[Text, Field(min_length=1, max_length=100)]
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


class ImportRowError(Read):
    """Why a row was not imported. Rows are counted from 1, without the header and blank lines."""

    row: int
    field: str
    message: str


class Import(Read):
    """An import and what became of its rows so far; of what was tried with `dry_run`, what would become of them.

    `progress` goes from 0 to 1. `errors` are the first 1,000 in the order of rows, or those after the row asked for;
    `more_errors` says that there are others. `error_message` is why an import as a whole failed.
    """

    id: str
    status: ImportStatus
    format: FileFormat
    on_duplicate: OnDuplicate
    dry_run: bool
    fire_triggers: bool
    default_region: str | None
    progress: Annotated[float, Field(ge=0, le=1)]
    total: int
    created: int
    updated: int
    skipped: int
    failed: int
    errors: list[ImportRowError]
    more_errors: bool
    error_message: str | None
    created_at: Timestamp
    updated_at: Timestamp
    completed_at: Timestamp | None


class NewImport(Import):
    """An import that waits for its file: PUT it to `upload_url` within an hour."""

    upload_url: str


class Export(Read):
    """An export in the making or made. `url` is where the file is, for 15 minutes from this answer."""

    id: str
    status: ExportStatus
    rows: int
    url: str | None
    error_message: str | None
    created_at: Timestamp
    updated_at: Timestamp
    completed_at: Timestamp | None
