"""A table's changes reach their reader in order, all of them, whatever fails on the way."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from local.emulator.journal import Journal
from local.host import streams
from local.host.streams import StreamReader, source

TABLE = "table"
READER = "Reader"
_WAIT_SECONDS = 20


class Host:
    """Stands in for the function host: calls one function with each batch and notes what it saw."""

    def __init__(self, function: Callable[[list[str]], Any]) -> None:
        self._function = function
        self.batches: list[list[str]] = []

    def invoke(self, name: str, event: Any) -> Any:
        assert name == READER
        records = [record["dynamodb"]["NewImage"]["id"]["S"] for record in event["Records"]]
        self.batches.append(records)
        return self._function(records)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(Journal(tmp_path / "j.db")) as opened:
        opened.set_readers(TABLE, [READER])
        yield opened


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_FIRST_PAUSE", 0.0)
    monkeypatch.setattr(streams, "_LONGEST_PAUSE", 0.0)


def _write(journal: Journal, *ids: str) -> None:
    first = journal.next_change
    changes = [
        (
            number,
            TABLE,
            json.dumps(
                {
                    "eventName": "INSERT",
                    "dynamodb": {
                        "SequenceNumber": f"{number:06d}",
                        "ApproximateCreationDateTime": 0,
                        "NewImage": {"id": {"S": name}},
                    },
                }
            ),
        )
        for number, name in enumerate(ids, first)
    ]
    journal.commit({}, changes)


def _sequence(journal: Journal, name: str) -> str:
    records = [json.loads(body) for _, body in journal.changes(TABLE, 0, 100)]
    found: str = next(r["dynamodb"]["SequenceNumber"] for r in records if r["dynamodb"]["NewImage"]["id"]["S"] == name)
    return found


@contextmanager
def _reading(
    journal: Journal, host: Host, done: threading.Event, notes: list[Any] | None = None, **properties: Any
) -> Iterator[None]:
    reader = StreamReader(
        source(READER, TABLE, "arn:stream", properties), journal, host, (notes if notes is not None else []).append
    )
    reader.start()
    try:
        yield
        assert done.wait(_WAIT_SECONDS)
    finally:
        reader.stop()
    assert not reader.alive


def test_changes_arrive_in_order_also_those_written_later(journal: Journal) -> None:
    seen: list[str] = []
    done = threading.Event()

    def function(ids: list[str]) -> None:
        seen.extend(ids)
        if len(seen) == 5:
            done.set()

    _write(journal, "a", "b", "c")
    with _reading(journal, Host(function), done, BatchSize=2):
        _write(journal, "d", "e")

    assert seen == ["a", "b", "c", "d", "e"]


def test_what_was_delivered_is_not_delivered_again_and_not_kept(journal: Journal) -> None:
    done = threading.Event()
    _write(journal, "a", "b")

    with _reading(journal, Host(lambda _: done.set()), done):
        pass

    assert journal.position(READER) == 2
    assert journal.changes(TABLE, 0, 10) == []


def test_a_batch_that_fails_is_delivered_again(journal: Journal) -> None:
    done = threading.Event()
    failures = iter([True, True, False])

    def function(_: list[str]) -> None:
        if next(failures):
            raise RuntimeError
        done.set()

    host = Host(function)
    _write(journal, "a", "b")
    with _reading(journal, host, done):
        pass

    assert host.batches == [["a", "b"]] * 3


def test_what_comes_before_a_reported_failure_is_done_with(journal: Journal) -> None:
    done = threading.Event()
    _write(journal, "a", "b", "c", "d")
    failed = _sequence(journal, "c")
    answers = iter([{"batchItemFailures": [{"itemIdentifier": failed}]}, {"batchItemFailures": []}])

    def function(_: list[str]) -> Any:
        answer = next(answers)
        if not answer["batchItemFailures"]:
            done.set()
        return answer

    host = Host(function)
    with _reading(journal, host, done):
        pass

    assert host.batches == [["a", "b", "c", "d"], ["c", "d"]]


def test_a_batch_is_halved_until_the_culprit_stands_alone_and_is_given_up(journal: Journal) -> None:
    done = threading.Event()
    good: list[str] = []
    notes: list[Any] = []

    def function(ids: list[str]) -> None:
        if "bad" in ids:
            raise RuntimeError
        good.extend(ids)
        if "d" in ids:
            done.set()

    _write(journal, "a", "b", "bad", "c", "d")
    culprit = _sequence(journal, "bad")
    with _reading(journal, Host(function), done, notes, BisectBatchOnFunctionError=True, MaximumRetryAttempts=3):
        pass

    assert good == ["a", "b", "c", "d"]
    (note,) = notes
    assert note["DDBStreamBatchInfo"]["startSequenceNumber"] == culprit
    assert note["DDBStreamBatchInfo"]["batchSize"] == 1
    assert "bad" not in json.dumps(note)


def test_a_batch_that_got_too_old_is_given_up(journal: Journal) -> None:
    notes: list[Any] = []
    done = threading.Event()

    def function(ids: list[str]) -> None:
        if ids == ["later"]:
            done.set()
            return
        _write(journal, "later")
        raise RuntimeError

    _write(journal, "old")
    with _reading(journal, Host(function), done, notes, MaximumRecordAgeInSeconds=60):
        pass

    assert len(notes) == 1


def test_only_what_the_filter_lets_through_is_delivered_and_the_rest_is_done_with(journal: Journal) -> None:
    done = threading.Event()
    host = Host(lambda _: done.set())
    pattern = {"dynamodb": {"NewImage": {"id": {"S": ["b"]}}}}
    _write(journal, "a", "b", "c")

    with _reading(journal, host, done, FilterCriteria={"Filters": [{"Pattern": json.dumps(pattern)}]}):
        pass

    assert host.batches == [["b"]]
    assert journal.position(READER) == 3


def test_a_reader_goes_on_where_the_last_run_ended(journal: Journal, tmp_path: Path) -> None:
    first = threading.Event()
    _write(journal, "a")
    with _reading(journal, Host(lambda _: first.set()), first):
        pass
    _write(journal, "b")

    second = threading.Event()
    host = Host(lambda _: second.set())
    with closing(Journal(tmp_path / "j.db")) as again:
        again.set_readers(TABLE, [READER])
        with _reading(again, host, second):
            pass

    assert host.batches == [["b"]]
