"""Use cases of templates, mails, tracking and suppressions, a module each, so that a door loads what it needs.

What other wings call is found here under one name, and loaded when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leadflow.campaigns.rules import Sent
    from leadflow.campaigns.rules.states import suppression_reason
    from leadflow.campaigns.service.erasing import erase_person, first_mail_at, mails_of, was_erased
    from leadflow.campaigns.service.events import events_of, record_event
    from leadflow.campaigns.service.explaining import gates_of_mail
    from leadflow.campaigns.service.imagining import would_send
    from leadflow.campaigns.service.lifting import forget_address, lift_suppression
    from leadflow.campaigns.service.reconciling import reconcile
    from leadflow.campaigns.service.replies import record_reply, record_unnamed_reply
    from leadflow.campaigns.service.sending import send_to_lead
    from leadflow.campaigns.service.stopping import stop_sequences
    from leadflow.campaigns.service.suppressions import is_suppressed, suppress
    from leadflow.campaigns.service.templates import get_template, require_template

__all__ = [
    "Sent",
    "erase_person",
    "events_of",
    "first_mail_at",
    "forget_address",
    "gates_of_mail",
    "get_template",
    "is_suppressed",
    "lift_suppression",
    "mails_of",
    "reconcile",
    "record_event",
    "record_reply",
    "record_unnamed_reply",
    "require_template",
    "send_to_lead",
    "stop_sequences",
    "suppress",
    "suppression_reason",
    "was_erased",
    "would_send",
]

_HOMES = {
    "Sent": "leadflow.campaigns.rules",
    "erase_person": "leadflow.campaigns.service.erasing",
    "events_of": "leadflow.campaigns.service.events",
    "first_mail_at": "leadflow.campaigns.service.erasing",
    "forget_address": "leadflow.campaigns.service.lifting",
    "gates_of_mail": "leadflow.campaigns.service.explaining",
    "get_template": "leadflow.campaigns.service.templates",
    "is_suppressed": "leadflow.campaigns.service.suppressions",
    "lift_suppression": "leadflow.campaigns.service.lifting",
    "mails_of": "leadflow.campaigns.service.erasing",
    "reconcile": "leadflow.campaigns.service.reconciling",
    "record_event": "leadflow.campaigns.service.events",
    "record_reply": "leadflow.campaigns.service.replies",
    "record_unnamed_reply": "leadflow.campaigns.service.replies",
    "require_template": "leadflow.campaigns.service.templates",
    "send_to_lead": "leadflow.campaigns.service.sending",
    "stop_sequences": "leadflow.campaigns.service.stopping",
    "suppress": "leadflow.campaigns.service.suppressions",
    "suppression_reason": "leadflow.campaigns.rules.states",
    "was_erased": "leadflow.campaigns.service.erasing",
    "would_send": "leadflow.campaigns.service.imagining",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(name)
    return getattr(import_module(_HOMES[name]), name)
