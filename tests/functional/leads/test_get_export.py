"""GET /exports/{export_id}."""

from __future__ import annotations

import pytest

from tests.functional.leads.large import begun
from tests.functional.leads.transfer import bucket
from tests.harness import call


@pytest.fixture(autouse=True)
def _bucket() -> None:
    bucket()


def test_an_export_says_how_far_it_is() -> None:
    export_id = begun(2)

    answer = call("leads/get_export", path={"export_id": export_id})

    assert answer.json == {
        "id": export_id,
        "status": "running",
        "rows": 0,
        "url": None,
        "error_message": None,
        "created_at": "2026-03-02T09:00:00.000Z",
        "updated_at": "2026-03-02T09:00:00.000Z",
        "completed_at": None,
    }


def test_no_export_is_a_404() -> None:
    assert call("leads/get_export", path={"export_id": "nothing"}).status == 404
