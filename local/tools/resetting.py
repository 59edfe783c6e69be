"""Everything that was kept is removed, API keys aside."""

from __future__ import annotations

import shutil
from fnmatch import fnmatch
from typing import Any

from local.datadir import DataDir
from local.errors import CannotStart
from local.settings import data_dir
from local.tools.migrating import MIGRATION
from local.tools.scanning import key_of, pages
from local.tools.target import NoTarget, Target

_KEPT_FILES = {"admin_key", "lock"}
# What hosts and demos write. DATA_DIR may be any directory, with somebody's own files beside these.
_OF_A_HOST = (
    *("leadflow.db*", "objects", "sandbox", "run.json*", "admin_key.new", "leadflow.log*", "host.log*", "faults.jsonl"),
    *("demo", "demo-state.json*", "demo-server.log*"),
)
_KEPT_TYPES = {"ApiKey", MIGRATION}
_AT_ONCE = 25


def reset_directory() -> str:
    """Removes what hosts have put into DATA_DIR but for the admin key, and nothing else that is there.

    Raises NoTarget while a host runs on it, and where none ever has but something is.
    """
    path = data_dir()
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return f"there is nothing in {path}"
    if not (path / "lock").is_file():
        raise NoTarget(f"no host has ever run on {path}; nothing was removed")
    try:
        directory = DataDir(path)
    except CannotStart as error:
        raise NoTarget(f"{error}: stop it first") from error
    for entry in path.iterdir():
        if any(fnmatch(entry.name, name) for name in _OF_A_HOST):
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    directory.release()
    foreign = sorted(entry.name for entry in path.iterdir() if entry.name not in _KEPT_FILES)
    if foreign:
        return f"the data in {path} is removed; the admin key stays, and what is none of ours: {', '.join(foreign)}"
    return f"{path} is empty; the admin key stays"


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
