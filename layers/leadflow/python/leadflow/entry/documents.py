"""Documents that change only with a release: with an ETag, compressed for who takes that, and kept by caches."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass

from leadflow.core import seams
from leadflow.entry.http import Request, Response

# Caches may show it this long without asking; after that they ask with the ETag.
FRESH_SECONDS = 300


@dataclass(frozen=True)
class _Prepared:
    etag: str
    zipped: bytes


def document(request: Request, body: bytes, content_type: str, headers: dict[str, str] | None = None) -> Response:
    """The document, or 304 when the caller has this very one. Compressed once, kept for all later requests."""
    prepared = seams.current().remember(f"document:{request.route}", lambda: _prepare(body))
    shared = {
        "etag": prepared.etag,
        "cache-control": f"public, max-age={FRESH_SECONDS}",
        "vary": "accept-encoding",
        **(headers or {}),
    }
    if _has(request, prepared.etag):
        return Response(304, "", content_type, shared)
    if "gzip" in (request.header("accept-encoding") or ""):
        return Response(200, prepared.zipped, content_type, {**shared, "content-encoding": "gzip"})
    return Response(200, body, content_type, shared)


def _prepare(body: bytes) -> _Prepared:
    # Without a time stamp, so that every function instance answers the same bytes.
    return _Prepared(f'W/"{hashlib.sha256(body).hexdigest()[:32]}"', gzip.compress(body, mtime=0))


def _has(request: Request, etag: str) -> bool:
    tags = [tag.strip() for tag in (request.header("if-none-match") or "").split(",")]
    return etag in tags or "*" in tags
