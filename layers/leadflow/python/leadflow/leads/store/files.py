"""Files of imports and exports, in the bucket: read by ranges, written in parts, handed over by signed links."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from leadflow.core import aws
from leadflow.core.settings import settings

UPLOAD_LINK_FOR = timedelta(hours=1)
DOWNLOAD_LINK_FOR = timedelta(minutes=15)
_GONE = frozenset({"404", "NoSuchKey", "NotFound", "412", "PreconditionFailed", "InvalidRange", "416"})
_NO_UPLOAD = frozenset({"404", "NoSuchUpload", "InvalidPart"})


class FileGone(Exception):
    """The file is not there, or another one stands in its place."""


class UploadGone(Exception):
    """What was written of a file in parts is not there any more."""


class FileState(NamedTuple):
    """How large a file is, in bytes, and the tag of its content."""

    size: int
    tag: str


def put(key: str, body: bytes) -> FileState:
    return FileState(len(body), str(_s3().put_object(**_at(key), Body=body)["ETag"]))


def state_of(key: str) -> FileState | None:
    """The file as it is now; None when there is none."""
    try:
        found = _s3().head_object(**_at(key))
    except ClientError as error:
        if error.response["Error"]["Code"] not in _GONE:
            raise
        return None
    return FileState(int(found["ContentLength"]), str(found["ETag"]))


def read(key: str, start: int, size: int, tag: str) -> bytes:
    """`size` bytes from `start`, fewer at the end. Raises FileGone when the file is not the one with this tag."""
    try:
        found = _s3().get_object(**_at(key), Range=f"bytes={start}-{start + size - 1}", IfMatch=tag)
        body: bytes = found["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] not in _GONE:
            raise
        raise FileGone(key) from error
    return body


def remove(key: str) -> None:
    """Safe to repeat."""
    _s3().delete_object(**_at(key))


def upload_link(key: str) -> str:
    """Where anybody may PUT this file for an hour."""
    return _link("put_object", key, UPLOAD_LINK_FOR)


def download_link(key: str) -> str:
    """Where anybody may GET this file for 15 minutes."""
    return _link("get_object", key, DOWNLOAD_LINK_FOR)


def begin(key: str, content_type: str, name: str) -> str:
    """Begins a file that is written in parts; gives the id of the upload. `name` is what browsers save it as."""
    answer = _s3().create_multipart_upload(
        **_at(key), ContentType=content_type, ContentDisposition=f'attachment; filename="{name}"'
    )
    return str(answer["UploadId"])


def write_part(key: str, upload_id: str, number: int, body: bytes) -> str:
    """Writes one part, 5 MB at least unless it is the last, in place of an earlier one of its number; gives its tag.

    Raises UploadGone.
    """
    try:
        answer = _s3().upload_part(**_at(key), UploadId=upload_id, PartNumber=number, Body=body)
    except ClientError as error:
        raise _upload_error(error) from error
    return str(answer["ETag"])


def finish(key: str, upload_id: str, tags: list[str]) -> None:
    """Puts the parts together, by their tags in order. Raises UploadGone, also when that was done before."""
    parts = [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(tags, start=1)]
    try:
        _s3().complete_multipart_upload(**_at(key), UploadId=upload_id, MultipartUpload={"Parts": parts})
    except ClientError as error:
        raise _upload_error(error) from error


def give_up(key: str, upload_id: str) -> None:
    """Drops what was written in parts. Safe to repeat."""
    try:
        _s3().abort_multipart_upload(**_at(key), UploadId=upload_id)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _NO_UPLOAD:
            raise


def _upload_error(error: ClientError) -> Exception:
    return UploadGone() if error.response["Error"]["Code"] in _NO_UPLOAD else error


def _link(operation: str, key: str, lasts: timedelta) -> str:
    link: str = _s3().generate_presigned_url(operation, Params=_at(key), ExpiresIn=int(lasts.total_seconds()))
    return link


def _s3() -> Any:
    return aws.client("s3")


def _at(key: str) -> dict[str, str]:
    return {"Bucket": settings().bucket_name, "Key": key}
