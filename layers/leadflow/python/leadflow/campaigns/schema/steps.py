"""What callers send and get about the steps of a campaign."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, JsonValue, model_validator

from leadflow.campaigns.schema.campaigns import EditEffect, RecordId
from leadflow.core.schema import JsonObject, Read, Timestamp, Write, left_alone

MAX_STEP_NUMBER = 1_000
# A year.
MAX_DELAY_HOURS = 8_784
MAX_VARIANTS = 10


class Variant(Write):
    """One template of a step that is tried against others; who gets which follows from the lead, by weight."""

    template_id: RecordId
    weight: Annotated[int, Field(ge=1, le=1_000)] = 1


def _different(variants: list[Variant]) -> list[Variant]:
    if len(variants) == 1:
        raise ValueError("must be two or more, or none")
    if len({one.template_id for one in variants}) != len(variants):
        raise ValueError("must name each template once")
    return variants


StepNumber = Annotated[int, Field(ge=1, le=MAX_STEP_NUMBER)]
DelayHours = Annotated[int, Field(ge=0, le=MAX_DELAY_HOURS)]
Variants = Annotated[list[Variant], Field(max_length=MAX_VARIANTS), AfterValidator(_different)]


class EmailSequenceStepCreate(Write):
    """A new step. Steps go by `step_number`, each `delay_hours` after the one before it, the first after the launch.

    `condition` may ask for the lead and for `steps.<n>.opened|clicked|replied|status` of earlier steps; a lead it does
    not hold for skips this step and goes on with the next. With `variants` each lead gets one of their templates, and
    `template_id` may be left out: it is that of the first.
    """

    step_number: StepNumber
    delay_hours: DelayHours = 0
    template_id: RecordId | None = None
    condition: JsonObject | None = None
    variants: Variants = Field(default_factory=list)

    @model_validator(mode="after")
    def _has_a_template(self) -> EmailSequenceStepCreate:
        if self.template_id is None and not self.variants:
            raise ValueError("give template_id or variants")
        return self


class EmailSequenceStepUpdate(Write):
    """A change of a step: fields left out stay. Neither its number nor its template can be emptied."""

    step_number: StepNumber = Field(default_factory=left_alone)
    delay_hours: DelayHours = Field(default_factory=left_alone)
    template_id: RecordId = Field(default_factory=left_alone)
    condition: JsonObject | None = None
    variants: Variants = Field(default_factory=left_alone)


class EmailSequenceStep(Read):
    """A step of a campaign. `begun_at` is when its first mails went out: from then on it stays as it is."""

    id: str
    campaign_id: str
    template_id: str
    step_number: int
    delay_hours: int
    condition: dict[str, JsonValue] | None
    variants: list[dict[str, JsonValue]]
    begun_at: Timestamp | None
    created_at: Timestamp
    updated_at: Timestamp


class EmailSequenceStepEdit(EmailSequenceStep):
    """A step after a change, or as it would be after it, and what the change does to mails still to come."""

    effects: list[EditEffect]
