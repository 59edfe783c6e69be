"""Imports and exports."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from leadflow.core.schema import Read, Timestamp
from leadflow.leads.enums import ExportStatus, FileFormat, ImportStatus, OnDuplicate


class ImportRowError(Read):
    """Why a row was not imported. Rows are counted from 1, without the header and blank lines."""

    row: int
    field: str
    message: str


class Import(Read):
    """An import and what became of its rows so far; of what was tried with `dry_run`, what would become of them.

    `progress` goes from 0 to 1. `errors` are the first 1,000 in the order of rows, or those after the row asked for;
    `more_errors` says that there are others. `error_message` is why an import as a whole failed.
    """

    id: str
    status: ImportStatus
    format: FileFormat
    on_duplicate: OnDuplicate
    dry_run: bool
    fire_triggers: bool
    default_region: str | None
    progress: Annotated[float, Field(ge=0, le=1)]
    total: int
    created: int
    updated: int
    skipped: int
    failed: int
    errors: list[ImportRowError]
    more_errors: bool
    error_message: str | None
    created_at: Timestamp
    updated_at: Timestamp
    completed_at: Timestamp | None


class NewImport(Import):
    """An import that waits for its file: PUT it to `upload_url` within an hour."""

    upload_url: str


class Export(Read):
    """An export in the making or made. `url` is where the file is, for 15 minutes from this answer."""

    id: str
    status: ExportStatus
    rows: int
    url: str | None
    error_message: str | None
    created_at: Timestamp
    updated_at: Timestamp
    completed_at: Timestamp | None
