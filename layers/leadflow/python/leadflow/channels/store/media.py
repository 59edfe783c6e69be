"""Files of messages, in the bucket."""

from __future__ import annotations

from datetime import timedelta

from leadflow.core import aws
from leadflow.core.settings import settings

LINK_FOR = timedelta(minutes=5)


def put_file(key: str, content: bytes, media_type: str) -> None:
    aws.client("s3").put_object(Bucket=settings().bucket_name, Key=key, Body=content, ContentType=media_type)


def remove_file(key: str) -> None:
    """Safe to repeat."""
    aws.client("s3").delete_object(Bucket=settings().bucket_name, Key=key)


def file_link(key: str, media_type: str, name: str) -> str:
    """Where anybody may get this file for 5 minutes; browsers save it under this name and do not show it."""
    params = {
        "Bucket": settings().bucket_name,
        "Key": key,
        "ResponseContentType": media_type,
        "ResponseContentDisposition": f'attachment; filename="{name}"',
    }
    link: str = aws.client("s3").generate_presigned_url(
        "get_object", Params=params, ExpiresIn=int(LINK_FOR.total_seconds())
    )
    return link
