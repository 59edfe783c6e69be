"""Imports and exports as a caller makes them, with the worker at hand."""

from __future__ import annotations

import csv
import io
import json
import os
from typing import Any

from leadflow.core import aws
from tests.functional.leads.announced import work_all
from tests.harness import Answer, call

CSV = "text/csv"
NDJSON = "application/x-ndjson"
COUNTS = ("total", "created", "updated", "skipped", "failed")


def bucket() -> None:
    aws.client("s3").create_bucket(Bucket=os.environ["BUCKET_NAME"])


def emptied() -> None:
    """Empties the table as a new deployment has it; erasing people would leave tombstones."""
    table = os.environ["TABLE_NAME"]
    for item in aws.client("dynamodb").scan(TableName=table)["Items"]:
        aws.client("dynamodb").delete_item(TableName=table, Key={"pk": item["pk"], "sk": item["sk"]})


def objects() -> list[str]:
    """The keys in the bucket."""
    found = aws.client("s3").list_objects_v2(Bucket=os.environ["BUCKET_NAME"])
    return [one["Key"] for one in found.get("Contents", [])]


def posted(text: str | bytes, content_type: str = CSV, **options: str) -> Answer:
    body = text if isinstance(text, bytes) else text.encode()
    return call("leads/import_leads", body, query=options, headers={"content-type": content_type})


def imported(text: str | bytes, content_type: str = CSV, **options: str) -> dict[str, Any]:
    """An import from the request to its end."""
    answer = posted(text, content_type, **options)
    assert answer.status == 202, answer.text
    work_all()
    return shown_import(answer.json["id"])


def shown_import(import_id: str, **query: str) -> dict[str, Any]:
    answer = call("leads/get_import", path={"import_id": import_id}, query=query)
    assert answer.status == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


def counts(found: dict[str, Any]) -> tuple[int, ...]:
    """How many rows there were, and how many were created, updated, skipped and failed."""
    return tuple(found[name] for name in COUNTS)


def lead_of(email: str) -> dict[str, Any]:
    [found] = call("leads/list_leads", query={"email": email}).json["items"]
    lead: dict[str, Any] = found
    return lead


def all_leads() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    query: dict[str, str] = {"limit": "100"}
    while True:
        page = call("leads/list_leads", query=query).json
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        query["cursor"] = page["next_cursor"]


def ndjson(*records: dict[str, Any]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def exported(**filters: str) -> bytes:
    """An export that fits into its answer."""
    import base64

    answer = call("leads/export_leads", query=filters)
    assert answer.status == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return base64.b64decode(answer.text)


def rows_of(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode(), newline="")))
