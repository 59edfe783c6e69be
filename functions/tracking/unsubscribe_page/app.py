"""GET /t/{tracking_id}/unsubscribe — the page that asks whether to unsubscribe (public)."""

from leadflow.campaigns.service import tracking
from leadflow.entry.api import endpoint
from leadflow.entry.http import Response


@endpoint(scope=None, produces="text/html")
def handler(tracking_id: str) -> Response:
    """Changes nothing: scanners follow every link."""
    return Response(**vars(tracking.unsubscribe_page(tracking_id)))
