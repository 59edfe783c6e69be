"""Idempotency-Key, through the doors of leads."""

from __future__ import annotations

import json
from typing import Any

import pytest

from leadflow.core import aws, seams
from tests.functional.leads.people import added, listed, patched, shown
from tests.functional.wire import Killed, counts, interrupted, killed_at, refused, stored, watched
from tests.harness import Answer, Clock, call

BODY = {"name": "Ada", "email": "ada@example.com"}


def create(body: dict[str, Any] | None = None, *, key: str | None = "k1", **options: Any) -> Answer:
    headers = {} if key is None else {"Idempotency-Key": key}
    return call("leads/create_lead", body or BODY, headers=headers, **options)


def one_lead() -> dict[str, Any]:
    [lead] = listed()["items"]
    assert counts()["Lead"] == counts()["UniqueIdentity"] == 1
    only: dict[str, Any] = lead
    return only


def test_the_same_request_is_answered_the_same_and_does_its_work_once() -> None:
    first = create()
    patched(first.json["id"], company="changed since")

    with watched() as calls:
        again = create()

    assert (again.status, again.text, again.etag) == (201, first.text, '"1"')
    assert again.headers["location"] == first.headers["location"] == f"/leads/{first.json['id']}"
    assert again.headers["content-type"] == "application/json"
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert "TransactWriteItems" not in calls
    one_lead()


def test_the_same_key_with_another_body_is_refused() -> None:
    create()

    answer = create({**BODY, "email": "other@example.com"})

    assert (answer.status, answer.json["errors"][0]["field"]) == (422, "Idempotency-Key")
    one_lead()


def test_the_same_key_about_another_lead_is_refused() -> None:
    ids = [added(f"{name}@example.com")["id"] for name in ("ada", "eve")]
    body, headers = {"signal_type": "email_open"}, {"Idempotency-Key": "k"}

    first, other, again = (
        call("signals/record_signal", body, path={"lead_id": one}, headers=headers) for one in (*ids, ids[0])
    )

    assert (first.status, other.status, again.text) == (201, 422, first.text)


def test_the_same_key_with_other_options_is_refused() -> None:
    headers = {"Idempotency-Key": "k"}

    answers = [call("leads/start_import", query={"dry_run": one}, headers=headers) for one in ("true", "false")]

    assert [answer.status for answer in answers] == [201, 422]


def test_the_same_key_of_another_caller_or_route_is_another_key() -> None:
    lead = create().json

    other_caller = create({**BODY, "email": "other@example.com"}, key_id="KEY2")
    other_route = call(
        "signals/record_signal",
        {"signal_type": "email_open"},
        path={"lead_id": lead["id"]},
        headers={"idempotency-key": "k1"},
    )

    assert (other_caller.status, other_route.status) == (201, 201)
    assert "idempotency-replayed" not in other_caller.headers
    assert other_caller.json["id"] != lead["id"]


def test_without_a_key_nothing_is_kept() -> None:
    create(key=None)

    assert counts() == {"Lead": 1, "UniqueIdentity": 1}


def test_a_key_on_anything_but_a_post_is_nothing() -> None:
    lead = added()
    for company in ("X", "Y"):
        answer = call(
            "leads/update_lead", {"company": company}, path={"lead_id": lead["id"]}, headers={"idempotency-key": "k"}
        )
        assert answer.json["company"] == company


@pytest.mark.parametrize("key", ["", "x" * 256, "a\nb", "\x7f"])
def test_a_key_has_1_to_255_printable_characters(key: str) -> None:
    assert create(key=key).status == 422
    assert stored() == []


def test_a_refusal_is_kept_too() -> None:
    taken = added("ada@example.com")
    first = create()
    patched(taken["id"], email="moved@example.com")

    again = create()

    assert (first.status, again.status, again.text) == (409, 409, first.text)
    assert again.headers["content-type"] == "application/problem+json"
    assert again.headers["idempotency-replayed"] == "true"
    assert create(key="k2").status == 201


def test_an_invalid_body_spends_no_key() -> None:
    assert create({"name": "Ada"}).status == 422
    assert create().status == 201


def test_an_answer_that_the_sdk_kept_twice_is_given() -> None:
    """The answer of the first write was lost, so the SDK wrote again, and its own first write stood in the way."""
    again: list[dict[str, Any]] = []

    def repeated(params: dict[str, Any], **_: Any) -> None:
        asked = json.loads(params["body"])
        if not again and asked["Item"]["pk"]["S"].startswith("IDEM#") and "status" in asked["Item"]:
            again.append(asked)
            aws.client("dynamodb").put_item(**asked)

    events = aws.client("dynamodb").meta.events
    events.register("before-call.dynamodb.PutItem", repeated)
    try:
        first = create()
    finally:
        events.unregister("before-call.dynamodb.PutItem", repeated)

    assert (len(again), first.status) == (1, 201)
    assert create().text == first.text


def test_a_passing_failure_is_not_kept_and_may_be_tried_again_at_once() -> None:
    with refused(["TransactionConflict", "None"], times=24):
        assert create().status == 429

    answer = create()

    assert answer.status == 201
    assert "idempotency-replayed" not in answer.headers
    one_lead()


