"""What callers send and get about templates and mails."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, JsonValue, model_validator

from leadflow.campaigns.enums import EmailOutcome, EmailStatus, TestOutcome
from leadflow.core.schema import Email, JsonObject, Read, Text, Timestamp, Write, left_alone


def _null_when_empty(value: str | None) -> str | None:
    return value or None


def _each_once(names: list[str]) -> list[str]:
    if len(set(names)) != len(names):
        raise ValueError("must name each variable once")
    return names


Name = Annotated[Text, Field(min_length=1, max_length=200)]
Subject = Annotated[Text, Field(min_length=1, max_length=500)]
Body = Annotated[Text, Field(min_length=1)]
Category = Annotated[Annotated[Text, Field(max_length=100)] | None, AfterValidator(_null_when_empty)]
VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$", max_length=100)]
Variables = Annotated[list[VariableName], Field(max_length=100), AfterValidator(_each_once)]


class EmailTemplateCreate(Write):
    """A new template. Subject and body take `{{ name | default: "there" }}`; the body is HTML.

    `variables` declares the bare names that subject and body use: fields and custom keys of the lead. `lead.*`,
    `custom.*`, `unsubscribe_url`, `view_url`, `visit_token` and `postal_address` need no declaration.
    """

    name: Name
    subject: Subject
    body: Body
    variables: Variables = Field(default_factory=list)
    category: Category = None
    is_ai_generated: bool = False
    ab_test_variant: Category = None


class EmailTemplateUpdate(Write):
    """A change of a template: fields left out stay, null empties those that may be empty."""

    name: Name = Field(default_factory=left_alone)
    subject: Subject = Field(default_factory=left_alone)
    body: Body = Field(default_factory=left_alone)
    variables: Variables = Field(default_factory=left_alone)
    category: Category = None
    is_ai_generated: bool = Field(default_factory=left_alone)
    ab_test_variant: Category = None


class PreviewRequest(Write):
    """Whose values the preview shows: a lead's, or made-up ones by name."""

    lead_id: Annotated[Text, Field(min_length=1, max_length=64)] | None = None
    variables: JsonObject | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> PreviewRequest:
        if (self.lead_id is None) == (self.variables is None):
            raise ValueError("give either lead_id or variables")
        return self


class TestSendRequest(Write):
    """Who gets the test, and whose values it shows; without a lead only the address is known."""

    to: Email
    lead_id: Annotated[Text, Field(min_length=1, max_length=64)] | None = None


class TestSend(Read):
    """What came of a test. `missing` names the variables that had no value and no default."""

    outcome: TestOutcome
    missing: list[str]


class EmailTemplate(Read):
    """A template. `performance_score` is null until its mails have been acted on."""

    id: str
    name: str
    subject: str
    body: str
    variables: list[str]
    category: str | None
    is_ai_generated: bool
    ab_test_variant: str | None
    performance_score: float | None
    created_at: Timestamp
    updated_at: Timestamp


class TemplatePreview(Read):
    """A template with values in place. `missing` names the variables that had none and no default."""

    subject: str
    html: str
    text: str
    missing: list[str]


class EmailSent(Read):
    """A mail to one lead, as it was sent but without our tracking in `body`.

    `outcome` says what came of the send; `unknown` is when the provider never said. Counts and `opened_at`,
    `clicked_at` are of people; what machines and scanners did is counted apart.
    """

    id: str
    campaign_id: str | None
    lead_id: str
    template_id: str | None
    step_number: int | None
    execution_id: str | None
    recipient_email: str
    subject: str
    body: str
    status: EmailStatus
    outcome: EmailOutcome
    attempt: int
    sent_at: Timestamp | None
    delivered_at: Timestamp | None
    opened_at: Timestamp | None
    clicked_at: Timestamp | None
    unsubscribed_at: Timestamp | None
    replied_at: Timestamp | None
    open_count: int
    click_count: int
    machine_open_count: int
    machine_click_count: int
    tracking_id: str
    provider_message_id: str | None
    skip_reason: str | None
    error_message: str | None
    metadata: dict[str, JsonValue] | None
    created_at: Timestamp
