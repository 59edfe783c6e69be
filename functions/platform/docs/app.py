"""GET /docs — a page to read and try this API."""

from leadflow.entry.api import endpoint
from leadflow.entry.documents import document
from leadflow.entry.http import Request, Response
from leadflow.platform import pages

HTML = "text/html; charset=utf-8"


@endpoint(scope=None, produces=HTML)
def handler(request: Request) -> Response:
    """It needs nothing from elsewhere. Keys entered there stay in the page and go to this API alone."""
    page = pages.docs_page()
    security = {"content-security-policy": page.policy, "x-content-type-options": "nosniff"}
    return document(request, page.body, HTML, {**security, "referrer-policy": "no-referrer"})
