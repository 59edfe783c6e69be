"""Failures that pass: AWS refused or could not be reached for longer than the SDK tries, or others were in the way.

Callers are told so by 503 and Retry-After instead of 500; providers send their posts again. Nothing was half kept: what
a request writes is one transaction, or found again by the same request under its Idempotency-Key.

And one that does not pass: what was sent is, each field by itself within its bounds, together more than an item holds.
"""

from __future__ import annotations

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NotReached
from pynamodb.exceptions import PynamoDBException, TransactWriteError

from leadflow.core import table
from leadflow.core.errors import LeadflowError, PayloadTooLarge, Unavailable

# The SDK has waited about as long between its own tries.
_RETRY_AFTER_SECONDS = 2
# "Item size has exceeded the maximum allowed size", "Item size to update has …".
_TOO_LARGE = "Item size"
# Those that botocore's standard retries go by, of the services we call, and a conflict outside of transactions:
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
_CODES = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "TooManyRequestsException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "LimitExceededException",
        "SlowDown",
        "RequestTimeout",
        "RequestTimeoutException",
        "PriorRequestNotComplete",
        "TransactionInProgressException",
        "TransactionConflictException",
    }
)


def told(error: Exception) -> LeadflowError | None:
    """What to answer about a failure that another try may not meet, or a smaller one; None for one we have to mend."""
    if _outgrows(error):
        return PayloadTooLarge("What is to be kept comes to more than the 400 KB that the table holds in one place.")
    if not _passes(error):
        return None
    detail = "The service is overloaded or contended just now. Send the same request again."
    return Unavailable(detail, retry_after_seconds=_RETRY_AFTER_SECONDS)


def _passes(error: BaseException | None) -> bool:
    if isinstance(error, table.Stale):
        return True
    if isinstance(error, table.TransactionRefused):
        return error.contended or "ConditionalCheckFailed" in error.reasons
    if isinstance(error, PynamoDBException):
        return _passes(error.cause)
    if isinstance(error, ClientError):
        metadata = error.response.get("ResponseMetadata", {})
        return error.response["Error"]["Code"] in _CODES or metadata.get("HTTPStatusCode", 0) >= 500
    return isinstance(error, NotReached | HTTPClientError)


def _outgrows(error: BaseException | None) -> bool:
    """Whether DynamoDB refused an item for its size, which it tells in words alone."""
    if isinstance(error, table.TransactionRefused):
        return _outgrows(error.__cause__)
    if isinstance(error, TransactWriteError) and any(
        reason is not None and _TOO_LARGE in (reason.message or "") for reason in error.cancellation_reasons
    ):
        return True
    if isinstance(error, PynamoDBException):
        return _outgrows(error.cause)
    return isinstance(error, ClientError) and _TOO_LARGE in error.response["Error"].get("Message", "")
