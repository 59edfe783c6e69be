"""CORS answered by the API itself, for a template that configures it."""

from __future__ import annotations

from local.host.answers import Answer
from local.host.events import Request
from local.host.routes import Cors


def preflight(cors: Cors, request: Request) -> Answer:
    """The answer to an OPTIONS request that no route takes."""
    origin = request.header("origin")
    headers = []
    if origin and _allows(cors.origins, origin):
        headers = [
            ("access-control-allow-methods", ",".join(cors.methods)),
            ("access-control-allow-headers", ",".join(cors.headers)),
        ]
        if cors.max_age is not None:
            headers.append(("access-control-max-age", str(cors.max_age)))
    return Answer(204, headers, b"")


def cors_headers(cors: Cors, origin: str) -> list[tuple[str, str]]:
    """What is added to every answer to a request from this origin."""
    if not origin or not _allows(cors.origins, origin):
        return []
    headers = [("access-control-allow-origin", "*" if "*" in cors.origins else origin)]
    if cors.expose:
        headers.append(("access-control-expose-headers", ",".join(cors.expose)))
    if cors.credentials:
        headers.append(("access-control-allow-credentials", "true"))
    return headers


def _allows(origins: tuple[str, ...], origin: str) -> bool:
    return "*" in origins or origin in origins
