"""The totals of a dashboard."""

from __future__ import annotations

from typing import Any

from leadflow.activities.enums import APPOINTMENT_STATUSES, TASK_STATUSES
from leadflow.campaigns.enums import CAMPAIGN_STATUSES, EMAIL_OUTCOMES, EMAIL_STATUSES
from leadflow.channels.enums import CONVERSATION_CHANNELS, CONVERSATION_STATUSES, DIRECTIONS, MESSAGE_STATUSES
from leadflow.core import totals
from leadflow.enrichment.enums import RUN_STATUSES
from leadflow.leads.enums import SOURCES, STATUSES
from leadflow.workflows.enums import EXECUTION_STATUSES, WORKFLOW_STATUSES

# By the name of a part: the kind of item it counts, and the words of each group. Every item has a status.
PARTS: dict[str, tuple[str, dict[str, tuple[str, ...]]]] = {
    "leads": ("Lead", {"status": STATUSES, "source": SOURCES}),
    "tasks": ("Task", {"status": TASK_STATUSES}),
    "appointments": ("Appointment", {"status": APPOINTMENT_STATUSES}),
    "emails": ("EmailSent", {"status": EMAIL_STATUSES, "outcome": EMAIL_OUTCOMES}),
    "conversations": ("Conversation", {"status": CONVERSATION_STATUSES, "channel": CONVERSATION_CHANNELS}),
    "messages": ("Message", {"status": MESSAGE_STATUSES, "direction": DIRECTIONS}),
    "enrichments": ("EnrichmentRun", {"status": RUN_STATUSES}),
    "workflows": ("Workflow", {"status": WORKFLOW_STATUSES}),
    "campaigns": ("EmailCampaign", {"status": CAMPAIGN_STATUSES}),
    "executions": ("WorkflowExecution", {"status": EXECUTION_STATUSES}),
}


def overview() -> dict[str, Any]:
    """Per part the total, and how many have each word, zero included; one query, whatever there is."""
    counted = totals.read("")
    return {part: _part(kind, groups, counted) for part, (kind, groups) in PARTS.items()}


def _part(kind: str, groups: dict[str, tuple[str, ...]], counted: dict[str, int]) -> dict[str, Any]:
    shown: dict[str, Any] = {
        f"by_{group}": {word: counted.get(f"{kind}#{group}#{word}", 0) for word in words}
        for group, words in groups.items()
    }
    return {"total": sum(shown["by_status"].values()), **shown}
