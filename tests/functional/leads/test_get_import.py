"""GET /imports/{import_id}."""

from __future__ import annotations

import pytest

from leadflow.leads.service import importing
from tests.functional.leads.transfer import bucket, imported, posted, shown_import
from tests.harness import call


@pytest.fixture(autouse=True)
def _bucket() -> None:
    bucket()


def test_an_import_says_what_was_asked_and_how_far_it_is() -> None:
    import_id = posted("email\nada@example.com\n", dry_run="true", default_region="GB").json["id"]

    assert shown_import(import_id) == {
        "id": import_id,
        "status": "running",
        "format": "csv",
        "on_duplicate": "skip",
        "dry_run": True,
        "fire_triggers": True,
        "default_region": "GB",
        "progress": 0.0,
        "total": 0,
        "created": 0,
        "updated": 0,
        "skipped": 0,
        "failed": 0,
        "errors": [],
        "more_errors": False,
        "error_message": None,
        "created_at": "2026-03-02T09:00:00.000Z",
        "updated_at": "2026-03-02T09:00:00.000Z",
        "completed_at": None,
    }


def test_errors_come_in_the_order_of_rows_a_thousand_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "MAX_ERRORS", 100)
    done = imported("email\n" + "x\n" * 230)

    assert (done["failed"], done["more_errors"]) == (230, True)
    rows = [error["row"] for error in done["errors"]]
    while shown_import(done["id"], after_row=str(rows[-1]))["errors"]:
        rows += [error["row"] for error in shown_import(done["id"], after_row=str(rows[-1]))["errors"]]
    assert rows == list(range(1, 231))
    assert shown_import(done["id"], after_row="130")["more_errors"] is False


def test_no_import_is_a_404() -> None:
    assert call("leads/get_import", path={"import_id": "nothing"}).status == 404
