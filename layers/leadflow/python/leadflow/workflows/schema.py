"""What callers of the workflow routes send and get."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, field_validator, model_validator

from leadflow.core.schema import JsonObject, Moment, OutboundUrl, Read, Text, Timestamp, Write
from leadflow.leads.enums import Source as LeadSource
from leadflow.leads.schema import LeadUpdate
from leadflow.workflows.enums import (
    ActionType,
    ExecutionStatus,
    LeadEvent,
    LogStatus,
    TriggerType,
    WorkflowStatus,
)

Name = Annotated[Text, Field(min_length=1, max_length=200)]
Description = Annotated[Text, Field(max_length=1000)]
Category = Annotated[Text, Field(min_length=1, max_length=100)]
ObjectId = Annotated[Text, Field(min_length=1, max_length=64)]
Order = Annotated[int, Field(ge=0, le=1_000_000)]
# Of one workflow for one lead on a UTC day; what begins loops is stopped there.
RunsPerDay = Annotated[int, Field(ge=1, le=10_000)]


class WorkflowCreate(Write):
    """A new workflow; it starts as a draft without triggers and actions."""

    name: Name
    description: Description | None = None
    is_template: bool = False
    template_category: Category | None = None
    max_runs_per_lead_per_day: RunsPerDay = 50


class WorkflowUpdate(Write):
    """Fields that are given change; null clears the optional ones. The status changes by activate, pause and archive.

    `max_runs_per_lead_per_day` holds from the next activation on.
    """

    name: Name | None = None
    description: Description | None = None
    is_template: bool | None = None
    template_category: Category | None = None
    max_runs_per_lead_per_day: RunsPerDay | None = None


class WorkflowClone(Write):
    """How the copy differs from what it is a copy of; without a name it is `Copy of …`, cut to 200 characters."""

    name: Name | None = None


class Activation(Write):
    """What becomes of runs under way: `pin` keeps them on their version, `follow` lets them go on with the new one."""

    running: Literal["pin", "follow"] = "pin"


class WorkflowTriggerCreate(Write):
    """What starts a run; `trigger_config` is checked by `trigger_type`."""

    trigger_type: TriggerType
    trigger_config: JsonObject = Field(default_factory=dict)
    is_active: bool = True


class WorkflowActionCreate(Write):
    """One step; `action_config` is checked by `action_type`, siblings run by `order`."""

    action_type: ActionType
    action_config: JsonObject = Field(default_factory=dict)
    order: Order = 0
    parent_action_id: ObjectId | None = None
    condition: JsonObject | None = None


class WorkflowTriggerUpdate(Write):
    """Fields that are given change; `trigger_config` is replaced whole. The type stays what it is.

    A webhook's `hmac_secret`, which is never shown, stays unless the new configuration holds one; null takes it away.
    """

    trigger_type: TriggerType | None = None
    trigger_config: JsonObject | None = None
    is_active: bool | None = None


class WorkflowActionUpdate(Write):
    """Fields that are given change; objects are replaced whole, null takes parent or condition away.

    The type stays what it is. What stands below an action moves with it.
    """

    action_type: ActionType | None = None
    action_config: JsonObject | None = None
    order: Order | None = None
    parent_action_id: ObjectId | None = None
    condition: JsonObject | None = None


class RunRequest(Write):
    """A manual run, for a lead or for none; `data` is what triggers would have brought."""

    lead_id: ObjectId | None = None
    data: JsonObject = Field(default_factory=dict)


class AgentWrite(Write):
    """A model at an OpenAI-compatible endpoint; `POST {base_url}/chat/completions` is what is called.

    Prices are in USD per million tokens; 0 means that the model costs nothing. `max_tokens` is the most an answer may
    have unless the action says less or more. `structured` tells an endpoint that knows `response_format` of type
    `json_schema` what the answer has to look like. Left out, `api_key` stays as it is; null takes it away. One that is
    kept goes to its own host alone: with a `base_url` at another host, `api_key` has to be given.
    """

    base_url: OutboundUrl
    model: Annotated[Text, Field(min_length=1, max_length=200)]
    api_key: Annotated[str, Field(min_length=1, max_length=1000, pattern=r"^[!-~]+$")] | None = None
    instructions: Annotated[Text, Field(max_length=10_000)] | None = None
    input_price: Annotated[float, Field(ge=0, le=100_000)]
    output_price: Annotated[float, Field(ge=0, le=100_000)]
    max_tokens: Annotated[int, Field(ge=1, le=100_000)] = 1000
    structured: bool = False
    is_active: bool = True

    @field_validator("base_url")
    @classmethod
    def _can_be_gone_on_from(cls, value: str) -> str:
        if "?" in value or "#" in value:
            raise ValueError("must end in a path, as /chat/completions follows it")
        return value


class Agent(Read):
    """An agent, as workflows call it by `name`; its key is never shown."""

    name: str
    base_url: str
    model: str
    api_key_set: bool
    instructions: str | None
    input_price: float
    output_price: float
    max_tokens: int
    structured: bool
    is_active: bool
    created_at: Timestamp
    updated_at: Timestamp


class Transcript(Read):
    """What an agent was asked and answered for one action of a run, all tries of it.

    `calls` has the tokens and the cost in USD of each call, `cost` is what all of them came to.
    """

    execution_id: str
    action_id: str
    agent: str
    outcome: str
    messages: list[dict[str, Any]]
    calls: list[dict[str, Any]]
    cost: float


class WebhookSecret(Read):
    """What the signatures of a workflow's webhooks are made with.

    Until `previous_until` they are made with the secret before as well; null when that is out of use.
    """

    workflow_id: str
    secret: str
    previous_until: Timestamp | None


class SecretRotation(Write):
    """For how many hours webhooks are signed with the present secret as well as with the new one, at most 30 days."""

    grace_hours: Annotated[int, Field(ge=0, le=720)] = 24


class RetryRequest(Write):
    """Which version a run goes on with: the one it had, or the one last published."""

    version: Literal["pinned", "latest"] = "pinned"


class MadeUpLead(LeadUpdate):
    """A lead that does not exist: what a lead's update takes, and what only we set."""

    source: LeadSource = "api"
    score: Annotated[int, Field(ge=0, le=100)] = 0


