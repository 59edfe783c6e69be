"""Failures that pass: AWS refused or could not be reached for longer than the SDK tries, or others were in the way.

Callers are told so by 503 and Retry-After instead of 500; providers send their posts again. Nothing was half kept: what
a request writes is one transaction, or found again by the same request under its Idempotency-Key.
"""

from __future__ import annotations

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NotReached
from pynamodb.exceptions import PynamoDBException

from leadflow.core import table
from leadflow.core.errors import Unavailable

# The SDK has waited about as long between its own tries.
_RETRY_AFTER_SECONDS = 2
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


def told(error: Exception) -> Unavailable | None:
    """What to answer about a failure that another try may not meet; None for one that is ours to mend."""
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
