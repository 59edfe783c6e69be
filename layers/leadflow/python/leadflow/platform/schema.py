"""API keys and the state of the service, as callers send and get them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from leadflow.activities.enums import AppointmentStatus, TaskStatus
from leadflow.campaigns.enums import CampaignStatus, EmailOutcome, EmailStatus
from leadflow.channels.enums import ConversationChannel, ConversationStatus, Direction, MessageStatus
from leadflow.core.schema import Read, Text, Timestamp, Write
from leadflow.enrichment.enums import RunStatus
from leadflow.leads.enums import Source
from leadflow.leads.enums import Status as LeadStatus
from leadflow.platform.enums import SCOPES, Scope
from leadflow.workflows.enums import ExecutionStatus, WorkflowStatus


def _each_once(scopes: list[Scope]) -> list[Scope]:
    if len(set(scopes)) != len(scopes):
        raise ValueError("must name each scope once")
    return scopes


class ApiKeyCreate(Write):
    """A new key. `admin` may do everything; otherwise a key may do what its scopes name."""

    name: Text = Field(min_length=1, max_length=100)
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(SCOPES)), AfterValidator(_each_once)]


class ApiKey(Read):
    """A key as lists show it: never the key itself. `prefix` is how it begins, to tell keys apart."""

    id: str
    name: str
    prefix: str
    scopes: list[Scope]
    created_at: Timestamp
    updated_at: Timestamp
    revoked_at: Timestamp | None


class NewApiKey(ApiKey):
    """A key right after it was made."""

    key: str = Field(description="The key itself, shown this once. A replayed answer leaves it out.")


class Health(Read):
    """The service is up and its table answers."""

    status: Literal["ok"]
    version: str
    stage: Literal["dev", "prod", "local"]


class LeadTotals(Read):
    """Leads that there are; erased ones are not."""

    total: int
    by_status: dict[LeadStatus, int]
    by_source: dict[Source, int]


class TaskTotals(Read):
    """Tasks that there are; those of erased people are not."""

    total: int
    by_status: dict[TaskStatus, int]


class AppointmentTotals(Read):
    """Appointments that there are; those of erased people are not."""

    total: int
    by_status: dict[AppointmentStatus, int]


class EmailTotals(Read):
    """Mails ever planned, those of erased people included."""

    total: int
    by_status: dict[EmailStatus, int]
    by_outcome: dict[EmailOutcome, int]


class ConversationTotals(Read):
    """Conversations that there are; those with erased people are not."""

    total: int
    by_status: dict[ConversationStatus, int]
    by_channel: dict[ConversationChannel, int]


class MessageTotals(Read):
    """Messages that there are, in and out; those with erased people are not."""

    total: int
    by_status: dict[MessageStatus, int]
    by_direction: dict[Direction, int]


class EnrichmentTotals(Read):
    """Runs of enrichment ever asked for, those for erased people included."""

    total: int
    by_status: dict[RunStatus, int]


class CampaignTotals(Read):
    """Campaigns that there are."""

    total: int
    by_status: dict[CampaignStatus, int]


class WorkflowTotals(Read):
    """Workflows that there are."""

    total: int
    by_status: dict[WorkflowStatus, int]


class ExecutionTotals(Read):
    """Runs ever started, those for erased people included."""

    total: int
    by_status: dict[ExecutionStatus, int]


class Overview(Read):
    """Totals for a dashboard. A change is counted seconds after it was answered; every word is there, also at 0."""

    leads: LeadTotals
    tasks: TaskTotals
    appointments: AppointmentTotals
    emails: EmailTotals
    conversations: ConversationTotals
    messages: MessageTotals
    enrichments: EnrichmentTotals
    campaigns: CampaignTotals
    workflows: WorkflowTotals
    executions: ExecutionTotals
