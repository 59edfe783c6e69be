"""Telling workers of jobs. A job is safe without: it is in the table, and reconcile finds what nobody is at."""

from __future__ import annotations

import json

from botocore.exceptions import BotoCoreError, ClientError

from leadflow.core import aws
from leadflow.core.observability import logger
from leadflow.core.settings import settings

ERASURE, IMPORT, EXPORT, RESCORING = "erasure", "import", "export", "rescoring"


def announce(kind: str, job_id: str) -> bool:
    """Puts a job that has been written on the bus; False when that could not be done."""
    entry = {
        "EventBusName": settings().jobs_bus_name,
        "Source": "leadflow",
        "DetailType": kind,
        "Detail": json.dumps({"id": job_id}),
    }
    try:
        failed = aws.client("events").put_events(Entries=[entry])["FailedEntryCount"]
    except (BotoCoreError, ClientError) as error:
        logger().warning("job not announced", kind=kind, job_id=job_id, error_type=type(error).__name__)
        return False
    if failed:
        logger().warning("job not announced", kind=kind, job_id=job_id, error_type="FailedEntry")
    return not failed
