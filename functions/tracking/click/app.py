"""GET /t/{tracking_id}/c/{link} — a link of a mail (public)."""

from leadflow.campaigns.service import tracking
from leadflow.entry.api import endpoint
from leadflow.entry.http import Request, Response


@endpoint(scope=None, status=302, produces="text/html")
def handler(tracking_id: str, link: str, request: Request) -> Response:
    """Leads to the address that is kept with the mail, and nowhere else."""
    visit = tracking.Visit(request.method, request.header("user-agent"), request.source_ip, request.request_id)
    return Response(**vars(tracking.click(tracking_id, link, visit)))
