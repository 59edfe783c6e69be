"""The few ways items are read and written."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import PutError, TransactWriteError

from leadflow.core import aws, ids, table
from leadflow.core import clock as time
from tests.functional.wire import refused, watched
from tests.harness import Clock


class Pebble(table.Item, discriminator="TestPebble"):
    record_fields = ("name", "weight", "created_at")

    name = UnicodeAttribute(null=True)
    weight = NumberAttribute(null=True)


class Stick(table.Item, discriminator="TestStick"):
    pass


def pebble(key: str = "P#1", sort: str = "#", **fields: Any) -> Pebble:
    return Pebble(pk=key, sk=sort, **fields)


def found(key: str = "P#1", sort: str = "#") -> Pebble:
    item = table.find(Pebble, key, sort)
    assert item is not None
    return item


def test_a_new_item_is_found_with_its_times_and_version(clock: Clock) -> None:
    table.create(pebble(name="a"))
    clock.advance(minutes=1)
    item = found()
    item.weight = 2
    table.save(item)

    again = found()
    assert (again.v, again.created_at, again.updated_at) == (2, "2026-03-02T09:00:00.000Z", "2026-03-02T09:01:00.000Z")
    assert again.record() == {"name": "a", "weight": 2, "created_at": "2026-03-02T09:00:00.000Z"}
    assert again.record().version == 2


def test_a_record_has_null_where_the_item_has_nothing() -> None:
    assert table.create(pebble()).record() == {"name": None, "weight": None, "created_at": "2026-03-02T09:00:00.000Z"}


def test_a_lost_answer_says_that_it_is_lost() -> None:
    """Not that something is missing in the error: the write may have been done, and nobody may take it for refused."""

    def lose(**_: Any) -> None:
        raise ReadTimeoutError(endpoint_url="https://aws.invalid")

    events = aws.client("dynamodb").meta.events
    events.register("after-call", lose)
    try:
        with pytest.raises(PutError):
            table.create(pebble())
        with pytest.raises(TransactWriteError), table.transaction() as writes:
            writes.save(pebble("P#2"))
    finally:
        events.unregister("after-call", lose)
    assert found("P#1").v == found("P#2").v == 1


def test_a_taken_key_is_not_overwritten() -> None:
    table.create(pebble(name="first"))

    with pytest.raises(table.AlreadyThere):
        table.create(pebble(name="second"))

    assert found().name == "first"


def test_a_repeated_creation_gives_the_item_in_force() -> None:
    with ids.repeatable(time.now(), "cause"):
        table.create(pebble(name="first"))
    with ids.repeatable(time.now(), "cause"):
        assert table.create(pebble(name="second")).name == "first"


def test_a_repeated_creation_does_not_take_an_item_of_another_kind_for_its_own() -> None:
    table.create(Stick(pk="P#1", sk="#"))

    with ids.repeatable(time.now(), "cause"), pytest.raises(table.AlreadyThere):
        table.create(pebble())


def test_who_read_an_older_version_writes_nothing() -> None:
    table.create(pebble(name="a"))
    one, two = found(), found()
    one.name = "one"
    table.save(one)
    two.name = "two"

    with pytest.raises(table.Stale):
        table.save(two)
    with pytest.raises(table.Stale):
        table.change(two, [Pebble.name.set("two")])
    with pytest.raises(table.Stale):
        table.remove(two)

    assert found().name == "one"
    table.save(one)
    table.remove(one)
    assert table.find(Pebble, "P#1", "#") is None


def test_a_change_holds_what_is_stored(clock: Clock) -> None:
    item = table.create(pebble(name="a", weight=1))
    rival = found()
    table.change(rival, [Pebble.weight.set(5)])
    clock.advance(seconds=1)

    table.change(item, [Pebble.name.set("b")], any_version=True)

    assert (item.name, item.weight, item.v, item.updated_at) == ("b", 5, 3, "2026-03-02T09:00:01.000Z")
    assert found().record() == item.record()


def test_a_change_of_nothing_there_creates_nothing() -> None:
    with pytest.raises(table.Stale):
        table.change(pebble(), [Pebble.name.set("b")], any_version=True)

    assert table.find(Pebble, "P#1", "#") is None


def test_a_condition_beside_the_version() -> None:
    item = table.create(pebble(weight=1))

    with pytest.raises(table.Stale):
        table.change(item, [Pebble.name.set("b")], Pebble.weight > 1)
    with pytest.raises(table.Stale):
        table.remove(item, Pebble.weight > 1)
    with pytest.raises(table.Stale):
        table.save(item, Pebble.weight > 1)
    table.change(item, [Pebble.name.set("b")], Pebble.weight == 1)

    assert (found().name, found().v) == ("b", 2)


def test_an_item_of_another_kind_is_not_found() -> None:
    table.create(Stick(pk="P#1", sk="#"))

    assert table.find(Pebble, "P#1", "#") is None
    assert table.find_many(Pebble, [("P#1", "#")]) == []


@pytest.mark.parametrize(("key", "sort"), [("é" * 1025, "#"), ("P#1", "é" * 513)])
def test_a_longer_key_than_there_can_be_is_not_looked_for(key: str, sort: str) -> None:
    with watched() as calls:
        assert table.find(Pebble, key, sort) is None

    assert calls == []


def test_many_are_found_in_the_order_asked_for() -> None:
    numbers = range(205)
    with table.transaction() as writes:
        for number in numbers[:100]:
            writes.save(pebble(f"P#{number}"))
    for number in numbers[100:]:
        table.create(pebble(f"P#{number}"))
    wanted = [(f"P#{number}", "#") for number in reversed(numbers)]

    with watched() as calls:
        items = table.find_many(Pebble, [*wanted[:3], ("P#none", "#"), *wanted])

    assert [item.pk for item in items] == [key for key, _ in wanted]
    assert calls == ["BatchGetItem"] * 3
    assert table.find_many(Pebble, []) == []


def test_a_transaction_is_all_or_nothing_and_says_what_failed() -> None:
    table.create(pebble("P#1"))
    old = table.create(pebble("P#2"))

    def write() -> None:
        with table.transaction() as writes:
            writes.save(pebble("P#3"), condition=Pebble.pk.does_not_exist())
            writes.save(pebble("P#1"), condition=Pebble.pk.does_not_exist())
            writes.delete(old)

    with pytest.raises(table.TransactionRefused) as caught:
        write()

    # Deletes are judged before puts.
    assert [caught.value.failed(n) for n in range(4)] == [False, False, True, False]
    assert not caught.value.contended
    assert table.find(Pebble, "P#3", "#") is None
    assert found("P#2").v == 1


@pytest.mark.parametrize("reason", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_transaction_that_met_other_work_is_contended(reason: str) -> None:
    def write() -> None:
        with table.transaction() as writes:
            writes.save(pebble("P#1"))
            writes.save(pebble("P#2"))

    with refused(["None", reason], times=1), pytest.raises(table.TransactionRefused) as caught:
        write()

    assert caught.value.contended
    assert not caught.value.failed(1)


def test_a_fault_inside_a_transaction_sends_nothing() -> None:
    def write() -> None:
        with table.transaction() as writes:
            writes.save(pebble())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()

    assert table.find(Pebble, "P#1", "#") is None


@pytest.mark.parametrize("newest_first", [True, False])
def test_items_of_a_partition_in_order_from_beyond_one(newest_first: bool) -> None:
    for sort in ("A#1", "B#1", "B#2", "B#3", "B#\U0001f600", "C#1"):
        table.create(pebble("P", sort))
    order = ["B#1", "B#2", "B#3", "B#\U0001f600"]
    if newest_first:
        order.reverse()

    def sorts(**window: Any) -> list[str]:
        items = table.query_items(Pebble, "P", prefix="B#", newest_first=newest_first, **window)
        return [item.sk for item in items]

    assert sorts() == order
    assert sorts(limit=2) == order[:2]
    assert sorts(after=order[1]) == order[2:]
    assert sorts(after=order[0], limit=2) == order[1:3]
    table.remove(found("P", order[1]))
    assert sorts(after=order[1], limit=2) == order[2:]
    assert sorts(after=order[3]) == []


def test_keys_of_an_index_partition() -> None:
    for name in ("a1", "a2", "a3", "b1"):
        table.create(pebble(f"P#{name}", gsi1pk="ALL", gsi1sk=name))
    table.create(pebble("P#other", gsi1pk="OTHER", gsi1sk="a9"))

    def names(**window: Any) -> list[str]:
        return [key[0] for key in table.query_keys("GSI1", "ALL", **window)]

    assert names(limit=9) == ["b1", "a3", "a2", "a1"]
    assert names(limit=2, newest_first=False) == ["a1", "a2"]
    assert names(limit=9, prefix="a") == ["a3", "a2", "a1"]
    assert names(limit=9, prefix="a", after="a3") == ["a2", "a1"]
    assert names(limit=9, prefix="a", after="a2", newest_first=False) == ["a3"]
    assert table.query_keys("GSI1", "OTHER", limit=9) == [("a9", "P#other", "#")]


def test_an_image_of_an_unknown_kind_is_no_item() -> None:
    assert table.from_image({"pk": {"S": "X"}, "sk": {"S": "#"}, "type": {"S": "Unheard"}}) is None
    assert table.from_image({"pk": {"S": "X"}, "sk": {"S": "#"}}) is None
    known = table.from_image({"pk": {"S": "X"}, "sk": {"S": "#"}, "type": {"S": "TestPebble"}, "name": {"S": "n"}})
    assert isinstance(known, Pebble)
    assert known.name == "n"
