"""What changes of leads mean to the triggers of workflows."""

from __future__ import annotations

from typing import Any

from leadflow.core import table
from leadflow.core.events import DomainEvent
from leadflow.leads import store
from leadflow.leads.rules.forms import FORM_ID


def events_of(old: table.Item | None, new: table.Item | None, change_id: str) -> list[DomainEvent]:
    """What a change of an item means, if it is a lead's.

    `lead_created {source}`, `lead_status_changed {from, to}`, `score_threshold {from, to}` for any change of score:
    which thresholds that crosses is for the triggers to say; a new lead, which fit rules rate at once, comes from 0. A
    version that an import wrote quietly means nothing.
    `form_submitted {form_id, signal_id}` once per signal of that type, also when the signal is written anew under
    another lead.

    What happens to a lead that was merged into another is told of that other. A merge is no creation and no change of
    status; its `score_threshold` is from the higher of the two scores, since what that had crossed was told before.
    Undoing it tells nothing.
    """
    if isinstance(new, store.IntentSignal):
        return [_form_submitted(new)] if old is None and new.signal_type == "form_submit" else []
    if not isinstance(new, store.Lead) or new.quiet_version == new.v:
        return []
    if isinstance(old, store.Lead) and _is_anothers(old, new):
        return []
    happened: dict[str, dict[str, Any]] = {}
    if not isinstance(old, store.Lead):
        happened["lead_created"] = {"source": new.source}
        if new.score:
            happened["score_threshold"] = {"from": 0, "to": new.score}
    else:
        if old.status != new.status:
            happened["lead_status_changed"] = {"from": old.status, "to": new.status}
        from_score = max([old.score, *(merge["score"] for merge in (new.merges or ())[len(old.merges or ()) :])])
        if from_score != new.score:
            happened["score_threshold"] = {"from": from_score, "to": new.score}
    return [
        DomainEvent(kind, f"{change_id}#{kind}", new.id, str(new.updated_at), data, tuple(new.cause))
        for kind, data in happened.items()
    ]


def changed_lead(old: table.Item | None, new: table.Item | None) -> str | None:
    """The id of the lead that was created or changed; None when it is another item, or a lead that has gone.

    Also when an import wrote it quietly: that holds back what leads set off, and says nothing of who fits an audience.
    """
    return new.id if isinstance(new, store.Lead) and (old is None or isinstance(old, store.Lead)) else None


def _is_anothers(old: store.Lead, new: store.Lead) -> bool:
    """Whether a change is told of the lead that this one is part of, or is the undoing of a merge, told of nobody."""
    return bool(old.merged_into) or len(new.merges or ()) < len(old.merges or ())


def _form_submitted(signal: store.IntentSignal) -> DomainEvent:
    """The signal is written once per submission, in one transaction with what it says: it is the event's outbox."""
    form_id = signal.signal_data.get("form_id")
    data = {"form_id": form_id if _is_form_id(form_id) else None, "signal_id": signal.id}
    return DomainEvent("form_submitted", f"form_submitted#{signal.id}", signal.lead_id, str(signal.created_at), data)


def _is_form_id(value: Any) -> bool:
    """Whether it is one: who records a signal by the API may put anything there, also an address."""
    return isinstance(value, str) and FORM_ID.fullmatch(value) is not None
