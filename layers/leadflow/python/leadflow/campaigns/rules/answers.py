"""Which mail a person answers who names none. Pure functions of values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from leadflow.core import clock

# Who writes later than this after a mail may as well begin something new.
_WITHIN = timedelta(days=30)
# What mail programs put before the subject that they answer or pass on.
_PREFIXES = re.compile(r"(?:\s*(?:re|aw|antw|sv|rv|fwd?|wg)\s*(?:\[\d+\])?\s*:)+\s*", re.IGNORECASE)


def meant(mails: Sequence[Mapping[str, Any]], at: str, subject: str | None, spoke_at: str | None) -> str | None:
    """The id of the campaign's mail that is answered at this time; None where it may be another one.

    It is the last one they had, if all they had lately, or all of this subject, is of one campaign, it arrived, and we
    did not speak with them since: `spoke_at`. A mail that may still arrive counts among what they had.
    """
    earliest = clock.stamp(clock.parse(at) - _WITHIN)
    had = [mail for mail in mails if earliest <= mail["created_at"] < at and mail["outcome"] != "skipped"]
    said = _bare(subject or "")
    alike = [mail for mail in had if said and _bare(mail["subject"]) == said] or had
    if len({mail["campaign_id"] for mail in alike}) != 1:
        return None
    last = max(alike, key=lambda mail: (mail["created_at"], mail["id"]))
    arrived = last["outcome"] == "accepted" and last["status"] not in ("bounced", "failed")
    is_last_word = spoke_at is None or spoke_at < last["created_at"]
    return str(last["id"]) if last["campaign_id"] is not None and arrived and is_last_word else None


def _bare(subject: str) -> str:
    found = _PREFIXES.match(subject)
    return " ".join(subject[found.end() if found else 0 :].split()).casefold()
