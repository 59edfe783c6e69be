"""POST /webhooks/sendgrid/{channel_id}/events — what happened to mails, from SendGrid's signed event webhook."""

from leadflow.channels import service
from leadflow.entry.http import Request
from leadflow.entry.webhook import SENDGRID_SIGNATURE, SENDGRID_TIMESTAMP, webhook


@webhook()
def handler(request: Request, channel_id: str) -> None:
    """Stored first and worked on later. With a signature that does not fit, nothing is stored and the answer is 401."""
    proofs = (request.header(SENDGRID_SIGNATURE), request.header(SENDGRID_TIMESTAMP))
    service.receive_sendgrid(channel_id, request.raw, *proofs)
