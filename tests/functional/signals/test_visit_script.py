"""GET /v.js: a small script that keeps to what visitors ask for."""

from __future__ import annotations

import base64
import gzip

from tests.harness import call


def test_a_small_script_that_any_page_may_load_and_caches_may_keep() -> None:
    answer = call("signals/visit_script", scopes=None)

    assert answer.status == 200
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"].startswith("public, max-age=")
    body = base64.b64decode(answer.text)
    assert len(body) <= 2048
    script = body.decode()
    for asked in ("doNotTrack", "globalPrivacyControl", "sendBeacon", '"lf"', 'new URL("v", me.src)'):
        assert asked in script
    assert "cookie" not in script

    assert call("signals/visit_script", scopes=None, headers={"if-none-match": answer.etag}).status == 304
    zipped = call("signals/visit_script", scopes=None, headers={"accept-encoding": "gzip"})
    assert gzip.decompress(base64.b64decode(zipped.text)) == body
