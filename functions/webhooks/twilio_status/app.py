"""POST /webhooks/twilio/{channel_id}/status — what became of a message of ours, from Twilio's signed callback."""

from leadflow.channels import service
from leadflow.entry.http import Request
from leadflow.entry.webhook import webhook


@webhook()
def handler(request: Request, channel_id: str) -> None:
    """Stored first and worked on later; it may come before, after and in any order with our own record."""
    signature = request.header("x-twilio-signature")
    service.receive_twilio(channel_id, request.raw, request.raw_query, signature, status=True)
