"""GET /openapi.json"""

from __future__ import annotations

import base64
import gzip
import json

from leadflow.platform import pages
from tests.harness import Answer, call


def body_of(answer: Answer) -> bytes:
    return base64.b64decode(answer.text) if answer.raw.get("isBase64Encoded") else answer.text.encode()


def test_the_document_needs_no_key() -> None:
    answer = call("platform/openapi", scopes=None)
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert json.loads(body_of(answer))["openapi"] == "3.1.0"
    assert body_of(answer) == pages.openapi_json()


def test_who_has_it_gets_304() -> None:
    first = call("platform/openapi", scopes=None)
    assert "max-age" in first.headers["cache-control"]
    again = call("platform/openapi", scopes=None, headers={"if-none-match": f'"other", {first.etag}'})
    assert (again.status, again.text, again.etag) == (304, "", first.etag)
    assert call("platform/openapi", scopes=None, headers={"if-none-match": '"other"'}).status == 200


def test_it_is_compressed_for_who_takes_that() -> None:
    answer = call("platform/openapi", scopes=None, headers={"accept-encoding": "br, gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["vary"] == "accept-encoding"
    assert gzip.decompress(body_of(answer)) == pages.openapi_json()
