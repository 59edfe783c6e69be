"""POST /t/{tracking_id}/unsubscribe — unsubscribe, by one click in a mail client or by our page (public)."""

from leadflow.campaigns.service import tracking
from leadflow.entry.api import endpoint
from leadflow.entry.http import Request, Response


@endpoint(scope=None, produces="text/html")
def handler(tracking_id: str, request: Request) -> Response:
    """Whatever is posted, who holds the mail may leave (RFC 8058); only our page's button takes it back for a while."""
    visit = tracking.Visit(request.method, request.header("user-agent"), request.source_ip, request.request_id)
    return Response(**vars(tracking.unsubscribe(tracking_id, visit, request.raw)))
