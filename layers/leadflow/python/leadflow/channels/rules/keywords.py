"""Words that end or resume messages when they are all that a message says.

Those of US carriers, as Twilio lists them: https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out
"""

from __future__ import annotations

from leadflow.channels.enums import ArrivalKind

_OUT = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"})
_IN = frozenset({"start", "yes", "unstop"})


def keyword_of(text: str) -> ArrivalKind | None:
    """`optout` or `optin` when the whole text is such a word, in any case; `stop please` is a message like others."""
    word = text.strip().casefold()
    return "optout" if word in _OUT else "optin" if word in _IN else None