def test_an_unforeseen_failure_is_not_kept_either() -> None:
    with refused(["ValidationError", "None"], times=1):
        assert create().status == 500

    assert create().status == 201


def test_while_the_first_runs_the_second_is_told_to_wait(clock: Clock) -> None:
    seen: list[Answer] = []

    with interrupted(lambda: seen.append(create())):
        first = create()

    [second] = seen
    assert (first.status, second.status) == (201, 409)
    assert second.json["type"] == "urn:leadflow:problem:in_progress"
    assert int(second.headers["retry-after"]) >= 1
    assert create().text == first.text
    one_lead()


def test_while_the_first_runs_another_body_is_refused_as_such() -> None:
    seen: list[Answer] = []

    with interrupted(lambda: seen.append(create({**BODY, "name": "Other"}))):
        create()

    assert seen[0].status == 422


@pytest.mark.parametrize("sent", [False, True])
@pytest.mark.parametrize("call_number", [1, 3, 4])
def test_killed_anywhere_a_later_try_makes_one_lead_and_one_answer(clock: Clock, call_number: int, sent: bool) -> None:
    """The claim, the lead and the answer are written, settings read between; it dies before or after each write."""
    with pytest.raises(Killed), killed_at(call_number, sent=sent):
        create()
    claimed, answered = (call_number, sent) != (1, False), (call_number, sent) == (4, True)
    made = counts().get("Lead", 0)
    assert made == ((call_number, sent) >= (3, True))

    at_once = create()
    clock.advance(seconds=36)
    later = create()
    last = create()

    assert at_once.status == (201 if answered or not claimed else 409)
    assert later.status == 201
    lead = one_lead()
    assert (later.json, last.json) == (lead, lead)
    assert (later.etag, later.headers["location"]) == ('"1"', f"/leads/{lead['id']}")
    assert (last.text, last.etag, last.headers["location"]) == (later.text, later.etag, later.headers["location"])
    assert last.headers["idempotency-replayed"] == "true"


def test_there_are_exactly_three_writes_to_die_at() -> None:
    with watched() as calls:
        create()

    assert calls == ["PutItem", "GetItem", "TransactWriteItems", "PutItem"]


def test_a_signal_whose_answer_was_lost_counts_once(clock: Clock) -> None:
    lead = added()

    def signal() -> Answer:
        body = {"signal_type": "form_submit"}
        return call("signals/record_signal", body, path={"lead_id": lead["id"]}, headers={"idempotency-key": "s1"})

    with pytest.raises(Killed), killed_at(4, sent=True):
        signal()
    assert shown(lead["id"])["score"] == 10
    clock.advance(seconds=36)

    assert signal().status == 201
    assert shown(lead["id"])["score"] == 10
    assert counts()["IntentSignal"] == 1


def test_a_claim_of_an_earlier_host_is_taken_over_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the one-machine mode whoever ran before this host is dead."""
    monkeypatch.setenv("HOST_ID", "host-1")
    seams.current().forget("settings")
    with pytest.raises(Killed), killed_at(2, sent=True):
        create()
    assert create().status == 409

    monkeypatch.setenv("HOST_ID", "host-2")
    seams.current().forget("settings")

    assert create().status == 201
    one_lead()


def test_of_two_that_take_over_one_does_the_work(clock: Clock) -> None:
    with pytest.raises(Killed), killed_at(1, sent=True):
        create()
    clock.advance(seconds=36)
    seen: list[Answer] = []

    # The second is through the whole of it between the first one's look at the dead claim and its write.
    with interrupted(lambda: seen.append(create()), operation="GetItem"):
        first = create()

    assert seen[0].status == 201
    assert first.text == seen[0].text
    assert first.headers["idempotency-replayed"] == "true"
    one_lead()


def test_a_take_over_that_came_second_is_told_to_wait(clock: Clock) -> None:
    with pytest.raises(Killed), killed_at(1, sent=True):
        create()
    clock.advance(seconds=36)
    seen: list[Answer] = []
    puts = 0

    def rival() -> None:
        nonlocal puts
        puts += 1
        if puts == 2:
            seen.append(create())

    # PutItem: the claim that finds the key taken, then the take-over.
    with interrupted(rival, operation="PutItem", times=2):
        first = create()

    assert (first.status, seen[0].status) == (409, 201)
    assert "retry-after" in first.headers
    one_lead()


def test_a_key_is_good_for_24_hours(clock: Clock) -> None:
    first = create()
    clock.advance(hours=23, minutes=59)
    assert create().headers["idempotency-replayed"] == "true"

    clock.advance(minutes=1)
    answer = create()

    assert answer.status == 409
    assert answer.json["other_id"] == first.json["id"]
    [kept] = stored("IdempotentRequest")
    assert int(kept["expires_at"]["N"]) == clock().timestamp() + 24 * 3600


def test_a_kept_answer_is_found_by_its_lead_for_erasure() -> None:
    lead = create().json
    call(
        "signals/record_signal",
        {"signal_type": "email_open"},
        path={"lead_id": lead["id"]},
        headers={"idempotency-key": "k1"},
    )

    kept = stored("IdempotentRequest")

    assert [item["gsi2pk"]["S"] for item in kept] == [f"LEAD#{lead['id']}"] * 2
    assert not any("k1" in item["pk"]["S"] or "ada" in item["pk"]["S"] for item in kept)
