"""GET /v.js — the script that tells us of visits to a website (public)."""

from leadflow.entry.api import endpoint
from leadflow.entry.documents import document
from leadflow.entry.http import Request, Response
from leadflow.leads import pages

SCRIPT = "text/javascript; charset=utf-8"


@endpoint(scope=None, produces=SCRIPT)
def handler(request: Request) -> Response:
    """For `<script src="…/v.js" async></script>`. It does nothing where a visitor asks not to be tracked."""
    return document(request, pages.visit_script(), SCRIPT, pages.SCRIPT_HEADERS)