class SimulatedEvent(Write):
    """An event of the lead during a simulated run, so long after its beginning."""

    event: LeadEvent
    after_minutes: Annotated[float, Field(ge=0, le=527_040)] = 0
    data: JsonObject = Field(default_factory=dict)


class SimulatedOutcome(Write):
    """What comes of an action's first `times` attempts (of all, when not given): an error, or an output."""

    error: Literal["UpstreamRejected", "UpstreamUnavailable", "RateLimited", "OutcomeUnknown"] | None = None
    times: Annotated[int, Field(ge=1, le=10)] | None = None
    output: JsonObject = Field(default_factory=dict)


class SimulationRequest(Write):
    """A run that is thought through: for a lead, a made-up one or none, from `at` (now) on."""

    lead_id: ObjectId | None = None
    lead: MadeUpLead | None = None
    version: Literal["draft", "published"] = "draft"
    trigger_type: Literal[TriggerType, "manual"] = "manual"
    data: JsonObject = Field(default_factory=dict)
    at: Moment | None = None
    events: Annotated[list[SimulatedEvent], Field(max_length=100)] = Field(default_factory=list)
    outcomes: Annotated[dict[str, SimulatedOutcome], Field(max_length=100)] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_lead(self) -> SimulationRequest:
        if self.lead_id is not None and self.lead is not None:
            raise ValueError("takes lead_id or lead, not both")
        return self


class TraceEntry(Read):
    """One attempt of one action of a simulated run; `cost` is the most it may cost in USD.

    `would` says what it would do: the mail (`to`, `subject`, `body`), `update` of the lead, `task`, `request`, what it
    would `ask` an agent first, whom it would `enrich` the lead by at most; for other actions `config`, filled in.
    """

    action_id: str
    action_type: ActionType
    status: LogStatus
    reason: str | None
    at: Timestamp
    until: Timestamp
    attempt: int
    branch: Literal["yes", "no"] | None
    output: dict[str, Any] | None
    error_message: str | None
    would: dict[str, Any] | None
    cost: float


class Simulation(Read):
    """A run as it would be: what it would do in order, how long it would take in virtual time, what it would cost."""

    workflow_id: str
    version: int | None
    status: Literal["completed", "failed"]
    error_message: str | None
    started_at: Timestamp
    completed_at: Timestamp
    duration_seconds: float
    cost: float
    trace: list[TraceEntry]


class WorkflowTrigger(Read):
    """One trigger of a workflow; `url` is where a `webhook` is posted to.

    A webhook's `hmac_secret` is never shown; `hmac_secret_set` says whether there is one.
    """

    id: str
    workflow_id: str
    trigger_type: TriggerType
    trigger_config: dict[str, JsonValue]
    is_active: bool
    url: str | None
    created_at: Timestamp
    updated_at: Timestamp


class WorkflowAction(Read):
    """One action of a workflow."""

    id: str
    workflow_id: str
    action_type: ActionType
    action_config: dict[str, JsonValue]
    order: int
    parent_action_id: str | None
    condition: dict[str, JsonValue] | None
    created_at: Timestamp
    updated_at: Timestamp


class Workflow(Read):
    """A workflow; `version` is the one last published, 0 before the first activation."""

    id: str
    name: str
    description: str | None
    status: WorkflowStatus
    is_template: bool
    template_category: str | None
    created_by: str | None
    execution_count: int
    success_count: int
    failure_count: int
    last_executed_at: Timestamp | None
    version: int
    max_runs_per_lead_per_day: int
    created_at: Timestamp
    updated_at: Timestamp


class WorkflowDetail(Workflow):
    """A workflow with its triggers and its actions as they are being edited, children after their parents."""

    triggers: list[WorkflowTrigger]
    actions: list[WorkflowAction]


class WorkflowExecution(Read):
    """One run of one version of a workflow."""

    id: str
    workflow_id: str
    workflow_version: int
    trigger_type: str
    trigger_id: str | None
    trigger_data: dict[str, Any]
    lead_id: str | None
    status: ExecutionStatus
    started_at: Timestamp
    completed_at: Timestamp | None
    error_message: str | None
    created_at: Timestamp


class HookReceipt(Read):
    """What was made of a delivery: its run; null where filters were against one, or the lead had its only one."""

    execution_id: str | None


class WorkflowExecutionLog(Read):
    """One attempt of one action of a run; `duration_ms` is null until it has ended."""

    id: str
    execution_id: str
    workflow_version: int
    action_id: str
    action_type: ActionType
    status: LogStatus
    attempt: int
    visit: int
    reason: str | None
    input_data: dict[str, Any] | None
    output_data: dict[str, Any] | None
    error_message: str | None
    duration_ms: float | None
    created_at: Timestamp
