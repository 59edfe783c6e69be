"""The words of the workflow schema."""

from __future__ import annotations

from typing import Literal, get_args

WorkflowStatus = Literal["draft", "active", "paused", "archived"]
TriggerType = Literal[
    "lead_created",
    "lead_status_changed",
    "email_opened",
    "email_clicked",
    "form_submitted",
    "appointment_scheduled",
    "time_based",
    "webhook",
    "message_received",
    "score_threshold",
    "email_replied",
    "email_bounced",
    "workflow_failed",
]
# What a run can wait for: events of its lead.
LeadEvent = Literal[
    "lead_status_changed",
    "email_opened",
    "email_clicked",
    "email_bounced",
    "email_replied",
    "form_submitted",
    "appointment_scheduled",
    "message_received",
    "score_threshold",
]
ActionType = Literal[
    "send_email",
    "send_message",
    "update_lead",
    "create_task",
    "call_webhook",
    "run_ai_agent",
    "wait",
    "condition",
    "enrich_lead",
]
ExecutionStatus = Literal["running", "completed", "failed", "cancelled"]
LogStatus = Literal["pending", "running", "completed", "failed", "skipped"]

WORKFLOW_STATUSES: tuple[str, ...] = get_args(WorkflowStatus)
WAITABLE_EVENTS: frozenset[str] = frozenset(get_args(LeadEvent))
EXECUTION_STATUSES: tuple[str, ...] = get_args(ExecutionStatus)
