"""Whether a campaign does harm: too many of its mails bounce for good, or people report them as spam."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

JUDGED_BY = ("sent", "hard_bounced", "complained")
_JUDGED = (
    ("max_bounce_rate", "hard_bounced", "bounced"),
    ("max_complaint_rate", "complained", "were reported as spam"),
)


def harm_done(limits: Mapping[str, Any] | None, counts: Mapping[str, int]) -> str | None:
    """What is above its limit, in words; None when nothing is, or too few mails were sent to say.

    `counts` has what JUDGED_BY names, each in mails. A mail that was only not taken for now (a full mailbox, a server
    that defers or blocks) says nothing against the list it was sent to.
    """
    sent = counts["sent"]
    if limits is None or sent < int(limits["min_sent"]):
        return None
    for limit, name, said in _JUDGED:
        most = limits[limit]
        if most is not None and counts[name] > most * sent:
            return f"{counts[name]} of {sent} mails {said}, more than the limit of {most:.4g}"
    return None
