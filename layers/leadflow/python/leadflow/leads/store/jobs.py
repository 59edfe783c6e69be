"""Where imports and exports are kept: how far they are, who is at them, and what became of the rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute

from leadflow.core import clock, due, table
from leadflow.core.settings import settings

WAITING_IMPORT, WAITING_EXPORT, EXPORT_FILE = "import", "export", "export_file"
MAX_ATTEMPTS = 5
# Of one step of an import.
MAX_ROWS = 48
# Longer than a worker may run, so who took a job longer ago is dead.
LEASE = timedelta(minutes=6)
# An announcement that has done nothing by then is taken for lost.
_ATTENDED = timedelta(minutes=2)
# How long imports and exports can be looked up, and an exported file fetched.
KEPT = timedelta(days=30)
FILE_KEPT = timedelta(days=7)
_PAGE = 50


class Job(table.Item):
    """Attributes of every job. `owner` is the announcement whose worker is at it; `attempts` counts workers that took
    it since it last got on."""

    id = UnicodeAttribute()
    status = UnicodeAttribute(default="running")
    attempts = NumberAttribute(default=0)
    owner = UnicodeAttribute(null=True)
    lease_until = UnicodeAttribute(null=True)
    host_id = UnicodeAttribute(null=True)
    file_key = UnicodeAttribute()
    completed_at = UnicodeAttribute(null=True)
    error_message = UnicodeAttribute(null=True)

    @property
    def is_over(self) -> bool:
        return self.status not in ("waiting", "running")

    def is_held_from(self, owner: str) -> bool:
        """Whether another worker is at it. The workers of an earlier one-machine host have ended with it."""
        if self.owner in (None, owner) or self.host_id != (settings().host_id or None):
            return False
        return (self.lease_until or "") > clock.now_stamp()


class ImportJob(Job, discriminator="ImportJob"):
    """An import: what was asked for, how far its file is read, and the counts of what became of the rows until there.

    pk `IMP#<id>`  sk `#`  GSI3 due-index, kind `import`, until it is over and its file removed

    `position` is the byte of the file where the next row begins, `file_tag` says which file that is about.
    """

    record_fields = (
        *("id", "status", "format", "on_duplicate", "dry_run", "fire_triggers", "default_region", "progress", "total"),
        *("created", "updated", "skipped", "failed", "error_message", "created_at", "updated_at", "completed_at"),
    )

    format = UnicodeAttribute()
    on_duplicate = UnicodeAttribute()
    dry_run = BooleanAttribute()
    fire_triggers = BooleanAttribute()
    default_region = UnicodeAttribute(null=True)
    file_tag = UnicodeAttribute(null=True)
    size = NumberAttribute(default=0)
    position = NumberAttribute(default=0)
    total = NumberAttribute(default=0)
    created = NumberAttribute(default=0)
    updated = NumberAttribute(default=0)
    skipped = NumberAttribute(default=0)
    failed = NumberAttribute(default=0)

    @property
    def progress(self) -> float:
        """How much of the file is read, 0 to 1; 1 only when all is done."""
        if self.status == "completed":
            return 1.0
        return min(0.99, round(self.position / self.size, 4)) if self.size else 0.0


class ImportErrors(table.Item, discriminator="ImportErrors"):
    """Why rows of an import failed, some dozens at a time; row numbers, fields and reasons, no values.

    pk `IMP#<id>`  sk `ERR#<first row, 9 digits>`
    """

    errors = JSONAttribute(default=list)


class TriedIdentity(table.Item, discriminator="TriedIdentity"):
    """That a dry run has met an email or phone that no lead has, so that its second row is a duplicate.

    pk `IMP#<id>`  sk `<key of the UniqueIdentity it stands for>`
    """

    lead_id = UnicodeAttribute()


class ExportJob(Job, discriminator="ExportJob"):
    """An export that is too large for one answer: its filters, and how far its file is written.

    pk `EXP#<id>`  sk `#`  GSI3 due-index, kind `export` until it is over, then `export_file` while there is a file
    """

    record_fields = ("id", "status", "rows", "error_message", "created_at", "updated_at", "completed_at")

    filters = JSONAttribute(default=dict)
    upload_id = UnicodeAttribute(null=True)
    part_tags = JSONAttribute(default=list)
    cursor = UnicodeAttribute(null=True)
    rows = NumberAttribute(default=0)


def find_import(import_id: str) -> ImportJob | None:
    return table.find(ImportJob, f"IMP#{import_id}", "#")


def find_export(export_id: str) -> ExportJob | None:
    return table.find(ExportJob, f"EXP#{export_id}", "#")


def new_import(import_id: str, *, status: str, options: dict[str, Any]) -> ImportJob:
    """Keeps a new import; the one of an earlier try of the same request is given back."""
    job = ImportJob(
        pk=f"IMP#{import_id}", sk="#", id=import_id, status=status, file_key=file_key(import_id, status), **options
    )
    job.expires_at = clock.epoch_seconds(clock.now() + KEPT)
    await_worker(job)
    return table.create(job)


def file_key(import_id: str, status: str) -> str:
    """Where the file of an import is; one that is waited for has a place whose news S3 tells."""
    return f"imports/uploads/{import_id}" if status == "waiting" else f"imports/{import_id}"


def new_export(export_id: str, filters: dict[str, Any]) -> ExportJob:
    job = ExportJob(
        pk=f"EXP#{export_id}", sk="#", id=export_id, file_key=f"exports/{export_id}.csv", filters=dict(filters)
    )
    job.expires_at = clock.epoch_seconds(clock.now() + KEPT)
    await_worker(job)
    return table.create(job)


def await_worker(job: Job) -> None:
    """Puts a job that is about to be written where reconcile finds it when its announcement does nothing."""
    job.host_id = settings().host_id or None
    job.owner = job.lease_until = None
    due.mark(job, _kind(job), clock.stamp(clock.now() + _ATTENDED), job.id)


def take(job: Job, owner: str) -> None:
    """Takes a job for a worker. Raises table.Stale when another was quicker."""
    job.host_id = settings().host_id or None
    job.owner, job.lease_until = owner, clock.stamp(clock.now() + LEASE)
    job.attempts = (job.attempts or 0) + 1
    due.mark(job, _kind(job), job.lease_until, job.id)
    table.save(job)


def release(job: Job) -> None:
    """Lets go of a job that is not done yet. Raises table.Stale when another has it."""
    await_worker(job)
    table.save(job)


def attend_again(job: Job) -> None:
    """Notes that a job is announced again now. Raises table.Stale when it was moved on meanwhile."""
    if job.is_over and isinstance(job, ExportJob):
        due.mark(job, EXPORT_FILE, clock.stamp(clock.now() + _ATTENDED), job.id)
    else:
        await_worker(job)
    table.save(job)


def end(job: Job, status: str, error_message: str | None = None) -> None:
    """Ends a job; what is left to do is about its file. Raises table.Stale when another has changed it."""
    mark_ended(job, status, error_message)
    table.save(job)


def mark_ended(job: Job, status: str, error_message: str | None = None) -> None:
    """Sets that a job which is about to be written has ended."""
    job.status, job.error_message, job.completed_at = status, error_message, clock.now_stamp()
    job.owner = job.lease_until = None
    now = clock.now()
    if isinstance(job, ImportJob):
        due.mark(job, WAITING_IMPORT, clock.stamp(now + _ATTENDED), job.id)
    else:
        due.mark(job, EXPORT_FILE, clock.stamp(now + _file_lasts(job)), job.id)


def has_outlived(job: Job) -> bool:
    """Whether the file of an export that is over is to go."""
    return clock.parse(str(job.completed_at)) + _file_lasts(job) <= clock.now()


def file_is_gone(job: Job) -> None:
    """Notes that nothing is left of a job's file. Raises table.Stale when another has changed it."""
    if job.status == "completed" and isinstance(job, ExportJob):
        job.status = "expired"
    due.clear(job)
    table.save(job)


