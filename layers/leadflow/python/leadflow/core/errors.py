"""Every error the product raises on purpose, as one tree.

LeadflowError
├── MalformedRequest      400  not JSON, a forged cursor
├── Unauthenticated       401  a bad signature or secret
├── Forbidden             403  a known caller without the scope
├── NotFound              404
├── Conflict              409  duplicate, wrong state
│   ├── InProgress        409  the first try of the same request is still running (retryable)
│   └── BudgetExceeded    409  it would cost more than was allowed
├── PreconditionFailed    412  stale If-Match
├── PayloadTooLarge       413
├── UnsupportedMediaType  415  a body in a form that the route does not take
├── InvalidInput          422  names each field
├── RateLimited           429  says when to come back (retryable)
├── Unavailable           503  AWS is overloaded or out of reach, or others stayed in the way (retryable)
├── UpstreamRejected      502  a provider refused the request for good
│   ├── CredentialsRefused  502  … because of the account: its key, rights or quota
│   └── MessageRefused      502  … because of this message or the person it goes to
├── UpstreamUnavailable   503  a provider could not be reached, nothing was done there (retryable)
└── OutcomeUnknown        504  a provider may or may not have done it; never blindly repeated

A class carries its HTTP status, a stable code and whether trying again can help; its name is the error's name in
execution logs. Texts are for callers: they name fields and ids, never personal values or secrets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar


class LeadflowError(Exception):
    """Base of the tree. `detail` is shown to callers."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Internal error"
    retryable: ClassVar[bool] = False

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail


class MalformedRequest(LeadflowError):
    status, code, title = 400, "malformed_request", "Malformed request"


class Unauthenticated(LeadflowError):
    status, code, title = 401, "unauthenticated", "Not authenticated"


class Forbidden(LeadflowError):
    status, code, title = 403, "forbidden", "Not allowed"


class NotFound(LeadflowError):
    status, code, title = 404, "not_found", "Not found"

    def __init__(self, kind: str, record_id: str) -> None:
        super().__init__(f"There is no {kind} {record_id}.")


class Conflict(LeadflowError):
    """`other_id` is the record that stands in the way; it is shown to the caller."""

    status, code, title = 409, "conflict", "Conflict"

    def __init__(self, detail: str, other_id: str | None = None) -> None:
        super().__init__(detail)
        self.other_id = other_id


class InProgress(Conflict):
    code, title, retryable = "in_progress", "Still running", True

    def __init__(self, detail: str, retry_after_seconds: int = 1) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class BudgetExceeded(Conflict):
    code, title = "budget_exceeded", "The budget does not reach"


class PreconditionFailed(LeadflowError):
    status, code, title = 412, "precondition_failed", "The record has changed"


class PayloadTooLarge(LeadflowError):
    status, code, title = 413, "payload_too_large", "Body too large"


class UnsupportedMediaType(LeadflowError):
    status, code, title = 415, "unsupported_media_type", "Body of a kind that is not taken"


class InvalidInput(LeadflowError):
    """One or more fields are wrong; `errors` holds (field path, message) pairs."""

    status, code, title = 422, "invalid_input", "Invalid input"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.errors: list[tuple[str, str]] = [(field, message)]

    @classmethod
    def many(cls, errors: Iterable[tuple[str, str]]) -> InvalidInput:
        """Several wrong fields at once. Raises ValueError when there are none."""
        listed = list(errors)
        if not listed:
            raise ValueError("an InvalidInput names at least one field")
        error = cls(*listed[0])
        error.errors = listed
        error.detail = "; ".join(f"{field}: {message}" for field, message in listed)
        return error


class RateLimited(LeadflowError):
    status, code, title, retryable = 429, "rate_limited", "Too many requests", True

    def __init__(self, detail: str, retry_after_seconds: int = 1) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(LeadflowError):
    status, code, title, retryable = 503, "unavailable", "Not possible just now", True

    def __init__(self, detail: str, retry_after_seconds: int) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class UpstreamRejected(LeadflowError):
    status, code, title = 502, "upstream_rejected", "The provider refused"


class CredentialsRefused(UpstreamRejected):
    code, title = "credentials_refused", "The provider refused the account"


class MailRefused(UpstreamRejected):
    """A mail to many was refused whole. `recipients` are those to blame, by their place in the call, and why.

    `shared` is set when something that all of them share is to blame, `too_large` when the size is.
    """

    code, title = "mail_refused", "The provider refused the mail"

    def __init__(
        self,
        detail: str,
        recipients: Mapping[int, str] | None = None,
        *,
        shared: bool = False,
        too_large: bool = False,
    ) -> None:
        super().__init__(detail)
        self.recipients = dict(recipients or {})
        self.shared = shared
        self.too_large = too_large


class MessageRefused(UpstreamRejected):
    """`reason` says why in a word that holds for every provider, `provider_code` in the provider's own.

    `may_pass` says that the provider may take the same message later.
    """

    code, title = "message_refused", "The provider refused the message"

    def __init__(self, detail: str, reason: str, provider_code: str, *, may_pass: bool = False) -> None:
        super().__init__(detail)
        self.reason = reason
        self.provider_code = provider_code
        self.may_pass = may_pass


class QuotaExhausted(CredentialsRefused):
    code, title = "quota_exhausted", "The account's quota is used up"


class UpstreamUnavailable(LeadflowError):
    status, code, title, retryable = 503, "upstream_unavailable", "The provider cannot be reached", True

    def __init__(self, detail: str, retry_after_seconds: int | None = None) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class OutcomeUnknown(LeadflowError):
    status, code, title = 504, "outcome_unknown", "The provider did not say what happened"
