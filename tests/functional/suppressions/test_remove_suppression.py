"""DELETE /suppressions/{suppression_id}."""

from __future__ import annotations

import pytest

from leadflow.campaigns import service as campaigns
from leadflow.campaigns import store
from leadflow.core import table
from tests.functional.wire import interrupted
from tests.harness import Answer, call

ADA = {"channel": "email", "address": "ada@example.com"}


def remove(suppression_id: str, **headers: str) -> Answer:
    return call("suppressions/remove_suppression", path={"suppression_id": suppression_id}, headers=headers)


def test_an_address_may_have_mail_again() -> None:
    suppression_id = call("suppressions/add_suppression", ADA).json["id"]

    assert remove(suppression_id, **{"if-match": '"9"'}).status == 412
    assert remove(suppression_id).status == 204

    assert campaigns.is_suppressed("email", "ada@example.com") is None
    assert remove(suppression_id).status == 404


def test_one_that_changes_meanwhile_goes_all_the_same() -> None:
    suppression_id = call("suppressions/add_suppression", ADA).json["id"]
    rival = {**ADA, "reason": "spam_report"}

    with interrupted(lambda: call("suppressions/add_suppression", rival), operation="DeleteItem"):
        assert remove(suppression_id).status == 204

    assert campaigns.is_suppressed("email", "ada@example.com") is None


def test_that_of_an_erased_person_stays() -> None:
    suppression_id = call("suppressions/add_suppression", ADA).json["id"]
    item = store.find_suppression(*ADA.values())
    assert item is not None
    item.address = store.ERASED_ADDRESS
    table.save(item)

    assert remove(suppression_id).status == 409
    assert campaigns.is_suppressed("email", "ada@example.com") == "manual"


@pytest.mark.parametrize("suppression_id", ["x", "01JZ0000000000000000000002", "!" * 26])
def test_no_such_suppression_is_not_found(suppression_id: str) -> None:
    assert remove(suppression_id).status == 404
