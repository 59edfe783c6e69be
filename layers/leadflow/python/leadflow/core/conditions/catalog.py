"""Which fields a condition may name in which place, and the type of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

MAX_PATH_LENGTH = 500
MAX_PATH_SEGMENTS = 20


class FieldType(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    MOMENT = "moment"
    TEXTS = "list of texts"
    ENUM = "enum"
    DYNAMIC = "dynamic"


@dataclass(frozen=True, slots=True)
class Field:
    """A field's type and, for an enum, the values it can have."""

    type: FieldType
    values: tuple[str, ...] = ()


def _enum(values: str) -> Field:
    return Field(FieldType.ENUM, tuple(values.split()))


_DYNAMIC = Field(FieldType.DYNAMIC)

LEAD_FIELDS: Mapping[str, Field] = MappingProxyType(
    {
        "name": Field(FieldType.TEXT),
        "email": Field(FieldType.TEXT),
        "company": Field(FieldType.TEXT),
        "phone": Field(FieldType.TEXT),
        "status": _enum("new contacted qualified proposal closed_won closed_lost"),
        "score": Field(FieldType.NUMBER),
        "source": _enum("website chat referral ads email whatsapp sms messenger instagram import api"),
        "budget": _enum("under_5k 5k_25k 25k_100k 100k_500k 500k_plus"),
        "timeline": _enum("immediate 1_3_months 3_6_months 6_12_months 12_plus_months"),
        "interests": Field(FieldType.TEXTS),
        "tags": Field(FieldType.TEXTS),
        "notes": Field(FieldType.TEXT),
        "timezone": Field(FieldType.TEXT),
        "created_at": Field(FieldType.MOMENT),
        "updated_at": Field(FieldType.MOMENT),
        "qualified_at": Field(FieldType.MOMENT),
    }
)

# What sources of data tell about a lead.
ENRICHMENT_FIELDS: Mapping[str, Field] = MappingProxyType(
    {
        "company_name": Field(FieldType.TEXT),
        "company_size": Field(FieldType.TEXT),
        "company_industry": Field(FieldType.TEXT),
        "company_website": Field(FieldType.TEXT),
        "company_linkedin_url": Field(FieldType.TEXT),
        "company_funding": Field(FieldType.TEXT),
        "job_title": Field(FieldType.TEXT),
        "linkedin_url": Field(FieldType.TEXT),
        "twitter_url": Field(FieldType.TEXT),
        "github_url": Field(FieldType.TEXT),
        "tech_stack": Field(FieldType.TEXTS),
        "skills": Field(FieldType.TEXTS),
    }
)

STEP_FIELDS: Mapping[str, Field] = MappingProxyType(
    {
        "opened": Field(FieldType.BOOLEAN),
        "clicked": Field(FieldType.BOOLEAN),
        "replied": Field(FieldType.BOOLEAN),
        "status": _enum("queued sent delivered opened clicked bounced failed"),
    }
)

_SHAPES = {
    "lead": "lead.<field> or lead.custom.<key>",
    "trigger": "trigger.<path>",
    "actions": "actions.<action_id>.output.<path>",
    "enrichment": "enrichment.<field>",
    "steps": "steps.<n>.opened|clicked|replied|status",
}


@dataclass(frozen=True, slots=True)
class FieldCatalog:
    """The fields that are legal in one place.

    `roots` are among lead, enrichment, trigger, actions and steps. `action_ids`, where given, are the only actions that
    may be named; `first_steps`, where given, allows only steps 1 to that number (0: none).
    """

    roots: frozenset[str]
    action_ids: frozenset[str] | None = None
    first_steps: int | None = None

    def find(self, path: str) -> Field | None:
        """The field of that name, or None when this place has no such field."""
        segments = path.split(".")
        if len(path) > MAX_PATH_LENGTH or len(segments) > MAX_PATH_SEGMENTS or not all(segments):
            return None
        root, rest = segments[0], segments[1:]
        if root not in self.roots or not rest:
            return None
        if root == "lead":
            return _lead_field(rest)
        if root == "enrichment":
            return ENRICHMENT_FIELDS.get(rest[0]) if len(rest) == 1 else None
        if root == "actions":
            return self._action_field(rest)
        if root == "steps":
            return self._step_field(rest)
        return _DYNAMIC

    def shapes(self) -> str:
        """What may be named here, for an error text."""
        return ", ".join(shape for root, shape in _SHAPES.items() if root in self.roots)

    def _action_field(self, rest: list[str]) -> Field | None:
        if len(rest) < 3 or rest[1] != "output":
            return None
        return _DYNAMIC if self.action_ids is None or rest[0] in self.action_ids else None

    def _step_field(self, rest: list[str]) -> Field | None:
        if len(rest) != 2 or not _is_step_number(rest[0]):
            return None
        if self.first_steps is not None and int(rest[0]) > self.first_steps:
            return None
        return STEP_FIELDS.get(rest[1])


def _lead_field(rest: list[str]) -> Field | None:
    if rest[0] == "custom":
        return _DYNAMIC if len(rest) > 1 else None
    return LEAD_FIELDS.get(rest[0]) if len(rest) == 1 else None


def _is_step_number(text: str) -> bool:
    """1 and up, written the one way the facts write it."""
    return text.isascii() and text.isdigit() and not text.startswith("0") and len(text) <= 4


FIT = FieldCatalog(frozenset({"lead", "enrichment"}))
AUDIENCE = FieldCatalog(frozenset({"lead"}))
TRIGGER_FILTER = FieldCatalog(frozenset({"lead", "trigger"}))
ACTION = FieldCatalog(frozenset({"lead", "trigger", "actions"}))
SEQUENCE_STEP = FieldCatalog(frozenset({"lead", "steps"}))
