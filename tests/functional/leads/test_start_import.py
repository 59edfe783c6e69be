"""POST /imports."""

from __future__ import annotations

import urllib.parse

import pytest

from leadflow.core import aws
from leadflow.core.settings import settings
from leadflow.leads import service
from tests.functional.leads.announced import announced, work
from tests.functional.leads.transfer import bucket, counts, objects, shown_import
from tests.harness import Clock, call


@pytest.fixture(autouse=True)
def _bucket() -> None:
    bucket()


def uploaded(import_id: str, body: bytes) -> dict[str, object]:
    """Puts the file where it is awaited; gives the event that S3 puts on the default bus."""
    key = f"imports/uploads/{import_id}"
    aws.client("s3").put_object(Bucket=settings().bucket_name, Key=key, Body=body)
    return {"id": "s3", "detail-type": "import", "source": "aws.s3", "detail": {"object": {"key": key}}}


def test_a_place_is_opened_and_the_file_imported_when_it_is_there() -> None:
    answer = call("leads/start_import", query={"on_duplicate": "update", "format": "csv"})
    assert answer.status == 201
    assert answer.headers["location"] == f"/imports/{answer.json['id']}"
    link = urllib.parse.urlsplit(answer.json["upload_url"])
    assert link.path.endswith(f"imports/uploads/{answer.json['id']}")
    assert {"X-Amz-Signature", "X-Amz-Expires"} <= urllib.parse.parse_qs(link.query).keys()
    assert "checksum" not in link.query
    assert shown_import(answer.json["id"])["status"] == "waiting"

    assert work(uploaded(answer.json["id"], b"email\nada@example.com\n")) == []

    done = shown_import(answer.json["id"])
    assert (done["status"], done["on_duplicate"], counts(done)) == ("completed", "update", (1, 1, 0, 0, 0))
    assert objects() == []


def test_a_file_that_comes_when_all_is_over_is_removed() -> None:
    import_id = call("leads/start_import").json["id"]
    assert work(uploaded(import_id, b"email\nada@example.com\n")) == []

    assert work(uploaded(import_id, b"email\nbob@example.com\n")) == []

    assert counts(shown_import(import_id)) == (1, 1, 0, 0, 0)
    assert objects() == []


def test_without_word_of_the_file_reconcile_finds_it(clock: Clock) -> None:
    import_id = call("leads/start_import").json["id"]
    clock.advance(minutes=3)
    assert service.reconcile()["imports_requeued"] == 1
    assert work(*announced("import")) == []
    assert shown_import(import_id)["status"] == "waiting"

    uploaded(import_id, b"email\nada@example.com\n")
    clock.advance(minutes=3)
    assert service.reconcile()["imports_requeued"] == 1
    assert work(*announced("import")) == []

    assert shown_import(import_id)["status"] == "completed"


def test_a_file_that_never_comes_ends_the_import(clock: Clock) -> None:
    import_id = call("leads/start_import").json["id"]
    clock.advance(hours=25)

    service.reconcile()
    work(*announced("import"))

    assert (shown_import(import_id)["status"], "24 hours" in shown_import(import_id)["error_message"]) == (
        "failed",
        True,
    )
    clock.advance(hours=1)
    assert service.reconcile()["imports_requeued"] == 0


@pytest.mark.parametrize("body", [b"", b"name\nA\n", b"PK\x03\x04"])
def test_a_file_that_cannot_be_read_ends_the_import_with_the_reason(body: bytes) -> None:
    import_id = call("leads/start_import").json["id"]

    assert work(uploaded(import_id, body)) == []

    done = shown_import(import_id)
    assert (done["status"], counts(done)) == ("failed", (0, 0, 0, 0, 0))
    assert done["error_message"].startswith(("file: ", "header: "))
    assert objects() == []


def test_options_in_the_body_are_not_silently_dropped() -> None:
    answer = call("leads/start_import", {"on_duplicate": "update"})

    assert (answer.status, answer.json["errors"][0]["field"]) == (422, "body")
    assert call("leads/start_import", {}).status == 201
    assert call("leads/start_import", query={"format": "xlsx"}).json["errors"][0]["field"] == "format"
