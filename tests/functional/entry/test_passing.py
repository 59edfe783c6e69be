"""What callers are told when AWS fails for longer than the SDK tries, or others stay in the way."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)
from pynamodb.exceptions import CancellationReason, GetError, QueryError, TransactWriteError, VerboseClientError

from leadflow.core import table
from leadflow.entry import passing
from tests.functional.channels.accounts import make
from tests.functional.leads.people import added, listed
from tests.functional.webhooks import posts
from tests.functional.wire import counts, given_up, watched
from tests.harness import Answer, Clock, call

BODY = {"name": "Ada", "email": "ada@example.com"}
NOWHERE = EndpointConnectionError(endpoint_url="https://aws.invalid")


def answered(code: str, status: int = 400) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "PutItem")


@pytest.mark.parametrize(
    "error",
    [
        answered("ThrottlingException"),
        answered("ProvisionedThroughputExceededException"),
        answered("TransactionConflictException"),
        answered("SlowDown", 503),
        answered("KMSInternalException", 500),
        NOWHERE,
        ConnectTimeoutError(endpoint_url="https://aws.invalid"),
        ReadTimeoutError(endpoint_url="https://aws.invalid"),
        GetError(cause=NOWHERE),
        QueryError(cause=answered("InternalServerError", 500)),
        TransactWriteError("refused", answered("ThrottlingException")),
        table.Stale("LEAD#1"),
        table.TransactionRefused([None, "TransactionConflict"]),
        table.TransactionRefused([None, "ConditionalCheckFailed"]),
    ],
    ids=repr,
)
def test_what_passes_is_told_with_the_time_to_wait(error: Exception) -> None:
    told = passing.told(error)

    assert told is not None
    assert (told.status, told.code, told.retryable) == (503, "unavailable", True)
    assert told.retry_after_seconds >= 1


@pytest.mark.parametrize(
    "error",
    [
        answered("AccessDeniedException"),
        answered("ValidationException"),
        answered("ResourceNotFoundException"),
        GetError(cause=answered("AccessDeniedException")),
        GetError(),
        NoCredentialsError(),
        table.TransactionRefused([None, "ValidationError"]),
        table.AlreadyThere("LEAD#1"),
        KeyError("name"),
    ],
    ids=repr,
)
def test_what_is_ours_to_mend_is_not_said_to_pass(error: Exception) -> None:
    assert passing.told(error) is None


def told_to_come_again(answer: Answer) -> None:
    assert (answer.status, answer.json["type"]) == (503, "urn:leadflow:problem:unavailable"), answer.text
    assert int(answer.headers["retry-after"]) >= 1
    assert "@" not in answer.text


def create() -> Answer:
    return call("leads/create_lead", BODY, headers={"idempotency-key": "k1"})


def calls_of(act: Callable[[], Answer], status: int) -> int:
    """How many calls to the table this takes when nothing fails."""
    with watched() as seen:
        assert act().status == status
    return len(seen)


@pytest.mark.parametrize("error", ["ThrottlingException", NOWHERE], ids=["throttled", "unreachable"])
@pytest.mark.parametrize("which", range(1, 6))
def test_wherever_the_table_gives_up_the_same_request_does_its_work_once_later(
    which: int, error: Exception | str, clock: Clock
) -> None:
    with given_up(which, error) as failed:
        answer = create()
    if not failed:
        # The work has fewer calls than that.
        assert answer.status == 201
        return
    told_to_come_again(answer)
    clock.advance(seconds=36)

    again = create()

    assert again.status == 201
    assert [lead["id"] for lead in listed()["items"]] == [again.json["id"]]
    assert (counts()["Lead"], counts()["UniqueIdentity"]) == (1, 1)


def test_a_creation_takes_no_more_calls_than_were_failed_above() -> None:
    assert 3 <= calls_of(create, 201) <= 5


def test_a_list_is_told_too() -> None:
    added("ada@example.com")

    with given_up(1, "ThrottlingException"):
        answer = call("leads/list_leads")

    told_to_come_again(answer)
    assert len(listed()["items"]) == 1


def test_a_delivery_that_could_not_be_kept_is_sent_again_and_kept_once() -> None:
    channel = make()
    raw = posts.body_of(posts.event())
    needed = calls_of(lambda: posts.post(channel["id"], raw, timestamp="1772441000"), 204)
    kept = counts()["Delivery"]

    for which in range(1, needed + 1):
        with given_up(which, "ProvisionedThroughputExceededException") as failed:
            answer = posts.post(channel["id"], raw)
        assert failed
        told_to_come_again(answer)
        assert counts()["Delivery"] == kept

    assert posts.post(channel["id"], raw).status == 204
    assert counts()["Delivery"] == kept + 1


def test_what_outgrows_an_item_is_told_to_be_too_large() -> None:
    """Each id is within its bounds; before, it was a 500."""
    lead_ids = [f"{number:04}".ljust(64, "\u00fc") for number in range(1999)]
    known = call("leads/create_lead", {"name": "Ada", "email": "ada@example.com"}).json["id"]

    answer = call("enrichment/enrich_many", {"lead_ids": [known, *lead_ids], "max_cost": 1})

    assert (answer.status, answer.json["type"].rpartition(":")[2]) == (413, "payload_too_large")


def test_a_transaction_that_is_refused_for_the_size_of_an_item_is_too() -> None:
    reason = CancellationReason("ValidationError", "Item size to update has exceeded the maximum allowed size")
    canceled = {"Error": {"Code": "TransactionCanceledException"}}
    cause = VerboseClientError(canceled, "TransactWriteItems", cancellation_reasons=[None, reason])
    refused = table.TransactionRefused([None, "ValidationError"])
    refused.__cause__ = TransactWriteError("refused", cause)

    told = passing.told(refused)

    assert told is not None
    assert (told.status, told.retryable) == (413, False)
    refused.__cause__ = None
    assert passing.told(refused) is None
