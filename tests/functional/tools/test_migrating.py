"""Data migrations on a table with old items: once, resumable, taken back, and no change of the product's is lost."""

from __future__ import annotations

from typing import Any

import pytest

from leadflow.core import aws, seams
from leadflow.core.settings import settings
from local.tools import migrating
from local.tools.migrating import CannotMigrate, Migration, Plain

OLD = 450


def raw(number: int) -> dict[str, Any]:
    key = {"pk": {"S": f"OLD#{number:04}"}, "sk": {"S": "#"}}
    found: dict[str, Any] = aws.client("dynamodb").get_item(TableName=settings().table_name, Key=key)["Item"]
    return found


def put(item: dict[str, Any]) -> None:
    aws.client("dynamodb").put_item(TableName=settings().table_name, Item=item)


@pytest.fixture
def old_items(cloud: seams.Seams) -> None:
    for number in range(OLD):
        version = {"v": {"N": "3"}} if number % 2 else {}
        put(
            {"pk": {"S": f"OLD#{number:04}"}, "sk": {"S": "#"}, "type": {"S": "Old"}, "colour": {"S": "red"}, **version}
        )


def rename(item: Plain) -> Plain | None:
    if item["type"] != "Old" or "colour" not in item:
        return None
    return {**{k: v for k, v in item.items() if k != "colour"}, "color": item["colour"]}


def rename_back(item: Plain) -> Plain | None:
    if item["type"] != "Old" or "color" not in item:
        return None
    return {**{k: v for k, v in item.items() if k != "color"}, "colour": item["color"]}


FIRST = Migration("m0001_color", "colour is called color", rename, rename_back)
ONE_WAY = Migration("m0002_one_way", "there is no way back", lambda item: None, None)


def test_it_is_applied_once_and_recorded(old_items: None) -> None:
    assert migrating.migrate([FIRST]) == {"m0001_color": OLD}
    assert migrating.migrate([FIRST]) == {}
    assert migrating.status([FIRST, ONE_WAY]) == [(FIRST, "applied"), (ONE_WAY, "pending")]
    assert raw(0)["color"] == raw(1)["color"] == {"S": "red"}
    assert (raw(0)["v"], raw(1)["v"]) == ({"N": "1"}, {"N": "4"})


def test_killed_in_the_middle_it_goes_on_from_there(old_items: None) -> None:
    looked_at: list[str] = []

    def dying(item: Plain) -> Plain | None:
        looked_at.append(item["pk"])
        if len(looked_at) == 300:
            raise KeyboardInterrupt
        return rename(item)

    with pytest.raises(KeyboardInterrupt):
        migrating.migrate([Migration(FIRST.name, FIRST.about, dying, rename_back)])
    assert migrating.status([FIRST]) == [(FIRST, "applying")]
    looked_at.clear()

    def going_on(item: Plain) -> Plain | None:
        looked_at.append(item["pk"])
        return rename(item)

    migrating.migrate([Migration(FIRST.name, FIRST.about, going_on, rename_back)])

    assert len(looked_at) < OLD
    assert all("color" in raw(number) and "colour" not in raw(number) for number in range(OLD))


def test_a_change_of_the_product_meanwhile_is_kept(old_items: None) -> None:
    def while_somebody_writes(item: Plain) -> Plain | None:
        if item["pk"] == "OLD#0007" and item["v"] == 3:
            put({**raw(7), "colour": {"S": "blue"}, "v": {"N": "4"}})
        return rename(item)

    migrating.migrate([Migration(FIRST.name, FIRST.about, while_somebody_writes, None)])

    assert (raw(7)["color"], raw(7)["v"]) == ({"S": "blue"}, {"N": "5"})


def test_the_last_one_is_taken_back(old_items: None) -> None:
    migrating.migrate([FIRST])

    assert migrating.rollback([FIRST, ONE_WAY]) == ("m0001_color", OLD)
    assert migrating.status([FIRST]) == [(FIRST, "pending")]
    assert raw(3)["colour"] == {"S": "red"}
    assert migrating.rollback([FIRST, ONE_WAY]) is None


def test_one_without_a_way_back_stays(old_items: None) -> None:
    migrating.migrate([FIRST, ONE_WAY])

    with pytest.raises(CannotMigrate, match="m0002_one_way has no way back"):
        migrating.rollback([FIRST, ONE_WAY])


def test_half_rolled_back_is_not_migrated_over(old_items: None) -> None:
    def dying(item: Plain) -> Plain | None:
        raise KeyboardInterrupt

    migrating.migrate([FIRST])
    with pytest.raises(KeyboardInterrupt):
        migrating.rollback([Migration(FIRST.name, FIRST.about, rename, dying)])
    with pytest.raises(CannotMigrate, match="half rolled back"):
        migrating.migrate([FIRST])

    assert migrating.rollback([FIRST]) == ("m0001_color", OLD)


def test_an_older_version_does_not_touch_a_newer_table(old_items: None) -> None:
    migrating.migrate([FIRST, ONE_WAY])

    with pytest.raises(CannotMigrate, match="m0002_one_way, which this version does not know"):
        migrating.migrate([FIRST])


def test_those_that_ship_are_in_order_and_say_what_they_do() -> None:
    names = [one.name for one in migrating.known()]

    assert names == sorted(names)
    assert all(one.about for one in migrating.known())
