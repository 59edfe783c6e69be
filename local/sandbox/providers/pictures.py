"""A file that the sandbox's people attach: the smallest picture there is, whatever it is called."""

from __future__ import annotations

import base64

from local.sandbox.wire import Response

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


def picture() -> Response:
    return Response(200, PNG, (("Content-Type", "image/png"),))
