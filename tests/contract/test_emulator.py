"""Tables that last, and the seams of MiniStack's engine they rely on: an upgrade that moves one fails here."""

from __future__ import annotations

import asyncio
import inspect
import itertools
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from ministack.services import dynamodb as engine

from tests.contract.emulator import TABLE, Emulated, emulated

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Emulated]:
    with emulated(tmp_path) as running:
        yield running


def _changes(cloud: Emulated) -> list[dict[str, Any]]:
    return [json.loads(body) for _, body in cloud.journal.changes(TABLE, 0, 100_000)]


def _in_index(cloud: Emulated, partition: str) -> list[Any]:
    answer = cloud.client.query(
        TableName=TABLE,
        IndexName="GSI1",
        KeyConditionExpression="gsi1pk = :p",
        ExpressionAttributeValues={":p": {"S": partition}},
    )
    items: list[Any] = answer["Items"]
    return items


def _put(pk: str, **extra: Any) -> dict[str, Any]:
    return {"Put": {"TableName": TABLE, "Item": {"pk": {"S": pk}, "sk": {"S": "#"}}, **extra}}


def _increment(pk: str) -> dict[str, Any]:
    return {
        "Update": {
            "TableName": TABLE,
            "Key": {"pk": {"S": pk}, "sk": {"S": "#"}},
            "UpdateExpression": "ADD n :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        }
    }


# -- every way of writing goes through the two functions and the one event we stand in for


def test_every_kind_of_write_lasts(cloud: Emulated, tmp_path: Path) -> None:
    key = {"pk": {"S": "updated"}, "sk": {"S": "#"}}
    for pk in ("put", "deleted", "batch-deleted", "tx-deleted"):
        cloud.put(pk)
    cloud.client.delete_item(TableName=TABLE, Key={"pk": {"S": "deleted"}, "sk": {"S": "#"}})
    cloud.client.update_item(
        TableName=TABLE, Key=key, UpdateExpression="SET a = :a", ExpressionAttributeValues={":a": {"B": b"\x00\xff"}}
    )
    cloud.client.batch_write_item(
        RequestItems={
            TABLE: [
                {"PutRequest": {"Item": {"pk": {"S": "batch-put"}, "sk": {"S": "#"}, "n": {"N": "1.50"}}}},
                {"DeleteRequest": {"Key": {"pk": {"S": "batch-deleted"}, "sk": {"S": "#"}}}},
            ]
        }
    )
    cloud.client.transact_write_items(
        TransactItems=[
            _put("tx-put"),
            _increment("tx-updated"),
            {"Delete": {"TableName": TABLE, "Key": {"pk": {"S": "tx-deleted"}, "sk": {"S": "#"}}}},
        ]
    )
    expected = cloud.client.scan(TableName=TABLE)["Items"]
    assert {item["pk"]["S"] for item in expected} == {"put", "updated", "batch-put", "tx-put", "tx-updated"}

    with emulated(tmp_path) as again:
        found = again.client.scan(TableName=TABLE)["Items"]

    assert sorted(found, key=str) == sorted(expected, key=str)


def test_every_type_of_value_is_what_it_was(cloud: Emulated) -> None:
    values: dict[str, Any] = {
        "text": {"S": "ü\u2028"},
        "number": {"N": "-1.5"},
        "binary": {"B": b"\x00\xff"},
        "binaries": {"BS": [b"\x00", b"\xff"]},
        "texts": {"SS": ["a", "b"]},
        "nested": {"M": {"list": {"L": [{"BOOL": True}, {"NULL": True}, {"B": b"x"}]}}},
    }

    cloud.put("a", **values)

    found = cloud.get("a") or {}
    assert {name: found[name] for name in values} == values


def test_indexes_are_there_again_after_a_restart(cloud: Emulated, tmp_path: Path) -> None:
    for n in range(3):
        cloud.put(f"lead{n}", gsi1pk={"S": "LEADS"}, gsi1sk={"S": str(n)})

    with emulated(tmp_path) as again:
        answer = again.client.query(
            TableName=TABLE,
            IndexName="GSI1",
            KeyConditionExpression="gsi1pk = :p",
            ExpressionAttributeValues={":p": {"S": "LEADS"}},
            ScanIndexForward=False,
            Limit=2,
        )

    assert [item["pk"]["S"] for item in answer["Items"]] == ["lead2", "lead1"]


def test_every_change_is_in_the_stream_once_with_both_images(cloud: Emulated) -> None:
    cloud.put("a", x={"S": "1"})
    cloud.put("a", x={"S": "1"})  # changes nothing
    cloud.client.transact_write_items(TransactItems=[_increment("b"), _put("a")])
    cloud.client.delete_item(TableName=TABLE, Key={"pk": {"S": "a"}, "sk": {"S": "#"}})

    changes = _changes(cloud)

    assert [c["eventName"] for c in changes] == ["INSERT", "INSERT", "MODIFY", "REMOVE"]
    assert changes[2]["dynamodb"]["OldImage"]["x"] == {"S": "1"}
    assert "x" not in changes[2]["dynamodb"]["NewImage"]
    assert changes[2]["dynamodb"]["Keys"] == {"pk": {"S": "a"}, "sk": {"S": "#"}}
    assert {c["eventSource"] for c in changes} == {"aws:dynamodb"}


def test_places_in_the_stream_only_rise_also_over_a_restart_and_when_the_clock_goes_back(
    cloud: Emulated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    falling = itertools.count(10**20, -1)
    monkeypatch.setattr(engine, "_next_stream_seq", lambda: str(next(falling)))
    cloud.put("a")
    cloud.put("b")
    first = [c["dynamodb"]["SequenceNumber"] for c in _changes(cloud)]
    cloud.journal.advance("reader", TABLE, cloud.journal.changes(TABLE, 0, 10)[-1][0])

    with emulated(tmp_path) as again:
        assert again.journal.changes(TABLE, 0, 10) == []
        again.put("c")
        (change,) = _changes(again)

    numbers = [*first, change["dynamodb"]["SequenceNumber"]]
    assert numbers == sorted(numbers)
    assert len(set(numbers)) == 3
    assert len({len(number) for number in numbers}) == 1


def test_what_no_reader_is_done_with_is_kept(cloud: Emulated, tmp_path: Path) -> None:
    cloud.journal.set_readers(TABLE, ["reader", "slow"])
    cloud.put("a")
    cloud.put("b")
    (first, _), (last, _) = cloud.journal.changes(TABLE, 0, 10)

    cloud.journal.advance("reader", TABLE, last)
    cloud.journal.advance("slow", TABLE, first)

    with emulated(tmp_path) as again:
        assert [number for number, _ in again.journal.changes(TABLE, 0, 10)] == [last]
        again.journal.advance("reader", TABLE, first)
        assert again.journal.position("reader") == last


def test_an_expired_item_leaves_the_table_for_good_and_the_stream_says_who_took_it(
    cloud: Emulated, tmp_path: Path
) -> None:
    cloud.put("old")
    reaper = threading.Thread(target=_reap_everything, name="dynamodb-ttl-reaper")

    reaper.start()
    reaper.join()

    assert _changes(cloud)[-1]["eventName"] == "REMOVE"
    assert _changes(cloud)[-1]["userIdentity"]["principalId"] == "dynamodb.amazonaws.com"
    with emulated(tmp_path) as again:
        assert again.get("old") is None


def _reap_everything() -> None:
    """As MiniStack's reaper does it: under its lock, past the functions that requests call."""
    with engine._lock:
        table = engine._tables[TABLE]
        for pk, items in list(table["items"].items()):
            for sk in list(items):
                engine._remove_item(table, pk, sk)


def test_the_reaper_of_expired_items_works_as_we_think() -> None:
    source = inspect.getsource(engine._ttl_reaper)

    assert "with _lock:" in source
    assert "_remove_item(" in source
    assert any(thread.name == "dynamodb-ttl-reaper" for thread in threading.enumerate())


# -- one transaction is one transaction


def test_a_refused_transaction_leaves_nothing_and_says_why(cloud: Emulated) -> None:
    cloud.put("taken")
    before = len(_changes(cloud))

    with pytest.raises(ClientError) as refused:
        cloud.client.transact_write_items(
            TransactItems=[_put("new"), _put("taken", ConditionExpression="attribute_not_exists(pk)")]
        )

    assert refused.value.response["Error"]["Code"] == "TransactionCanceledException"
    reasons = [reason["Code"] for reason in refused.value.response["CancellationReasons"]]
    assert reasons == ["None", "ConditionalCheckFailed"]
    assert cloud.get("new") is None
    assert len(_changes(cloud)) == before


def test_a_failed_condition_gives_the_item_that_was_in_the_way(cloud: Emulated) -> None:
    cloud.put("a", x={"S": "there"})

    with pytest.raises(cloud.client.exceptions.ConditionalCheckFailedException) as failed:
        cloud.client.put_item(
            TableName=TABLE,
            Item={"pk": {"S": "a"}, "sk": {"S": "#"}},
            ConditionExpression="attribute_not_exists(pk)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )

    assert failed.value.response["Item"]["x"] == {"S": "there"}


@pytest.mark.parametrize("broken", ["_emit_stream_event", "_build_change_record"])
def test_a_request_that_breaks_half_way_is_undone(
    cloud: Emulated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    indexed = {"gsi1pk": {"S": "ALL"}, "gsi1sk": {"S": "1"}}
    cloud.put("a", x={"S": "before"}, **indexed)
    before = _in_index(cloud, "ALL")
    whole = getattr(engine, broken)
    calls = iter([whole])

    def break_second_time(*args: Any, **kwargs: Any) -> Any:
        return next(calls)(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(engine, broken, break_second_time)
        with pytest.raises(RuntimeError):
            cloud.client.transact_write_items(TransactItems=[_put("a"), _put("b")])

    assert cloud.get("a") == {"pk": {"S": "a"}, "sk": {"S": "#"}, "x": {"S": "before"}, **indexed}
    assert cloud.get("b") is None
    assert _in_index(cloud, "ALL") == before
    assert len(_changes(cloud)) == 1
    with emulated(tmp_path) as again:
        assert again.get("b") is None


def test_a_write_that_cannot_be_kept_did_not_happen(cloud: Emulated, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(cloud.journal, "commit", full)
        with pytest.raises(OSError, match="no space"):
            cloud.put("a")

    assert cloud.get("a") is None


def test_a_client_request_token_makes_a_repeat_do_nothing(cloud: Emulated) -> None:
    for _ in range(3):
        cloud.client.transact_write_items(TransactItems=[_increment("n")], ClientRequestToken="one")
    with pytest.raises(ClientError) as mismatch:
        cloud.client.transact_write_items(TransactItems=[_increment("other")], ClientRequestToken="one")

    assert (cloud.get("n") or {})["n"] == {"N": "1"}
    assert mismatch.value.response["Error"]["Code"] == "IdempotentParameterMismatchException"


def test_concurrent_transactions_are_one_after_another(cloud: Emulated, tmp_path: Path) -> None:
    rounds = 50

    def work(_: int) -> None:
        for _ in range(rounds):
            cloud.client.transact_write_items(TransactItems=[_increment("left"), _increment("right")])

    def watch(_: int) -> list[bool]:
        keys = [{"pk": {"S": pk}, "sk": {"S": "#"}} for pk in ("left", "right")]
        gets = [{"Get": {"TableName": TABLE, "Key": key}} for key in keys]
        seen = []
        for _ in range(rounds):
            answers = cloud.client.transact_get_items(TransactItems=gets)["Responses"]
            seen.append(len({answer.get("Item", {}).get("n", {}).get("N") for answer in answers}) == 1)
        return seen

    with ThreadPoolExecutor(6) as pool:
        writers = [pool.submit(work, n) for n in range(4)]
        readers = [pool.submit(watch, n) for n in range(2)]
        assert all(all(reader.result()) for reader in readers)
        for writer in writers:
            writer.result()

    with emulated(tmp_path) as again:
        assert (again.get("left") or {})["n"] == {"N": str(4 * rounds)}


_WRITER = """
import sys
from pathlib import Path
from tests.contract.emulator import TABLE, Emulated
from tests.contract.test_emulator import _increment, _put
cloud = Emulated(Path(sys.argv[1]))
for n in range(100_000):
    cloud.client.transact_write_items(TransactItems=[_put(f"item{n}"), _increment("count")])
    print(n, flush=True)
"""


def test_what_was_acknowledged_before_a_kill_is_there_and_nothing_is_half_there(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _WRITER, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        for _ in range(300):
            line = writer.stdout.readline()
        writer.kill()
        acknowledged = int(line) + 1

    with emulated(tmp_path) as again:
        items = again.client.scan(TableName=TABLE)["Items"]
        count = int((again.get("count") or {})["n"]["N"])
        changes = _changes(again)

    assert count >= acknowledged
    assert {item["pk"]["S"] for item in items} == {"count", *(f"item{n}" for n in range(count))}
    assert len(changes) == 2 * count


def test_requests_over_the_emulators_port_take_the_same_way(cloud: Emulated) -> None:
    headers = {"x-amz-target": "DynamoDB_20120810.PutItem"}
    body = json.dumps({"TableName": TABLE, "Item": {"pk": {"S": "a"}, "sk": {"S": "#"}}}).encode()

    status, _, _ = asyncio.run(engine.handle_request("POST", "/", headers, body, {}))

    assert status == 200
    assert [c["eventName"] for c in _changes(cloud)] == ["INSERT"]
