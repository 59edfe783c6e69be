"""The closed sets of words that leads and signals use, and how much a lead may carry."""

from __future__ import annotations

from typing import Literal, get_args

Status = Literal["new", "contacted", "qualified", "proposal", "closed_won", "closed_lost"]
Source = Literal[
    "website", "chat", "referral", "ads", "email", "whatsapp", "sms", "messenger", "instagram", "import", "api"
]
Budget = Literal["under_5k", "5k_25k", "25k_100k", "100k_500k", "500k_plus"]
Timeline = Literal["immediate", "1_3_months", "3_6_months", "6_12_months", "12_plus_months"]
ConsentChannel = Literal["chat", "email", "phone", "whatsapp", "sms", "messenger", "instagram"]
SignalType = Literal["website_visit", "email_open", "email_click", "form_submit", "chat_message", "social_interaction"]
TimelineKind = Literal[
    "signal", "email", "status_change", "execution", "message", "enrichment", "task", "appointment", "merge"
]
Sort = Literal["created_at", "score"]
Verdict = Literal["pass", "fail", "pending", "unknown"]
ErasureStatus = Literal["running", "completed"]
ImportStatus = Literal["waiting", "running", "completed", "failed"]
ExportStatus = Literal["running", "completed", "failed", "expired"]
RescoringStatus = Literal["running", "completed"]
FileFormat = Literal["csv", "ndjson"]
OnDuplicate = Literal["skip", "update"]

STATUSES: tuple[str, ...] = get_args(Status)
SOURCES: tuple[str, ...] = get_args(Source)
SIGNAL_TYPES: tuple[str, ...] = get_args(SignalType)
TIMELINE_KINDS: tuple[str, ...] = get_args(TimelineKind)
CONSENT_CHANNELS: tuple[str, ...] = get_args(ConsentChannel)
SORTS: tuple[str, ...] = get_args(Sort)
FILE_FORMATS: tuple[str, ...] = get_args(FileFormat)
ON_DUPLICATE: tuple[str, ...] = get_args(OnDuplicate)

# Of tags, and of interests.
MAX_LABELS = 50
# Of `custom` as JSON.
MAX_CUSTOM_BYTES = 16 * 1024
