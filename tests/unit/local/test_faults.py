"""What a fault looks like to the code it strikes: as AWS would do it, and written down before it happens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from local import faults
from local.faults import Faults, FunctionDied


@pytest.fixture
def certain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes faults of which the given kinds strike always, and no others."""

    def make(*kinds: str) -> Faults:
        assert set(kinds) <= set(faults.RATES)
        monkeypatch.setattr(faults, "RATES", {kind: float(kind in kinds) for kind in faults.RATES})
        made = Faults(1, tmp_path)
        made.begin()
        return made

    return make


class Table:
    """Answers every call, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def __call__(self, params: dict[str, Any]) -> Any:
        self.asked.append(json.loads(params["body"]))
        return "status", {"Responses": {}}


def _struck(at: Faults, operation: str, body: dict[str, Any], table: Table) -> Any:
    return at.invoke("Worker", {}, lambda _: at.around(operation, {"body": json.dumps(body)}, table))


def test_who_is_no_function_is_never_struck(certain: Any, tmp_path: Path) -> None:
    table = Table()
    certain("throttled").around("PutItem", {"body": "{}"}, table)
    assert len(table.asked) == 1
    assert faults.done(tmp_path) == {}


def test_a_refused_call_does_nothing(certain: Any, tmp_path: Path) -> None:
    table = Table()
    _, throttled = _struck(certain("throttled"), "PutItem", {}, table)
    two = {"TransactItems": [{}, {}]}
    _, conflict = _struck(certain("transaction conflict"), "TransactWriteItems", two, table)

    assert throttled["Error"]["Code"] == "ThrottlingException"
    assert [one["Code"] for one in conflict["CancellationReasons"]] == ["None", "TransactionConflict"]
    assert table.asked == []
    assert faults.done(tmp_path) == {"throttled": 1, "transaction conflict": 1}


def test_a_lost_answer_and_a_repetition_come_after_the_work(certain: Any) -> None:
    lost, repeated = Table(), Table()
    with pytest.raises(ReadTimeoutError):
        _struck(certain("answer lost"), "PutItem", {}, lost)
    _struck(certain("repeated by the SDK"), "PutItem", {}, repeated)
    assert (len(lost.asked), len(repeated.asked)) == (1, 2)


def test_of_a_batch_the_second_half_is_left(certain: Any) -> None:
    table = Table()
    _, answer = _struck(certain("part of a batch"), "BatchWriteItem", {"RequestItems": {"T": [1, 2, 3]}}, table)
    assert table.asked == [{"RequestItems": {"T": [1]}}]
    assert answer["UnprocessedItems"] == {"T": [2, 3]}


def test_who_is_dead_cleans_nothing_up(certain: Any) -> None:
    at, table = certain("died after a call"), Table()

    def work(_: Any) -> None:
        try:
            at.around("PutItem", {"body": "{}"}, table)
        finally:
            at.around("DeleteItem", {"body": "{}"}, table)

    with pytest.raises(FunctionDied):
        at.invoke("Worker", {}, work)
    assert len(table.asked) == 1


def test_what_was_done_comes_again_when_it_could_not_be_said(certain: Any) -> None:
    at, seen = certain("done but not said"), []
    with pytest.raises(FunctionDied):
        at.invoke("Worker", {"Records": [{"messageId": "1"}]}, seen.append)
    assert len(seen) == 1


def test_a_queue_in_order_stays_in_order(certain: Any) -> None:
    at = certain("messages reordered")
    records = [{"messageId": str(n), "attributes": {}} for n in range(20)]
    in_order = [{**record, "attributes": {"MessageGroupId": "g"}} for record in records]
    keep = at.invoke("Worker", {"Records": in_order}, lambda event: event["Records"])
    mixed = at.invoke("Worker", {"Records": records}, lambda event: event["Records"])
    assert keep == in_order
    assert mixed != records
    assert sorted(mixed, key=lambda one: int(one["messageId"])) == records
