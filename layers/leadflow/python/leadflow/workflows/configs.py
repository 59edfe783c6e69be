"""The configurations of triggers and actions: one strict model per type. Pydantic only, like any schema."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field, JsonValue, ValidationError, ValidationInfo, field_validator, model_validator

from leadflow.core.schema import (
    JsonObject,
    JsonSchema,
    OutboundTemplate,
    Sender,
    Text,
    TimeOfDay,
    TimeOfDayOrMidnight,
    TimeZone,
    Write,
    built,
    known_zone,
    within_reach,
)
from leadflow.enrichment.enums import EnrichmentField, Source
from leadflow.leads.enums import Status as LeadStatus
from leadflow.workflows.enums import LeadEvent

ObjectId = Annotated[Text, Field(min_length=1, max_length=64)]
Words = Annotated[Text, Field(min_length=1, max_length=10_000)]
Condition = dict[str, JsonValue]
AgentName = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,64}$")]
# Keys of objects and indexes of lists, as in body.contacts.0.email.
BodyPath = Annotated[Text, Field(max_length=300, pattern=r"^body(\.[^.\s]{1,100}){1,16}$")]
MAX_WAIT_DAYS = 365
MAX_HEADERS = 30
# Headers that are ours to set, or the connection's own (RFC 9110, 7.6.1).
KEPT_HEADERS = {
    *("accept-encoding", "connection", "content-length", "expect", "host", "idempotency-key", "keep-alive", "te"),
    *("proxy-authenticate", "proxy-authorization", "proxy-connection", "trailer", "transfer-encoding", "upgrade"),
    *("x-leadflow-cause", "x-leadflow-signature"),
}
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_NOT_IN_HEADERS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class TriggerConfig(Write):
    """What every trigger takes: a condition, and whether a lead starts the workflow only once ever."""

    filters: Condition | None = None
    once_per_lead: bool = False


class StatusChangedConfig(TriggerConfig):
    from_: LeadStatus | None = Field(default=None, alias="from")
    to: LeadStatus | None = None

    @field_validator("to")
    @classmethod
    def _another(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and value == info.data.get("from_"):
            raise ValueError("must not be the status it changes from, which is no change")
        return value


class EmailEventConfig(TriggerConfig):
    campaign_id: ObjectId | None = None
    template_id: ObjectId | None = None
    link: Words | None = None
    include_machine: bool = False


class EmailWithoutLinkConfig(EmailEventConfig):
    """Of what happens to a mail, and to none of its links: with a link named it would never happen."""

    @field_validator("link")
    @classmethod
    def _none(cls, value: str | None) -> None:
        if value is not None:
            raise ValueError("goes with email_clicked only")


class FormConfig(TriggerConfig):
    form_id: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,64}$")] | None = None


class TimeConfig(TriggerConfig):
    schedule: Annotated[str, Field(pattern=r"^(rate|cron|at)\(.{1,250}\)$")]
    timezone: TimeZone = "UTC"
    audience: Condition | None = None


class WebhookTriggerConfig(TriggerConfig):
    """`match` says where in the body stands whom it is about; `hmac_secret` that posts are signed."""

    match: dict[Literal["lead_id", "email", "phone"], BodyPath] = Field(default_factory=dict)
    hmac_secret: Annotated[Words, Field(max_length=256)] | None = None


class ScoreConfig(TriggerConfig):
    """Scores are never below 0, so none rises to it."""

    gte: Annotated[int, Field(ge=1, le=100)]


class MessageConfig(TriggerConfig):
    channel: Literal["chat", "email", "whatsapp", "sms", "messenger", "instagram"] | None = None
    contains: Words | None = None


class WorkflowFailedConfig(TriggerConfig):
    workflow_id: ObjectId | None = None


TRIGGER_CONFIGS: dict[str, type[TriggerConfig]] = {
    "lead_created": TriggerConfig,
    "lead_status_changed": StatusChangedConfig,
    "email_opened": EmailWithoutLinkConfig,
    "email_clicked": EmailEventConfig,
    "email_bounced": EmailWithoutLinkConfig,
    "email_replied": EmailWithoutLinkConfig,
    "form_submitted": FormConfig,
    "appointment_scheduled": TriggerConfig,
    "time_based": TimeConfig,
    "webhook": WebhookTriggerConfig,
    "message_received": MessageConfig,
    "score_threshold": ScoreConfig,
    "workflow_failed": WorkflowFailedConfig,
}


class Retry(Write):
    """How often an action is tried in all, and how long the first pause is; later pauses double, at most an hour."""

    max_attempts: Annotated[int, Field(ge=1, le=10)] = 4
    backoff_seconds: Annotated[int, Field(ge=1, le=3600)] = 30


class ActionConfig(Write):
    """What every action takes: what a failure means for the run, and how it is tried again."""

    on_error: Literal["fail", "continue"] = "fail"
    retry: Retry = Field(default_factory=Retry)


class SendEmailConfig(ActionConfig):
    """`from` is a sender instead of the channel's: an address, or a name and `<address>`."""

    template_id: ObjectId
    from_: Sender | None = Field(default=None, alias="from")


