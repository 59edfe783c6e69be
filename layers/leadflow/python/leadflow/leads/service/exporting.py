"""Exports of leads as CSV: at once while that fits into an answer, else by a worker into a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from leadflow.core import clock, ids, table
from leadflow.core.errors import NotFound
from leadflow.core.observability import logger
from leadflow.core.table import Record
from leadflow.leads.rules import records
from leadflow.leads.service import jobs, leads
from leadflow.leads.store import files
from leadflow.leads.store import jobs as store

MAX_ANSWER_BYTES = 4 * 1000 * 1000
# The gateway gives up after 30 s.
_AT_ONCE_WITHIN = timedelta(seconds=12)
# S3 wants 5 MB for every part but the last.
_PART_BYTES = 6 * 1024 * 1024
_PAGE = 100
_TYPE = "text/csv; charset=utf-8"


def export(filters: Mapping[str, Any]) -> bytes | Record:
    """The leads that match all filters, newest first, as CSV; when that is much, the export that a worker makes of it.

    Raises InvalidInput for an address or number that is none.
    """
    until, cursor = clock.now() + _AT_ONCE_WITHIN, None
    text, size = [records.header()], 0
    while True:
        page = leads.page(limit=_PAGE, cursor=cursor, **filters)
        text += map(records.exported, page["items"])
        size += sum(len(line.encode()) for line in text[len(text) - len(page["items"]) :])
        cursor = page["next_cursor"]
        if size > MAX_ANSWER_BYTES or (cursor and clock.now() > until):
            break
        if cursor is None:
            return "".join(text).encode()
    job = store.new_export(ids.new_id(), {name: value for name, value in filters.items() if value is not None})
    jobs.announce(jobs.EXPORT, job.id)
    return job.record()


def get(export_id: str) -> Record:
    """How far an export is, and where its file can be fetched. Raises NotFound."""
    job = store.find_export(export_id)
    if job is None:
        raise NotFound("export", export_id)
    shown = job.record()
    shown["url"] = files.download_link(job.file_key) if job.status == "completed" else None
    return shown


def work(export_id: str, owner: str, has_time: Callable[[], bool]) -> None:
    """The worker: goes on writing an export while there is time, and then has it announced again.

    Does nothing when another worker is at it; of one that is over it removes the file when its time has come. Raises
    NotFound.
    """
    job = store.find_export(export_id)
    if job is None:
        raise NotFound("export", export_id)
    if job.is_over:
        _clear_away(job)
        return
    if job.is_held_from(owner):
        return
    try:
        _work_on(job, owner, has_time)
    except table.Stale:
        # It was ended, since a person was erased, or another worker has it.
        logger().info("export taken away", export_id=export_id)
        _drop_if_over(export_id)


def end_before(moment: str) -> int:
    """Ends exports that were begun until then and removes what is written of them: they may hold an erased person.

    Gives how many that were. Safe to repeat.
    """
    ended = 0
    for job in store.exports():
        if str(job.created_at) > moment or job.status not in ("running", "completed"):
            continue
        try:
            store.end(job, "failed", "ended, since a person who may be in it was erased; export again")
        except table.Stale:
            # It has just moved on; the next pass finds it again.
            ended += 1
            continue
        _drop(job)
        ended += 1
    return ended


def _work_on(job: store.ExportJob, owner: str, has_time: Callable[[], bool]) -> None:
    if job.attempts >= store.MAX_ATTEMPTS:
        store.end(job, "failed", f"given up: {store.MAX_ATTEMPTS} workers in a row did not get on")
        _drop(job)
        return
    if not job.upload_id:
        job.upload_id = files.begin(job.file_key, _TYPE, f"leads-{job.id}.csv")
    store.take(job, owner)
    try:
        done = _write(job, has_time)
    except files.UploadGone:
        _begin_anew(job)
        done = False
    if not done:
        store.release(job)
        jobs.announce(jobs.EXPORT, job.id)


def _write(job: store.ExportJob, has_time: Callable[[], bool]) -> bool:
    """Writes part after part; whether that was the last. Raises files.UploadGone."""
    while has_time():
        body, rows, cursor = _next_part(job)
        tag = files.write_part(job.file_key, str(job.upload_id), len(job.part_tags) + 1, body)
        job.part_tags = [*job.part_tags, tag]
        job.rows, job.cursor, job.attempts = job.rows + rows, cursor, 0
        if cursor is None:
            files.finish(job.file_key, str(job.upload_id), job.part_tags)
            job.upload_id = None
            store.end(job, "completed")
            return True
        table.save(job)
    return False


def _next_part(job: store.ExportJob) -> tuple[bytes, int, str | None]:
    """The bytes of the next part, how many leads are in it, and where the one after it begins."""
    cursor, rows = job.cursor, 0
    body = bytearray() if job.part_tags else bytearray(records.header().encode())
    while len(body) < _PART_BYTES:
        page = leads.page(limit=_PAGE, cursor=cursor, **job.filters)
        for lead in page["items"]:
            body += records.exported(lead).encode()
        rows += len(page["items"])
        cursor = page["next_cursor"]
        if cursor is None:
            break
    return bytes(body), rows, cursor


def _begin_anew(job: store.ExportJob) -> None:
    """What was written in parts is gone, as after a restart of the one-machine mode, or put together already."""
    job.upload_id, job.part_tags, job.cursor, job.rows = None, [], None, 0


def _clear_away(job: store.ExportJob) -> None:
    """Removes the file of an export that is over, when it has been kept long enough."""
    if job.gsi3pk and store.has_outlived(job):
        _drop(job)
        store.file_is_gone(job)


def _drop_if_over(export_id: str) -> None:
    """Removes what a worker may have written after its export was ended."""
    job = store.find_export(export_id)
    if job is not None and job.status == "failed":
        _drop(job)


def _drop(job: store.ExportJob) -> None:
    if job.upload_id:
        files.give_up(job.file_key, job.upload_id)
    files.remove(job.file_key)
