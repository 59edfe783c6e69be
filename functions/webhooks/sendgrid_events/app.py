"""POST /webhooks/sendgrid/{channel_id}/events — what happened to mails, from SendGrid's signed event webhook."""

from leadflow.channels import service
from leadflow.entry.http import Request
from leadflow.entry.webhook import webhook

SIGNATURE = "x-twilio-email-event-webhook-signature"
TIMESTAMP = "x-twilio-email-event-webhook-timestamp"


@webhook
def handler(request: Request, channel_id: str) -> None:
    """Stored first and worked on later. With a signature that does not fit, nothing is stored and the answer is 401."""
    service.receive_sendgrid(channel_id, request.raw, request.header(SIGNATURE), request.header(TIMESTAMP))
