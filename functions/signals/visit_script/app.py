"""GET /v.js — the script that tells us of visits to a website (public)."""

from leadflow.entry.api import endpoint
from leadflow.entry.documents import document
from leadflow.entry.http import Request, Response
from leadflow.leads import pages

SCRIPT = "text/javascript; charset=utf-8"


@endpoint(scope=None, produces=SCRIPT)
def handler(request: Request) -> Response:
    """For `<script src="…/v.js" async></script>`. It does nothing where a visitor asks not to be tracked.

    With `data-anonymous` it also reports visits of people who are not known, by a random word; what they visited is
    theirs once a link of a mail or a form of ours says who they are. Ask for consent where your law wants it.
    """
    return document(request, pages.visit_script(), SCRIPT, pages.SCRIPT_HEADERS)
