"""The address people reach the product at, for links that go out in mails."""

from __future__ import annotations

from leadflow.core import seams
from leadflow.core.aws import client
from leadflow.core.settings import settings


def public_url() -> str:
    """The base URL of the API without a slash at the end; read once.

    It stands in a parameter of its own, so that no function refers to the API that refers to it. Raises botocore's
    ClientError when there is no such parameter.
    """
    return seams.current().remember("public url", _read)


def _read() -> str:
    value: str = client("ssm").get_parameter(Name=settings().public_url_parameter)["Parameter"]["Value"]
    return value.rstrip("/")
