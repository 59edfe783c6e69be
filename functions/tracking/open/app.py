"""GET /t/{tracking_id}/open.gif — the picture that tells us a mail was opened (public)."""

from leadflow.campaigns.service import tracking
from leadflow.entry.api import endpoint
from leadflow.entry.http import Request, Response


@endpoint(scope=None, produces="image/gif")
def handler(tracking_id: str, request: Request) -> Response:
    """Always the picture, also for ids we do not know."""
    visit = tracking.Visit(request.method, request.header("user-agent"), request.source_ip, request.request_id)
    return Response(**vars(tracking.open_mail(tracking_id, visit)))
