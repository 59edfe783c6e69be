"""GET /webhooks/meta/{channel_id} — Meta asks whether we want its posts."""

from leadflow.channels import service
from leadflow.entry.http import Request, Response
from leadflow.entry.webhook import webhook


@webhook(answers="text/plain")
def handler(request: Request, channel_id: str) -> Response:
    """Answers the challenge when the verify token is the channel's, else 403."""
    return Response(200, service.verify_meta(channel_id, request.query))