class SendMessageConfig(ActionConfig):
    """What it says is `content`, or `template`: the provider's id of an approved one, with its `template_variables`.

    `channel_id` is the channel to use, the oldest active one of its type when left out.
    """

    channel: Literal["whatsapp", "sms", "messenger", "instagram"]
    content: Words | None = None
    template: Annotated[Text, Field(min_length=1, max_length=200)] | None = None
    template_variables: dict[Annotated[Text, Field(max_length=40)], Words] = Field(default_factory=dict, max_length=100)
    channel_id: ObjectId | None = None

    @model_validator(mode="after")
    def _says_something(self) -> SendMessageConfig:
        if (self.content is None) == (self.template is None):
            raise ValueError("needs exactly one of content and template")
        if self.template_variables and self.template is None:
            raise ValueError("template_variables go with a template")
        return self


class UpdateLeadConfig(ActionConfig):
    """`set` takes the fields of a lead's update; it is checked as one when the action is written."""

    set: JsonObject = Field(default_factory=dict)
    add_tags: list[Annotated[Text, Field(min_length=1, max_length=100)]] = Field(default_factory=list, max_length=50)
    remove_tags: list[Annotated[Text, Field(min_length=1, max_length=100)]] = Field(default_factory=list, max_length=50)

    @model_validator(mode="after")
    def _does_something(self) -> UpdateLeadConfig:
        if not (self.set or self.add_tags or self.remove_tags):
            raise ValueError("needs at least one of set, add_tags and remove_tags")
        return self


class CreateTaskConfig(ActionConfig):
    title: Words
    description: Words | None = None
    due_in_hours: Annotated[int, Field(ge=0, le=8760)] | None = None
    assigned_to: Words | None = None


class CallWebhookConfig(ActionConfig):
    """`timeout_seconds` bounds the whole call. Without `body` the ids of the run are sent, or nothing (GET, DELETE)."""

    url: OutboundTemplate
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    headers: dict[str, Words] = Field(default_factory=dict, max_length=MAX_HEADERS)
    body: JsonValue = None
    timeout_seconds: Annotated[int, Field(ge=1, le=20)] = 10

    @field_validator("headers")
    @classmethod
    def _can_be_sent(cls, value: dict[str, str]) -> dict[str, str]:
        seen: set[str] = set()
        for name, text in value.items():
            if not _HEADER_NAME.fullmatch(name):
                raise ValueError("has a name that no header can have")
            if name.lower() in KEPT_HEADERS:
                raise ValueError(f"{name} is not yours to set")
            if name.lower() in seen:
                raise ValueError(f"{name} is there twice")
            if _NOT_IN_HEADERS.search(text):
                raise ValueError(f"{name} must be one line")
            seen.add(name.lower())
        return value

    @model_validator(mode="after")
    def _get_has_no_body(self) -> CallWebhookConfig:
        if self.method == "GET" and self.body is not None:
            raise ValueError("a GET takes no body")
        return self


class RunAgentConfig(ActionConfig):
    """`agent` names one of `/agents`; `max_cost` in USD bounds what this action may cost in one run of the workflow."""

    agent: AgentName
    prompt: Words
    output_schema: JsonSchema | None = None
    max_tokens: Annotated[int, Field(ge=1, le=100_000)] | None = None
    max_cost: Annotated[float, Field(ge=0)] | None = None


Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def _zone_or_lead(value: str) -> str:
    return value if value == "lead" else known_zone(value)


