"""GET /docs"""

from __future__ import annotations

import base64
import hashlib
import re

from leadflow.platform import pages
from tests.harness import call


def page() -> tuple[str, dict[str, str]]:
    answer = call("platform/docs", scopes=None)
    assert answer.status == 200
    return base64.b64decode(answer.text).decode(), answer.headers


def test_a_page_with_a_title_and_an_icon() -> None:
    text, headers = page()
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert "<title>Leadflow API</title>" in text
    assert '<link rel="icon" href="data:image/svg+xml,' in text
    assert 'url: "openapi.json"' in text


def test_it_asks_for_nothing_from_elsewhere() -> None:
    text, _ = page()
    head = re.sub(r"<(script|style)>.*?</\1>", "", text, flags=re.DOTALL)
    assert not re.findall(r"""(?:src|href)=["']?(?:https?:)?//""", head)
    assert not re.findall(r"<script[^>]+src", text)


def test_its_policy_lets_its_own_scripts_run_and_no_others() -> None:
    text, headers = page()
    policy = headers["content-security-policy"]
    scripts = re.findall(r"<script>(.*?)</script>", text, flags=re.DOTALL)
    assert len(scripts) == 2
    for script in scripts:
        assert f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" in policy
    allowed = re.search(r"script-src ([^;]*);", policy)
    assert allowed is not None
    assert len(allowed[1].split()) == 2
    assert "connect-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy


def test_no_text_of_a_script_can_end_it_or_hide_its_end() -> None:
    _, script, __ = re.split(r"<script>", pages.docs_page().body.decode(), maxsplit=2)
    library = script.partition("</script>")[0]
    assert "SwaggerUIBundle" in library[-400:] or "SwaggerUI" in library[-400:]
    assert "<!--" not in library
    assert "<script" not in library


def test_it_fits_what_a_function_may_answer_also_uncompressed() -> None:
    assert len(base64.b64encode(pages.docs_page().body)) < 6 * 1024 * 1024
