"""What callers send and get about campaigns, templates and mails: a module each, loaded when a name is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leadflow.campaigns.schema.audiences import (
        Assumptions,
        AudiencePreview,
        AudiencePreviewRequest,
        CampaignSimulation,
        CampaignSimulationRequest,
        MissingVariable,
        SampleLead,
        SimulatedCost,
        SimulatedHour,
        SimulatedStep,
    )
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
        TestSend,
        TestSendRequest,
    )
    from leadflow.campaigns.schema.numbers import (
        CampaignStats,
        EngagementSplit,
        HourStats,
        LinkStats,
        Reclassification,
        StepStats,
        VariantStats,
    )
    from leadflow.campaigns.schema.steps import (
        EmailSequenceStep,
        EmailSequenceStepCreate,
        EmailSequenceStepEdit,
        EmailSequenceStepUpdate,
        Variant,
    )
    from leadflow.campaigns.schema.suppressions import Suppression, SuppressionCreate

__all__ = [
    "Assumptions",
    "AudiencePreview",
    "AudiencePreviewRequest",
    "AutoPause",
    "CampaignSimulation",
    "CampaignSimulationRequest",
    "CampaignStats",
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
    "EngagementSplit",
    "Exclusions",
    "FrequencyCap",
    "Goal",
    "HourStats",
    "LinkStats",
    "MissingVariable",
    "PreviewRequest",
    "Reclassification",
    "SampleLead",
    "SendWindow",
    "SimulatedCost",
    "SimulatedHour",
    "SimulatedStep",
    "StepStats",
    "Suppression",
    "SuppressionCreate",
    "TemplatePreview",
    "TestSend",
    "TestSendRequest",
    "Variant",
    "VariantStats",
    "WarmUpDay",
]

_HOMES = {
    "Assumptions": "leadflow.campaigns.schema.audiences",
    "AudiencePreview": "leadflow.campaigns.schema.audiences",
    "AudiencePreviewRequest": "leadflow.campaigns.schema.audiences",
    "AutoPause": "leadflow.campaigns.schema.campaigns",
    "CampaignSimulation": "leadflow.campaigns.schema.audiences",
    "CampaignSimulationRequest": "leadflow.campaigns.schema.audiences",
    "CampaignStats": "leadflow.campaigns.schema.numbers",
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
    "EngagementSplit": "leadflow.campaigns.schema.numbers",
    "Exclusions": "leadflow.campaigns.schema.campaigns",
    "FrequencyCap": "leadflow.campaigns.schema.campaigns",
    "Goal": "leadflow.campaigns.schema.campaigns",
    "HourStats": "leadflow.campaigns.schema.numbers",
    "LinkStats": "leadflow.campaigns.schema.numbers",
    "MissingVariable": "leadflow.campaigns.schema.audiences",
    "PreviewRequest": "leadflow.campaigns.schema.mails",
    "Reclassification": "leadflow.campaigns.schema.numbers",
    "SampleLead": "leadflow.campaigns.schema.audiences",
    "SendWindow": "leadflow.campaigns.schema.campaigns",
    "SimulatedCost": "leadflow.campaigns.schema.audiences",
    "SimulatedHour": "leadflow.campaigns.schema.audiences",
    "SimulatedStep": "leadflow.campaigns.schema.audiences",
    "StepStats": "leadflow.campaigns.schema.numbers",
    "Suppression": "leadflow.campaigns.schema.suppressions",
    "SuppressionCreate": "leadflow.campaigns.schema.suppressions",
    "TemplatePreview": "leadflow.campaigns.schema.mails",
    "TestSend": "leadflow.campaigns.schema.mails",
    "TestSendRequest": "leadflow.campaigns.schema.mails",
    "Variant": "leadflow.campaigns.schema.steps",
    "VariantStats": "leadflow.campaigns.schema.numbers",
    "WarmUpDay": "leadflow.campaigns.schema.campaigns",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(name)
    return getattr(import_module(_HOMES[name]), name)
