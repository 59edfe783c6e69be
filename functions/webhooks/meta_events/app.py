"""POST /webhooks/meta/{channel_id} — what happened on Messenger and Instagram, from Meta's signed webhook."""

from leadflow.channels import service
from leadflow.entry.http import Request, Response
from leadflow.entry.webhook import webhook


@webhook(answers="text/plain")
def handler(request: Request, channel_id: str) -> Response:
    """Stored first and worked on later. A post may be about several pages; each entry goes to its own channel."""
    service.receive_meta(channel_id, request.raw, request.header("x-hub-signature-256"))
    return Response(200, "EVENT_RECEIVED")
