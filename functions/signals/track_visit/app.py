"""POST /v — a page that somebody looks at who came by a link of ours (public)."""

from leadflow.entry import posted
from leadflow.entry.api import endpoint
from leadflow.entry.http import Request
from leadflow.leads.schema import VisitWrite
from leadflow.leads.service import visits


@endpoint(scope=None, origins=visits.origins)
def handler(request: Request) -> None:
    """`/v.js` posts here: `{token?, visitor?, url, referrer?, title?}` as JSON, also under `text/plain`, up to 16 KB.

    A visit is kept once per lead, page and hour. A token we did not give out is answered the same. Without a token it
    waits under `visitor`, up to 25 visits for 30 days: the first lead known by that word gets them, and nobody else.
    """
    visits.track(posted.body(VisitWrite, request), request.source_ip)
