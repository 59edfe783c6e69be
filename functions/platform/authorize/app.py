"""Authorizer of the HTTP API: recognises an API key and says what it may do."""

from leadflow.entry.authorizer import authorizer
from leadflow.platform import service


@authorizer
def handler(key: str) -> dict[str, str] | None:
    return service.authorize(key)
