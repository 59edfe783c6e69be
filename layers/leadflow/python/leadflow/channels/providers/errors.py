"""What an answer that is no success comes to, the same for all message services."""

from __future__ import annotations

from leadflow.channels.rules.refusals import refusal
from leadflow.core.errors import CredentialsRefused, LeadflowError, MessageRefused, RateLimited

_USUAL_WAIT_SECONDS = 60
_LONGEST_WAIT_SECONDS = 3600


def raised(name: str, provider: str, code: str, status: int, retry_after: str | None = None) -> LeadflowError:
    """The error for a code of a provider, or for the HTTP status where it gave none. `name` is how people call it."""
    found = refusal(provider, code)
    told = f"{name}: {found.sentence}"
    if found.reason == "rate_limited" or status == 429:
        return RateLimited(f"{name} takes no more requests for now.", _wait_seconds(retry_after))
    if found.remedy == "hold" or status == 401 or (status == 403 and not code):
        return CredentialsRefused(f"{told} ({code or status})" if code else f"{name} refused the account ({status}).")
    may_pass = found.remedy == "later"
    return MessageRefused(f"{told} ({code or status})", found.reason, code or str(status), may_pass=may_pass)


def _wait_seconds(told: str | None) -> int:
    if told and told.isascii() and told.isdigit() and len(told) < 10:
        return min(max(1, int(told)), _LONGEST_WAIT_SECONDS)
    return _USUAL_WAIT_SECONDS
