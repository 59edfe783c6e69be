"""Leads, and merging them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, JsonValue

from leadflow.core.schema import Email, JsonObject, Phone, Read, Timestamp, TimeZone, Write
from leadflow.leads.enums import Budget, ConsentChannel, Source, Status, Timeline
from leadflow.leads.schema.fields import Company, Labels, Moment, Name, Notes, RecordId, left_alone


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

    email: Email = Field(default_factory=left_alone)
    name: Name = Field(default_factory=left_alone)
    company: Company = None
    phone: Phone | None = None
    status: Status = Field(default_factory=left_alone)
    source: Source = Field(default_factory=left_alone)
    budget: Budget | None = None
    timeline: Timeline | None = None
    interests: Labels = Field(default_factory=left_alone)
    tags: Labels = Field(default_factory=left_alone)
    notes: Notes = None
    custom: JsonObject = Field(default_factory=left_alone)
    timezone: TimeZone | None = None
    consent: dict[ConsentChannel, ConsentWrite] = Field(default_factory=left_alone)


class LeadMerge(Write):
    """Which lead becomes part of this one; with `dry_run` nothing is changed and the answer says what would be."""

    source_lead_id: RecordId
    dry_run: bool = False


class LeadUnmerge(Write):
    """Which merge is undone."""

    merge_id: RecordId


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
