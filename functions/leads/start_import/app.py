"""POST /imports — open a place for a file of leads of any size."""

from typing import Any

from leadflow.core.table import Record
from leadflow.entry import params
from leadflow.entry.api import endpoint
from leadflow.entry.http import Request
from leadflow.leads import enums
from leadflow.leads.service import importing

OPTIONS = {
    "format": params.one_of(*enums.FILE_FORMATS),
    "on_duplicate": params.one_of(*enums.ON_DUPLICATE),
    "dry_run": params.boolean(),
    "fire_triggers": params.boolean(),
    "default_region": params.text(2),
}


@endpoint(status=201, scope="leads:write", query=OPTIONS, returns="NewImport", location="/imports/{id}")
def handler(request: Request, **options: Any) -> Record:
    """PUT the file to `upload_url` (`curl -T leads.csv "$upload_url"`); its import begins when it is there."""
    return importing.start(request.raw, options)
