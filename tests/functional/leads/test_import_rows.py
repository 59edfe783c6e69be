"""The worker of imports."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadflow.core import aws
from leadflow.core.settings import settings as product_settings
from leadflow.leads import service
from leadflow.leads.store import files
from tests.functional.leads.announced import Impatient, announced, die_five_times, work, work_all
from tests.functional.leads.erasing import erase
from tests.functional.leads.people import added, patched
from tests.functional.leads.transfer import (
    all_leads,
    bucket,
    counts,
    emptied,
    imported,
    lead_of,
    objects,
    posted,
    shown_import,
)
from tests.functional.wire import Killed, interrupted, killed_at, refused, stored, watched
from tests.functional.wire import counts as items
from tests.functional.workflows.engine import Engine
from tests.harness import Clock, call


@pytest.fixture(autouse=True)
def _bucket() -> None:
    bucket()


def file_of(count: int) -> str:
    """Rows of all kinds: new, twice in the file, on file, wrong."""
    lines = ["email,name,phone,tags"]
    for number in range(count):
        email = "twice@example.com" if number % 10 == 3 else f"p{number}@example.com"
        phone = f"+4420794{60000 + number}" if number % 2 else ""
        lines.append(f"{'' if number % 7 == 5 else email},Person {number},{phone},t{number}")
    return "\n".join(lines) + "\n"


def outcome(import_id: str) -> tuple[Any, ...]:
    """What is left of an import: its counts and errors, and the leads without times and ids."""
    done = shown_import(import_id)
    timeless = [
        {name: value for name, value in lead.items() if name not in ("id", "created_at", "updated_at")}
        for lead in all_leads()
    ]
    leads = sorted(json.dumps(lead, sort_keys=True) for lead in timeless)
    return done["status"], counts(done), done["errors"], leads


@pytest.fixture(params=["skip", "update"])
def clean(request: pytest.FixtureRequest) -> tuple[str, tuple[Any, ...]]:
    """What one run makes of the file, without anything in its way, before the test's own leads are there."""
    bucket()
    added("p8@example.com", phone="+442079460999")
    found = outcome(imported(file_of(70), on_duplicate=request.param)["id"])
    emptied()
    return request.param, found


@pytest.mark.parametrize("sent", [False, True])
@pytest.mark.parametrize("number", [2, 4, 6, 8])
def test_x47_killed_twice_it_equals_one_clean_run(
    number: int, clean: tuple[str, tuple[Any, ...]], clock: Clock, *, sent: bool
) -> None:
    mode, expected = clean
    added("p8@example.com", phone="+442079460999")
    import_id = posted(file_of(70), on_duplicate=mode).json["id"]

    for _ in range(2):
        with contextlib.suppress(Killed), killed_at(number, sent=sent):
            work(*announced("import"))
        clock.advance(minutes=7)
        service.reconcile()
    work_all()

    assert outcome(import_id) == expected
    assert objects() == []


def test_a_worker_that_never_gets_on_ends_the_import(clock: Clock) -> None:
    import_id = posted("email\nada@example.com\n").json["id"]
    die_five_times("import", clock, sent=False)

    work_all()

    done = shown_import(import_id)
    assert (done["status"], counts(done)) == ("failed", (0, 0, 0, 0, 0))
    assert "5 workers" in done["error_message"]
    assert objects() == []


def test_when_its_time_is_over_it_has_itself_announced_and_goes_on(
    clean: tuple[str, tuple[Any, ...]],
) -> None:
    mode, expected = clean
    added("p8@example.com", phone="+442079460999")
    import_id = posted(file_of(70), on_duplicate=mode).json["id"]

    assert work(*announced("import"), context=Impatient(1)) == []

    half = shown_import(import_id)
    assert (half["status"], 0 < half["total"] < 70, 0 < half["progress"] < 1) == ("running", True, True)
    work_all()
    assert outcome(import_id) == expected


def test_x47_a_step_is_no_larger_than_a_transaction_may_be() -> None:
    """DynamoDB takes 100 actions: each of these rows is three, and two are the job's."""
    lines = [f"p{number}@example.com,+4420794{60000 + number}" for number in range(40)]
    import_id = posted("email,phone\n" + "\n".join(lines)).json["id"]

    with watched() as operations:
        assert work(*announced("import")) == []

    assert operations.count("TransactWriteItems") == 2
    assert counts(shown_import(import_id)) == (40, 40, 0, 0, 0)


