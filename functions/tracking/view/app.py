"""GET /t/{tracking_id}/view — a mail as it was sent, in the browser (public)."""

from leadflow.campaigns.service import tracking
from leadflow.entry.api import endpoint
from leadflow.entry.http import Response


@endpoint(scope=None, produces="text/html")
def handler(tracking_id: str) -> Response:
    return Response(**vars(tracking.view(tracking_id)))
