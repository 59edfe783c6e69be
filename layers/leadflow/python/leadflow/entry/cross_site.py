"""Posts from other websites: who may, and what a browser wants to hear about it (CORS). The API itself answers none."""

from __future__ import annotations

from collections.abc import Sequence

from leadflow.core.errors import Forbidden
from leadflow.entry.http import Request, Response

# How long a browser may remember the answer to its question.
_ASK_AGAIN_SECONDS = 600
_MAY_SEND = {
    "access-control-allow-methods": "POST, OPTIONS",
    "access-control-allow-headers": "content-type, idempotency-key",
    "access-control-max-age": str(_ASK_AGAIN_SECONDS),
}


def admit(request: Request, origins: Sequence[str] | None) -> Response | None:
    """Lets the site that asks read whatever is answered, also an error; `origins` None lets every site.

    Gives the answer to a browser that asks before it posts, else None. Raises Forbidden for a post from a site that is
    not among them. What comes without an Origin comes from no browser on another site.
    """
    request.answer_headers["vary"] = "Origin"
    origin = request.header("origin")
    allowed = origins is None or (origin or "").lower() in origins
    if allowed:
        # Cookies are never part of it, so one answer does for every site.
        request.answer_headers["access-control-allow-origin"] = "*" if origins is None else str(origin)
        request.answer_headers["access-control-expose-headers"] = "retry-after"
    if request.method == "OPTIONS":
        return Response(204, "", headers=dict(_MAY_SEND) if allowed else {})
    if origin is not None and not allowed:
        raise Forbidden("This website may not post here.")
    return None