def test_announced_twice_and_late_it_is_done_once() -> None:
    import_id = posted(file_of(30)).json["id"]
    [event] = announced("import")

    assert work(event, event) == []
    assert work({**event, "id": "another"}) == []

    assert counts(shown_import(import_id))[0] == 30
    assert work({**event, "detail": {"id": "nothing"}}) == []


def test_a_worker_that_was_overtaken_stops() -> None:
    import_id = posted(file_of(70)).json["id"]
    [event] = announced("import")

    with interrupted(lambda: work(event), operation="TransactWriteItems"):
        assert work(event) == []

    assert counts(shown_import(import_id))[0] == 70
    emails = [lead["email"] for lead in all_leads()]
    assert len(emails) == len(set(emails))


def test_held_by_a_worker_it_is_left_to_it() -> None:
    import_id = posted(file_of(10)).json["id"]
    [event] = announced("import")
    with pytest.raises(Killed), killed_at(3, sent=False):
        work(event)

    assert work({**event, "id": "another"}) == []
    assert counts(shown_import(import_id))[0] == 0

    assert work(event) == []
    assert counts(shown_import(import_id))[0] == 10


@pytest.mark.parametrize("reason", ["TransactionConflict", "ConditionalCheckFailed"])
def test_rows_that_others_are_in_the_way_of_are_decided_again(reason: str) -> None:
    import_id = posted(file_of(10)).json["id"]

    with refused([reason], times=3):
        assert work(*announced("import")) == []

    assert counts(shown_import(import_id)) == (10, 9, 0, 0, 1)


def test_a_lead_that_is_made_meanwhile_is_a_duplicate() -> None:
    import_id = posted("email,company\nada@example.com,New\n", on_duplicate="update").json["id"]

    with interrupted(lambda: added("ada@example.com", company="Old"), operation="TransactWriteItems"):
        assert work(*announced("import")) == []

    assert counts(shown_import(import_id)) == (1, 0, 1, 0, 0)
    assert lead_of("ada@example.com")["company"] == "New"


def test_a_lead_that_is_changed_meanwhile_keeps_both_changes() -> None:
    lead = added("ada@example.com")
    import_id = posted("email,company\nada@example.com,New\n", on_duplicate="update").json["id"]

    with interrupted(lambda: patched(lead["id"], notes="Mine"), operation="TransactWriteItems"):
        assert work(*announced("import")) == []

    assert counts(shown_import(import_id)) == (1, 0, 1, 0, 0)
    assert (lead_of("ada@example.com")["company"], lead_of("ada@example.com")["notes"]) == ("New", "Mine")


def test_custom_fields_do_not_grow_without_bound() -> None:
    added("ada@example.com", custom={"old": "x" * 16_000})

    done = imported(f"email,more\nada@example.com,{'y' * 1000}\n", on_duplicate="update")

    assert [(error["row"], error["field"]) for error in done["errors"]] == [(1, "custom")]
    assert list(lead_of("ada@example.com")["custom"]) == ["old"]


@pytest.mark.parametrize("dry", ["true", "false"])
def test_a_dry_run_knows_what_a_lead_on_file_cannot_hold(dry: str) -> None:
    added("ada@example.com", custom={"old": "x" * 16_000})

    done = imported(f"email,more\nada@example.com,{'y' * 1000}\n", on_duplicate="update", dry_run=dry)

    assert (counts(done), done["errors"][0]["field"]) == ((1, 0, 0, 0, 1), "custom")


def test_x47_errors_of_one_step_are_no_larger_than_an_item_may_be() -> None:
    """DynamoDB takes 400 KB; a row whose consent is a list of nothings has fifty errors."""
    wrong = json.dumps({"email": "ada@example.com", "consent": {f"no-channel-{n}": {} for n in range(40)}})

    done = imported("\n".join([wrong] * 48 + ['{"email": "bob@example.com"}']), "application/x-ndjson")

    assert (done["status"], counts(done)) == ("completed", (49, 1, 0, 0, 48))
    sizes = [len(item["errors"]["S"]) for item in stored("ImportErrors")]
    assert max(sizes) <= 200 * 1024 < sum(sizes)
    assert done["more_errors"]


def test_a_thousand_columns_are_a_lead_or_a_clear_no() -> None:
    names = ",".join(f"c{number}" for number in range(999))
    values = ",".join(["v"] * 999)
    done = imported(f"email,{names}\na@example.com,{values}\nb@example.com,{values.replace('v', 'v' * 20)}\n")

    assert counts(done) == (2, 1, 0, 0, 1)
    assert [error["field"] for error in done["errors"]] == ["custom"]
    assert len(lead_of("a@example.com")["custom"]) == 999


