"""What callers send and get about campaigns, templates and mails: a module each, loaded when a name is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leadflow.campaigns.schema.campaigns import (
        AutoPause,
        EditEffect,
        EmailCampaign,
        EmailCampaignCreate,
        EmailCampaignEdit,
        EmailCampaignUpdate,
        Exclusions,
        FrequencyCap,
        Goal,
        SendWindow,
        WarmUpDay,
    )
    from leadflow.campaigns.schema.mails import (
        EmailSent,
        EmailTemplate,
        EmailTemplateCreate,
        EmailTemplateUpdate,
        PreviewRequest,
        TemplatePreview,
    )
    from leadflow.campaigns.schema.steps import (
        EmailSequenceStep,
        EmailSequenceStepCreate,
        EmailSequenceStepEdit,
        EmailSequenceStepUpdate,
        Variant,
    )

__all__ = [
    "AutoPause",
    "EditEffect",
    "EmailCampaign",
    "EmailCampaignCreate",
    "EmailCampaignEdit",
    "EmailCampaignUpdate",
    "EmailSent",
    "EmailSequenceStep",
    "EmailSequenceStepCreate",
    "EmailSequenceStepEdit",
    "EmailSequenceStepUpdate",
    "EmailTemplate",
    "EmailTemplateCreate",
    "EmailTemplateUpdate",
    "Exclusions",
    "FrequencyCap",
    "Goal",
    "PreviewRequest",
    "SendWindow",
    "TemplatePreview",
    "Variant",
    "WarmUpDay",
]

_HOMES = {
    "AutoPause": "leadflow.campaigns.schema.campaigns",
    "EditEffect": "leadflow.campaigns.schema.campaigns",
    "EmailCampaign": "leadflow.campaigns.schema.campaigns",
    "EmailCampaignCreate": "leadflow.campaigns.schema.campaigns",
    "EmailCampaignEdit": "leadflow.campaigns.schema.campaigns",
    "EmailCampaignUpdate": "leadflow.campaigns.schema.campaigns",
    "EmailSent": "leadflow.campaigns.schema.mails",
    "EmailSequenceStep": "leadflow.campaigns.schema.steps",
    "EmailSequenceStepCreate": "leadflow.campaigns.schema.steps",
    "EmailSequenceStepEdit": "leadflow.campaigns.schema.steps",
    "EmailSequenceStepUpdate": "leadflow.campaigns.schema.steps",
    "EmailTemplate": "leadflow.campaigns.schema.mails",
    "EmailTemplateCreate": "leadflow.campaigns.schema.mails",
    "EmailTemplateUpdate": "leadflow.campaigns.schema.mails",
    "Exclusions": "leadflow.campaigns.schema.campaigns",
    "FrequencyCap": "leadflow.campaigns.schema.campaigns",
    "Goal": "leadflow.campaigns.schema.campaigns",
    "PreviewRequest": "leadflow.campaigns.schema.mails",
    "SendWindow": "leadflow.campaigns.schema.campaigns",
    "TemplatePreview": "leadflow.campaigns.schema.mails",
    "Variant": "leadflow.campaigns.schema.steps",
    "WarmUpDay": "leadflow.campaigns.schema.campaigns",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(name)
    return getattr(import_module(_HOMES[name]), name)
