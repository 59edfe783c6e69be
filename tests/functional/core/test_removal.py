"""Removing by keys alone."""

from __future__ import annotations

import os

from leadflow.core import aws, removal


def put(pk: str, sk: str, about: str | None = None, rank: str = "") -> None:
    item = {"pk": {"S": pk}, "sk": {"S": sk}, "type": {"S": "Anything"}}
    if about:
        item |= {"gsi2pk": {"S": f"LEAD#{about}"}, "gsi2sk": {"S": rank}}
    aws.client("dynamodb").put_item(TableName=os.environ["TABLE_NAME"], Item=item)


def test_a_partition_is_found_whole_and_nothing_beside_it() -> None:
    for sk in ("#META", "SIG#1", "STS#1"):
        put("LEAD#1", sk)
    put("LEAD#11", "#META")

    assert list(removal.keys_under("LEAD#1")) == [("LEAD#1", "#META"), ("LEAD#1", "SIG#1"), ("LEAD#1", "STS#1")]
    assert removal.remove(removal.keys_under("LEAD#1")) == 3
    assert list(removal.keys_under("LEAD#1")) == []
    assert list(removal.keys_under("LEAD#11")) == [("LEAD#11", "#META")]


def test_what_is_about_a_lead_is_found_over_pages_and_by_its_prefix_alone() -> None:
    """More than a page of 100, with other things before and behind."""
    for number in range(205):
        put(f"EM#{number}", "#", "1", f"EM#{number:03d}")
    for rank in ("A#1", "WX#1"):
        put(rank, "#", "1", rank)
    put("EM#x", "#", "2", "EM#000")

    assert list(removal.keys_about("1", "EM#")) == [(f"EM#{number}", "#") for number in range(205)]
    assert list(removal.keys_about("1", "WX#")) == [("WX#1", "#")]
    assert list(removal.keys_about("1", "Z#")) == []


def test_what_is_gone_may_be_removed_again_and_does_not_count() -> None:
    put("LEAD#1", "#META")
    assert removal.remove([("LEAD#1", "#META"), ("LEAD#2", "#META")]) == 1
    assert removal.remove([("LEAD#1", "#META")]) == 0