@pytest.mark.parametrize("dry", ["true", "false"])
def test_an_erased_address_is_not_taken_again(dry: str) -> None:
    erase(added("ada@example.com", phone="+442079460018")["id"])

    done = imported("email,phone\nADA@example.com,\nbob@example.com,+442079460018\neve@example.com,\n", dry_run=dry)

    assert counts(done) == (3, 1, 0, 0, 2)
    assert [(e["row"], e["field"], "erased" in e["message"]) for e in done["errors"]] == [
        (1, "email", True),
        (2, "phone", True),
    ]


@pytest.mark.parametrize("mode", ["skip", "update"])
def test_erasing_while_it_runs_brings_nobody_back(mode: str) -> None:
    lead = added("ada@example.com")
    import_id = posted("email,company\nada@example.com,New\n", on_duplicate=mode).json["id"]

    with interrupted(lambda: erase(lead["id"]), operation="TransactWriteItems"):
        assert work(*announced("import")) == []

    done = shown_import(import_id)
    # Skipped before the person was erased, or refused after it.
    assert counts(done) == ((1, 0, 0, 1, 0) if mode == "skip" else (1, 0, 0, 0, 1))
    assert all_leads() == []


def test_a_dry_run_writes_no_lead_and_tells_what_a_run_would() -> None:
    tried = imported(file_of(60), dry_run="true")
    assert all_leads() == []
    assert items().keys() == {"ImportJob", "ImportErrors", "TriedIdentity"}
    assert "example.com" not in json.dumps(stored("TriedIdentity"))

    done = imported(file_of(60))

    assert counts(tried) == counts(done)
    assert [(e["row"], e["field"]) for e in tried["errors"]] == [(e["row"], e["field"]) for e in done["errors"]]


@pytest.mark.parametrize("fires", ["true", "false"])
def test_x48_triggers_fire_unless_they_are_asked_not_to(fires: str, clock: Clock) -> None:
    for kind in ("lead_created", "lead_status_changed"):
        workflow_id = call("workflows/create_workflow", {"name": kind}).json["id"]
        path = {"workflow_id": workflow_id}
        call("workflows/add_trigger", {"trigger_type": kind, "trigger_config": {}}, path=path)
        call("workflows/add_action", {"action_type": "wait", "action_config": {"days": 1}}, path=path)
        assert call("workflows/activate_workflow", path=path).status == 200
    added("ada@example.com")
    engine = Engine(clock)
    engine.changes()
    clock.advance(seconds=1)

    imported(
        "email,status\nada@example.com,contacted\nbob@example.com,new\n", on_duplicate="update", fire_triggers=fires
    )
    engine.deliver()
    assert len(engine.starts()) == (2 if fires == "true" else 0)

    patched(lead_of("bob@example.com")["id"], status="qualified")
    engine.deliver()
    assert len(engine.starts()) == 1


def test_nothing_of_the_file_is_in_logs_or_jobs(caplog: pytest.LogCaptureFixture) -> None:
    done = imported("email,notes,phone\nzebedee@example.com,Quill,020 1\nzebedee-2@example.com,,\nzebedee-2,x,\n")

    logged = " ".join(str(vars(record)) for record in caplog.records)
    kept = json.dumps([stored("ImportJob"), stored("ImportErrors")])
    assert counts(done)[0] == 3
    assert "zebedee" not in (logged + kept).lower()


def test_a_file_that_is_replaced_meanwhile_ends_the_import() -> None:
    import_id = posted(file_of(10)).json["id"]
    files.put(f"imports/{import_id}", b"email\nother@example.com\n")

    assert work(*announced("import")) == []

    done = shown_import(import_id)
    assert (done["status"], "replaced" in done["error_message"], all_leads()) == ("failed", True, [])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400))
def test_whatever_the_bytes_are_it_ends_and_every_row_has_a_verdict(body: bytes) -> None:
    key = aws.client("s3")
    job_id = call("leads/start_import").json["id"]
    key.put_object(Bucket=product_settings().bucket_name, Key=f"imports/uploads/{job_id}", Body=b"email,name\n" + body)

    event = {"id": "upload", "detail-type": "import", "detail": {"object": {"key": f"imports/uploads/{job_id}"}}}
    assert work(event) == []

    done = shown_import(job_id)
    total, *verdicts = counts(done)
    assert done["status"] in ("completed", "failed")
    assert total == sum(verdicts)
