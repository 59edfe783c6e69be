"""POST /leads/import — make leads of the rows of a file that is the body."""

from typing import Any

from leadflow.core.table import Record
from leadflow.entry import params
from leadflow.entry.api import endpoint
from leadflow.entry.http import Request
from leadflow.leads import enums
from leadflow.leads.service import importing

OPTIONS = {
    "on_duplicate": params.one_of(*enums.ON_DUPLICATE),
    "dry_run": params.boolean(),
    "fire_triggers": params.boolean(),
    "default_region": params.text(2),
}
LARGER = "Larger files go by POST /imports."


@endpoint(status=202, scope="leads:write", query=OPTIONS, returns="Import", location="/imports/{id}", larger=LARGER)
def handler(request: Request, **options: Any) -> Record:
    """Takes `text/csv` and `application/x-ndjson`, up to 5 MiB. `GET /imports/{import_id}` tells what became of it."""
    return importing.import_body(request.raw, request.header("content-type"), options)
