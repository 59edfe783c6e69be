"""What callers send and get about leads and their signals: a module each, loaded when one of its names is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leadflow.leads.schema.erasures import Erasure
    from leadflow.leads.schema.fields import Moment
    from leadflow.leads.schema.insight import GateVerdict, LeadExplanation, LeadScore, ScorePart, TimelineItem
    from leadflow.leads.schema.people import (
        Consent,
        ConsentWrite,
        Lead,
        LeadCreate,
        LeadMerge,
        LeadUnmerge,
        LeadUpdate,
        MergeConflict,
        MergeResult,
        UnmergeResult,
    )
    from leadflow.leads.schema.public import Form, FormFields, FormWrite, Submission, VisitWrite
    from leadflow.leads.schema.scoring import Scoring, ScoringWrite
    from leadflow.leads.schema.signals import IntentSignal, IntentSignalCreate
    from leadflow.leads.schema.transfer import Export, Import, ImportRowError, NewImport

__all__ = [
    "Consent",
    "ConsentWrite",
    "Erasure",
    "Export",
    "Form",
    "FormFields",
    "FormWrite",
    "GateVerdict",
    "Import",
    "ImportRowError",
    "IntentSignal",
    "IntentSignalCreate",
    "Lead",
    "LeadCreate",
    "LeadExplanation",
    "LeadMerge",
    "LeadScore",
    "LeadUnmerge",
    "LeadUpdate",
    "MergeConflict",
    "MergeResult",
    "Moment",
    "NewImport",
    "ScorePart",
    "Scoring",
    "ScoringWrite",
    "Submission",
    "TimelineItem",
    "UnmergeResult",
    "VisitWrite",
]

_HOMES = {
    "Consent": "leadflow.leads.schema.people",
    "ConsentWrite": "leadflow.leads.schema.people",
    "Erasure": "leadflow.leads.schema.erasures",
    "Export": "leadflow.leads.schema.transfer",
    "Form": "leadflow.leads.schema.public",
    "FormFields": "leadflow.leads.schema.public",
    "FormWrite": "leadflow.leads.schema.public",
    "GateVerdict": "leadflow.leads.schema.insight",
    "Import": "leadflow.leads.schema.transfer",
    "ImportRowError": "leadflow.leads.schema.transfer",
    "IntentSignal": "leadflow.leads.schema.signals",
    "IntentSignalCreate": "leadflow.leads.schema.signals",
    "Lead": "leadflow.leads.schema.people",
    "LeadCreate": "leadflow.leads.schema.people",
    "LeadExplanation": "leadflow.leads.schema.insight",
    "LeadMerge": "leadflow.leads.schema.people",
    "LeadScore": "leadflow.leads.schema.insight",
    "LeadUnmerge": "leadflow.leads.schema.people",
    "LeadUpdate": "leadflow.leads.schema.people",
    "MergeConflict": "leadflow.leads.schema.people",
    "MergeResult": "leadflow.leads.schema.people",
    "Moment": "leadflow.leads.schema.fields",
    "NewImport": "leadflow.leads.schema.transfer",
    "ScorePart": "leadflow.leads.schema.insight",
    "Scoring": "leadflow.leads.schema.scoring",
    "ScoringWrite": "leadflow.leads.schema.scoring",
    "Submission": "leadflow.leads.schema.public",
    "TimelineItem": "leadflow.leads.schema.insight",
    "UnmergeResult": "leadflow.leads.schema.people",
    "VisitWrite": "leadflow.leads.schema.public",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(name)
    return getattr(import_module(_HOMES[name]), name)