class Window(Write):
    """Hours and weekdays, every day unless `days` says which; `timezone` is an IANA zone or the lead's (the default).

    `from` belongs to it and `to` does not; `to` may be 24:00. It does not go past midnight.
    """

    days: Annotated[list[Day], Field(min_length=1, max_length=7)] = Field(default_factory=lambda: list(get_args(Day)))
    from_: TimeOfDay = Field(alias="from")
    to: TimeOfDayOrMidnight
    timezone: Annotated[str, Field(max_length=64), AfterValidator(_zone_or_lead)] = "lead"

    @model_validator(mode="after")
    def _opens(self) -> Window:
        if self.from_ >= self.to:
            raise ValueError("from must be before to; a window ends at midnight at the latest")
        return self


class WaitConfig(ActionConfig):
    """Exactly one of a duration (its parts add up), `until` (RFC 3339 or a lead's date field) and `for_event`.

    `window` holds what is over back until the next moment in it. `for_event` waits for an event of the run's lead, at
    most `timeout_hours`; `event_config` says which events count, as the `trigger_config` of that type does.
    """

    minutes: Annotated[int, Field(ge=0)] | None = None
    hours: Annotated[int, Field(ge=0)] | None = None
    days: Annotated[int, Field(ge=0)] | None = None
    until: Words | None = None
    for_event: LeadEvent | None = None
    event_config: JsonObject | None = None
    timeout_hours: Annotated[int, Field(ge=1, le=MAX_WAIT_DAYS * 24)] | None = None
    window: Window | None = None

    @field_validator("until")
    @classmethod
    def _a_moment(cls, value: str | None) -> str | None:
        if value is None or value.startswith("lead."):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            raise ValueError("must be an RFC 3339 time with an offset, or a field like lead.custom.renewal_at")
        within_reach(moment)
        return value

    @property
    def total_minutes(self) -> int:
        return (self.minutes or 0) + 60 * (self.hours or 0) + 1440 * (self.days or 0)

    @model_validator(mode="after")
    def _one_way(self) -> WaitConfig:
        has_duration = any(part is not None for part in (self.minutes, self.hours, self.days))
        if sum((has_duration, self.until is not None, self.for_event is not None)) != 1:
            raise ValueError("needs exactly one of a duration (minutes, hours, days), until and for_event")
        if self.total_minutes > MAX_WAIT_DAYS * 1440:
            raise ValueError(f"waits at most {MAX_WAIT_DAYS} days")
        if self.for_event is not None and self.window is not None:
            raise ValueError("a window does not go with for_event; put a wait with minutes 0 and the window after it")
        if self.for_event is None and (self.timeout_hours is not None or self.event_config is not None):
            raise ValueError("timeout_hours and event_config go with for_event only")
        if self.for_event is not None:
            self._check_event(self.for_event)
        return self

    def _check_event(self, event: str) -> None:
        given = self.event_config or {}
        for name in ("filters", "once_per_lead"):
            if name in given:
                raise ValueError(f"event_config takes no {name}")
        try:
            built(TRIGGER_CONFIGS[event]).model_validate(given)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(["event_config", *(str(part) for part in first["loc"])])
            raise ValueError(f"{where}: {first['msg']}") from None


class ConditionConfig(ActionConfig):
    if_: Condition = Field(alias="if")


class EnrichLeadConfig(ActionConfig):
    """Which active sources (all), for which fields (all), for how much in USD (what budgets allow)."""

    sources: Annotated[list[Source], Field(min_length=1, max_length=10)] | None = None
    fields: Annotated[list[EnrichmentField], Field(min_length=1, max_length=50)] | None = None
    max_cost: Annotated[float, Field(ge=0)] | None = None


ACTION_CONFIGS: dict[str, type[ActionConfig]] = {
    "send_email": SendEmailConfig,
    "send_message": SendMessageConfig,
    "update_lead": UpdateLeadConfig,
    "create_task": CreateTaskConfig,
    "call_webhook": CallWebhookConfig,
    "run_ai_agent": RunAgentConfig,
    "wait": WaitConfig,
    "condition": ConditionConfig,
    "enrich_lead": EnrichLeadConfig,
}


class Branch(Write):
    """The side of a `condition` parent, or the error side of any parent, that an action stands on."""

    branch: Literal["yes", "no", "error"]
    if_: Condition | None = Field(default=None, alias="if")

    @field_validator("if_")
    @classmethod
    def _not_empty(cls, value: Condition | None) -> Condition | None:
        if value == {}:
            raise ValueError("must not be empty")
        return value
