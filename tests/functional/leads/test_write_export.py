"""The worker of exports."""

from __future__ import annotations

import contextlib
import urllib.parse
from typing import Any

import pytest

from leadflow.core import aws
from leadflow.core.settings import settings
from leadflow.leads import service
from leadflow.leads.store import jobs as job_store
from tests.functional.leads.announced import Impatient, announced, die_five_times, work, work_all
from tests.functional.leads.erasing import erase
from tests.functional.leads.large import begun
from tests.functional.leads.people import added
from tests.functional.leads.transfer import bucket, lead_of, objects, rows_of
from tests.functional.wire import Killed, interrupted, killed_at
from tests.harness import Clock, call


@pytest.fixture(autouse=True)
def _bucket() -> None:
    bucket()


def shown(export_id: str) -> dict[str, Any]:
    answer = call("leads/get_export", path={"export_id": export_id})
    assert answer.status == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


def fetched(export_id: str) -> bytes:
    url = urllib.parse.urlsplit(shown(export_id)["url"])
    assert "X-Amz-Signature" in url.query
    key = url.path.removeprefix("/").removeprefix(settings().bucket_name).removeprefix("/")
    body: bytes = aws.client("s3").get_object(Bucket=settings().bucket_name, Key=key)["Body"].read()
    return body


def test_the_file_is_written_and_linked() -> None:
    export_id = begun(130)

    work_all()

    done = shown(export_id)
    assert (done["status"], done["rows"], done["error_message"]) == ("completed", 130, None)
    emails = [row["email"] for row in rows_of(fetched(export_id))]
    assert sorted(emails) == sorted(f"p{number}@example.com" for number in range(130))


def test_a_worker_without_time_has_it_announced_again() -> None:
    export_id = begun(3)

    assert work(*announced(), context=Impatient(0)) == []

    assert shown(export_id)["status"] == "running"
    work_all()
    assert shown(export_id)["rows"] == 3


@pytest.mark.parametrize("sent", [False, True])
@pytest.mark.parametrize("number", range(1, 16, 2))
def test_killed_twice_it_comes_to_the_same_file(number: int, *, sent: bool, clock: Clock) -> None:
    export_id = begun(5, status="new")
    added("other@example.com", status="contacted")
    for _ in range(2):
        with contextlib.suppress(Killed), killed_at(number, sent=sent):
            work(*announced("export"))
        clock.advance(minutes=7)
        service.reconcile()
    work_all()

    assert shown(export_id)["status"] == "completed"
    assert len(rows_of(fetched(export_id))) == 5


def test_a_worker_that_never_gets_on_ends_the_export(clock: Clock) -> None:
    export_id = begun(1)
    die_five_times("export", clock, sent=True)

    work_all()

    assert shown(export_id)["status"] == "failed"
    assert "5 workers" in shown(export_id)["error_message"]


def test_after_its_time_the_file_goes(clock: Clock) -> None:
    export_id = begun(1)
    work_all()
    clock.advance(days=7, minutes=1)

    assert service.reconcile()["exports_expiring"] == 1
    work_all()

    assert (shown(export_id)["status"], shown(export_id)["url"], objects()) == ("expired", None, [])
    clock.advance(days=1)
    assert service.reconcile()["exports_expiring"] == 0


def test_erasing_a_person_ends_exports_they_may_be_in(clock: Clock) -> None:
    finished = begun(1)
    work_all()
    clock.advance(seconds=1)
    running = begun(0)
    clock.advance(seconds=1)
    erase(lead_of("p0@example.com")["id"])
    clock.advance(seconds=1)
    later = begun(0)

    work(*announced("erasure"))
    work_all()

    assert [shown(one)["status"] for one in (finished, running)] == ["failed", "failed"]
    assert "erased" in shown(finished)["error_message"]
    assert objects() == [] or objects() == [f"exports/{later}.csv"]


def test_an_erasure_while_the_file_is_finished_leaves_no_file(clock: Clock) -> None:
    export_id = begun(1)
    [event] = announced("export")
    clock.advance(seconds=1)
    lead_id = lead_of("p0@example.com")["id"]

    calls = 0

    def rival() -> None:
        """Comes when the worker has taken the job and put the file together, and is about to say so."""
        nonlocal calls
        calls += 1
        if calls == 2:
            erase(lead_id)
            work(*announced("erasure"))

    with interrupted(rival, operation="PutItem", times=2):
        assert work(event) == []

    assert shown(export_id)["status"] == "failed"
    assert objects() == []


def test_a_worker_removes_what_it_wrote_of_an_export_that_was_ended(clock: Clock) -> None:
    """Who ended it has died before it could remove the file."""
    export_id = begun(1)
    [event] = announced("export")
    calls = 0

    def rival() -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            job = job_store.find_export(export_id)
            assert job is not None
            job_store.end(job, "failed", "ended")

    with interrupted(rival, operation="PutItem", times=2):
        assert work(event) == []

    assert objects() == []
    clock.advance(minutes=7)
    assert service.reconcile()["exports_expiring"] == 1
    work_all()
    assert (shown(export_id)["status"], service.reconcile()["exports_expiring"]) == ("failed", 0)
