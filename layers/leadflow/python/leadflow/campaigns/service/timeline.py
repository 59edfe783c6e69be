"""What mails have to tell for a lead's timeline."""

from __future__ import annotations

from collections.abc import Sequence

from leadflow.campaigns import store
from leadflow.core import timeline
from leadflow.core.timeline import TimelineEntry


def timeline_of(lead_ids: Sequence[str], before: str | None, limit: int) -> list[TimelineEntry]:
    """Mails to these leads by the time they were decided on, newest first, beyond a position; fewer only at the end."""
    mails = [mail for lead_id in lead_ids for mail in store.mails_before(lead_id, before, limit)]
    return timeline.newest_first([_entry(mail) for mail in mails], before, limit)


def _entry(mail: store.EmailSent) -> TimelineEntry:
    return TimelineEntry(str(mail.created_at), mail.id, "email", dict(mail.record()), f"Mail: {mail.subject}")
