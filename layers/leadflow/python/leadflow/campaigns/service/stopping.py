"""What ends the sequences a lead is in: a reply of theirs, or their coming to a goal."""

from __future__ import annotations

from leadflow.campaigns.store import contacts as had
from leadflow.core import clock


def stop_sequences(lead_id: str, reason: str, at: str | None = None) -> None:
    """Ends the sequences a lead is in now, of campaigns that stop for this; those it joins later go on.

    `reason` is `replied` (on any channel, also when somebody of us took over) or the mark of a goal, `goal:<event>`;
    `at` is the RFC 3339 time of it, now unless given. Safe to repeat. Mails that are with the provider already cannot
    be called back. Raises InProgress when many write the same at once.
    """
    had.note_stop(lead_id, reason, at or clock.now_stamp())
