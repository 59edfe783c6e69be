"""GET /leads/{lead_id}."""

from __future__ import annotations

import pytest

from leadflow.leads import service
from tests.functional.leads.people import added, signalled
from tests.functional.wire import watched
from tests.harness import Clock, call


def test_a_lead_comes_with_its_version() -> None:
    lead = added()

    answer = call("leads/get_lead", path={"lead_id": lead["id"]}, scopes="leads:read")

    assert (answer.status, answer.etag, answer.json) == (200, '"1"', lead)


def test_the_score_is_as_of_the_last_signal(clock: Clock) -> None:
    """So that it is the one by which lists are sorted."""
    lead = added()
    signalled(lead["id"], 80)

    clock.advance(days=30)

    assert call("leads/get_lead", path={"lead_id": lead["id"]}).json["score"] == 80


@pytest.mark.parametrize("lead_id", ["01KJPWD6M0NOSUCHLEAD000001", "#META", "../x", "x" * 3000])
def test_an_unknown_lead_is_not_found(lead_id: str) -> None:
    added()

    answer = call("leads/get_lead", path={"lead_id": lead_id})

    assert answer.status == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_id_longer_than_any_key_is_not_even_looked_for() -> None:
    with watched() as calls:
        assert service.find("x" * 2044) is None

    assert calls == []


def test_scopes() -> None:
    lead = added()
    assert call("leads/get_lead", path={"lead_id": lead["id"]}, scopes="campaigns:read").status == 403
    assert call("leads/get_lead", path={"lead_id": lead["id"]}, scopes=None).status == 401
