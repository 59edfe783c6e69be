"""Everything that was kept is removed, API keys aside."""

from __future__ import annotations

import shutil
from typing import Any

from local.datadir import DataDir
from local.errors import CannotStart
from local.settings import data_dir
from local.tools.migrating import MIGRATION
from local.tools.scanning import key_of, pages
from local.tools.target import NoTarget, Target

_KEPT_FILES = {"admin_key", "lock"}
_KEPT_TYPES = {"ApiKey", MIGRATION}
_AT_ONCE = 25


def reset_directory() -> str:
    """Empties DATA_DIR but for the admin key. Raises NoTarget while a host runs on it."""
    try:
        directory = DataDir(data_dir())
    except CannotStart as error:
        raise NoTarget(f"{error}: stop it first") from error
    for entry in directory.path.iterdir():
        if entry.name not in _KEPT_FILES:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    directory.release()
    return f"{directory.path} is empty; the admin key stays"


def reset_stack(target: Target, confirmed: str | None) -> str:
    """Empties the table and the bucket of a deployed stack, API keys and migrations aside.

    Raises NoTarget for a production stack, and when CONFIRM does not name the stack.
    """
    if target.stage == "prod":
        raise NoTarget(f"{target.name} is a production stack; it is not reset")
    if confirmed != target.name:
        raise NoTarget(f"this removes everything {target.name} holds; say CONFIRM={target.name}")
    return f"{_empty_table():,} items and {_empty_bucket():,} objects removed; API keys stay"


def _empty_table() -> int:
    from leadflow.core import aws
    from leadflow.core.settings import settings

    removed = 0
    for items, _ in pages():
        keys = [key_of(raw) for raw in items if raw.get("type", {}).get("S") not in _KEPT_TYPES]
        for start in range(0, len(keys), _AT_ONCE):
            some = keys[start : start + _AT_ONCE]
            gone = [{"DeleteRequest": {"Key": {"pk": {"S": pk}, "sk": {"S": sk}}}} for pk, sk in some]
            pending: Any = {settings().table_name: gone}
            while pending:
                pending = aws.client("dynamodb").batch_write_item(RequestItems=pending).get("UnprocessedItems")
        removed += len(keys)
    return removed


def _empty_bucket() -> int:
    from leadflow.core import aws
    from leadflow.core.settings import settings

    removed, bucket = 0, settings().bucket_name
    while found := aws.client("s3").list_objects_v2(Bucket=bucket).get("Contents"):
        objects = [{"Key": one["Key"]} for one in found]
        aws.client("s3").delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
        removed += len(objects)
    return removed
