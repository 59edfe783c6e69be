"""Imports of leads: a file comes with the request or after it, and a worker makes leads of its rows.

The file is in the bucket before anybody is told. The worker goes through it in steps: what some dozens of rows make,
why others failed, and how far it is are written in one transaction. So a worker may die on any line, and whatever is
done twice is done once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from itertools import islice
from typing import Any

from leadflow.core import clock, ids, table
from leadflow.core.errors import InvalidInput, NotFound, RateLimited, UnsupportedMediaType
from leadflow.core.observability import logger
from leadflow.core.table import Record
from leadflow.leads.service import import_files, jobs
from leadflow.leads.service.import_files import Row
from leadflow.leads.service.import_plans import Plan, plan
from leadflow.leads.service.writing import TURNS
from leadflow.leads.store import files, imported
from leadflow.leads.store import jobs as store

MAX_ERRORS = 1000
_FORMATS = {
    "text/csv": "csv",
    "application/csv": "csv",
    "text/tab-separated-values": "csv",
    "application/x-ndjson": "ndjson",
    "application/ndjson": "ndjson",
    "application/jsonl": "ndjson",
}
# How long a place for a file is kept open; the link to it works for an hour.
_UPLOAD_WITHIN = timedelta(hours=24)
_MAX_STEP_BYTES = 256 * 1024


def import_body(body: bytes, content_type: str | None, options: Mapping[str, Any]) -> Record:
    """Takes a file that came as a body, CSV or NDJSON by its content type.

    Raises UnsupportedMediaType, InvalidInput naming the option, `file` or `header` that is wrong.
    """
    file_format = _FORMATS.get((content_type or "").partition(";")[0].strip().lower())
    if file_format is None:
        raise UnsupportedMediaType("Leads come as text/csv or application/x-ndjson.")
    chosen = _options(file_format, options)
    import_files.check_head(body, file_format)
    import_id = ids.new_id()
    state = files.put(store.file_key(import_id, "running"), body)
    job = store.new_import(import_id, status="running", options={**chosen, "size": state.size, "file_tag": state.tag})
    jobs.announce(jobs.IMPORT, job.id)
    return _shown(job, [], more=False)


def start(body: bytes, options: Mapping[str, Any]) -> Record:
    """Opens a place for a file that is PUT to `upload_url` within an hour. Raises InvalidInput naming the option."""
    if body.strip() not in (b"", b"{}", b"null"):
        raise InvalidInput("body", "is not taken here: options are query parameters, the file goes to upload_url")
    chosen = _options(options.get("format") or "csv", options)
    job = store.new_import(ids.new_id(), status="waiting", options=chosen)
    shown = _shown(job, [], more=False)
    shown["upload_url"] = files.upload_link(job.file_key)
    return shown


def get(import_id: str, after_row: int | None = None) -> Record:
    """How far an import is, and up to 1,000 errors, those after a row where one is given. Raises NotFound."""
    job = store.find_import(import_id)
    if job is None:
        raise NotFound("import", import_id)
    errors = store.errors_after(import_id, after_row or 0, MAX_ERRORS + 1) if job.failed else []
    return _shown(job, errors[:MAX_ERRORS], more=len(errors) > MAX_ERRORS)


def work(import_id: str, owner: str, has_time: Callable[[], bool]) -> None:
    """The worker: goes on with an import while there is time, and then has it announced again.

    Does nothing when it is over or another worker is at it. Raises NotFound, RateLimited when others are in the way.
    """
    job = store.find_import(import_id)
    if job is None:
        raise NotFound("import", import_id)
    if job.is_over:
        _clear_away(job)
        return
    if job.is_held_from(owner) or not _has_file(job):
        return
    try:
        _work_on(job, owner, has_time)
    except table.Stale:
        # Another worker has it now, as an announcement may come twice.
        logger().info("import taken by another worker", import_id=import_id)


def _work_on(job: store.ImportJob, owner: str, has_time: Callable[[], bool]) -> None:
    if job.attempts >= store.MAX_ATTEMPTS:
        _end(job, "failed", f"given up: {store.MAX_ATTEMPTS} workers in a row did not get on")
        return
    store.take(job, owner)
    try:
        begin = import_files.opened(job)
        done = _steps(job, import_files.rows(job, begin), has_time)
    except InvalidInput as error:
        _end(job, "failed", error.detail)
    except files.FileGone:
        _end(job, "failed", "file: was removed or replaced while it was read")
    else:
        if done:
            _end(job, "completed")
        else:
            store.release(job)
            jobs.announce(jobs.IMPORT, job.id)


def _steps(job: store.ImportJob, rows: Iterator[Row], has_time: Callable[[], bool]) -> bool:
    """Goes through the rows step by step; whether it came to the end of them."""
    waiting: list[Row] = []
    while has_time():
        waiting += islice(rows, store.MAX_ROWS - len(waiting))
        if not waiting:
            return True
        del waiting[: _step(job, waiting)]
    return False


def _step(job: store.ImportJob, rows: list[Row]) -> int:
    """Decides on rows and writes what they make; gives how many that were.

    Rows that others are in the way of are decided again, fewer at a time. Raises table.Stale when the job is another
    worker's, RateLimited when no turn was enough.
    """
    before = {name: getattr(job, name) for name in ("position", "attempts", "total", "created", "updated")}
    before |= {name: getattr(job, name) for name in ("skipped", "failed")}
    version, most = job.v, len(rows)
    for _ in TURNS:
        made = plan(job, _one_step_of(rows[:most]))
        if not made.rows:
            continue
        _count(job, made, rows)
        try:
            imported.commit(job, made.writings, int(before["total"]) + 1, made.errors)
        except table.TransactionRefused:
            for name, value in before.items():
                setattr(job, name, value)
            found = store.find_import(job.id)
            if found is None or found.v != version:
                raise table.Stale(job.pk) from None
            most = max(1, most // 2)
        else:
            return made.rows
    raise RateLimited(f"Import {job.id} is being crowded out.")


def _one_step_of(rows: list[Row]) -> list[Row]:
    """As many of these rows, one at least, as weigh no more than one step may."""
    weight = 0
    for count, row in enumerate(rows):
        weight += row.size
        if count and weight > _MAX_STEP_BYTES:
            return rows[:count]
    return rows


def _count(job: store.ImportJob, made: Plan, rows: list[Row]) -> None:
    job.position, job.attempts = rows[made.rows - 1].end, 0
    job.total += made.rows
    for verdict, count in made.counts.items():
        setattr(job, verdict, getattr(job, verdict) + count)


def _has_file(job: store.ImportJob) -> bool:
    """Whether the file is there, which then is the one that is imported; one that never comes ends the import."""
    if job.status != "waiting":
        return True
    state = files.state_of(job.file_key)
    if state is None:
        if clock.parse(str(job.created_at)) + _UPLOAD_WITHIN < clock.now():
            _end(job, "failed", "file: did not come within 24 hours")
        return False
    job.status, job.size, job.file_tag = "running", state.size, state.tag
    return True


def _end(job: store.ImportJob, status: str, why: str | None = None) -> None:
    store.end(job, status, why)
    _clear_away(job)


def _clear_away(job: store.ImportJob) -> None:
    """Removes the file of an import that is over, also one that came late; reconcile comes back until it is noted."""
    files.remove(job.file_key)
    if job.gsi3pk:
        store.file_is_gone(job)


def _options(file_format: str, given: Mapping[str, Any]) -> dict[str, Any]:
    region = (given.get("default_region") or "").upper() or None
    import_files.check_region(region)
    return {
        "format": file_format,
        "on_duplicate": given.get("on_duplicate") or "skip",
        "dry_run": bool(given.get("dry_run")),
        "fire_triggers": given.get("fire_triggers") is not False,
        "default_region": region,
    }


def _shown(job: store.ImportJob, errors: list[dict[str, object]], *, more: bool) -> Record:
    shown = job.record()
    shown["errors"], shown["more_errors"] = errors, more
    return shown
