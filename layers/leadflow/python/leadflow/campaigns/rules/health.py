"""Whether a campaign does harm: too many of its mails bounce, or people report them as spam."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_JUDGED = (("max_bounce_rate", "bounced", "bounced"), ("max_complaint_rate", "complained", "were reported as spam"))


def harm_done(limits: Mapping[str, Any] | None, counts: Mapping[str, int]) -> str | None:
    """What is above its limit, in words; None when nothing is, or too few mails were sent to say.

    `counts` has `sent`, `bounced` and `complained`, each in mails.
    """
    sent = counts["sent"]
    if limits is None or sent < int(limits["min_sent"]):
        return None
    for limit, name, said in _JUDGED:
        most = limits[limit]
        if most is not None and counts[name] > most * sent:
            return f"{counts[name]} of {sent} mails {said}, more than the limit of {most:.4g}"
    return None
