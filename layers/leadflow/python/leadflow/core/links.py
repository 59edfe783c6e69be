"""The address people reach the product at, for links that go out in mails."""

from __future__ import annotations

from leadflow.core import seams
from leadflow.core.aws import client
from leadflow.core.settings import settings


def public_url() -> str:
    """The base URL of the API without a slash at the end.

    One that was given with the deployment stands in the environment, so warm functions that knew an older one go when
    it changes. The API's own stands in a parameter, so that no function refers to the API that refers to it, and is
    read once, since it never changes. Raises botocore's ClientError when there is no such parameter.
    """
    return settings().public_url.rstrip("/") or seams.current().remember("public url", _read)


def _read() -> str:
    value: str = client("ssm").get_parameter(Name=settings().public_url_parameter)["Parameter"]["Value"]
    return value.rstrip("/")
