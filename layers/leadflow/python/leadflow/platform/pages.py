"""The API document and the page that shows it, which needs nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from leadflow.core import seams

_START = """
window.ui = SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#page",
  deepLinking: true,
  filter: true,
  docExpansion: "none",
  displayRequestDuration: true,
  persistAuthorization: false,
  validatorUrl: null,
});
"""
_ICON = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'><rect width='16' height='16' rx='4' fill='%230b6e4f'/>"
    "<path d='M5 3v9h6' fill='none' stroke='white' stroke-width='2'/></svg>"
)
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Leadflow API</title>
<link rel="icon" href="data:image/svg+xml,{icon}">
<style>{style}
body {{ margin: 0 }}</style>
</head>
<body>
<noscript>This page needs JavaScript; the document itself is at <a href="openapi.json">openapi.json</a>.</noscript>
<div id="page"></div>
<script>{library}</script>
<script>{start}</script>
</body>
</html>
"""


@dataclass(frozen=True)
class Page:
    """A page and the Content-Security-Policy that lets its own scripts run and no others."""

    body: bytes
    policy: str


def openapi_json() -> bytes:
    """The OpenAPI 3.1 document of all routes, as it was generated for this release."""
    return seams.current().remember("openapi.json", Path(__file__).with_name("openapi.json").read_bytes)


def docs_page() -> Page:
    """The page that reads `openapi.json` beside it and lets people try the API."""
    return seams.current().remember("docs page", _make_page)


def _make_page() -> Page:
    folder = _swagger_ui()
    style = (folder / "swagger-ui.min.css").read_text(encoding="utf-8")
    library = _inline((folder / "swagger-ui-bundle.min.js").read_text(encoding="utf-8"))
    text = _PAGE.format(icon=_ICON, style=style, library=library, start=_START)
    scripts = " ".join(_digest(script) for script in (library, _START))
    policy = (
        f"default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return Page(text.encode(), policy)


def _swagger_ui() -> Path:
    """Where Powertools keeps Swagger UI; found without importing its resolvers, which cost a second of start."""
    found = importlib.util.find_spec("aws_lambda_powertools")
    if found is None or found.origin is None:
        raise FileNotFoundError("aws_lambda_powertools is not installed")
    return Path(found.origin).parent / "event_handler" / "openapi" / "swagger_ui"


def _inline(script: str) -> str:
    """A script that stands inside a page: none of its texts can be taken for the page's own tags."""
    return script.replace("</script", r"<\/script").replace("<!--", r"\x3C!--").replace("<script", r"\x3Cscript")


def _digest(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