def errors_after(import_id: str, row: int, limit: int) -> list[dict[str, object]]:
    """Up to `limit` errors of rows after this one, in the order of rows."""
    found: list[dict[str, object]] = []
    # The page that holds the next row begins before it, by less than a page has rows.
    after = f"ERR#{max(0, row - MAX_ROWS):09d}"
    while len(found) < limit:
        pages = table.query_items(
            ImportErrors, f"IMP#{import_id}", prefix="ERR#", after=after, limit=_PAGE, newest_first=False
        )
        found += [error for page in pages for error in page.errors if error["row"] > row]
        if len(pages) < _PAGE:
            break
        after = pages[-1].sk
    return found[:limit]


def unattended(kind: type[ImportJob] | type[ExportJob]) -> Iterator[Job]:
    """Jobs that are overdue and in nobody's hands."""
    yield from due.unattended(kind, WAITING_IMPORT if kind is ImportJob else WAITING_EXPORT)


def exports() -> Iterator[ExportJob]:
    """All exports that are being written or have a file."""
    for kind in (WAITING_EXPORT, EXPORT_FILE):
        yield from due.waiting(ExportJob, kind)


def outlived_files() -> Iterator[ExportJob]:
    """Exports whose file is to go now."""
    yield from due.overdue(ExportJob, EXPORT_FILE, clock.now_stamp())


def _file_lasts(job: Job) -> timedelta:
    # A worker that was at it when an export failed may still finish the file for a while.
    return FILE_KEPT if job.status == "completed" else LEASE


def _kind(job: Job) -> str:
    return WAITING_IMPORT if isinstance(job, ImportJob) else WAITING_EXPORT
