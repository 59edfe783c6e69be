"""POST /webhooks/sendgrid/{channel_id}/inbound — a mail that came in, from SendGrid's Inbound Parse."""

from leadflow.channels import service
from leadflow.entry.http import Request
from leadflow.entry.webhook import SENDGRID_SIGNATURE, SENDGRID_TIMESTAMP, webhook


@webhook()
def handler(request: Request, channel_id: str) -> None:
    """Proved by `?secret=` with the `inbound_secret`, by it as the URL's password, or signed as events are."""
    proofs = (request.header("authorization"), request.header(SENDGRID_SIGNATURE), request.header(SENDGRID_TIMESTAMP))
    form = (request.raw, request.header("content-type") or "", request.query.get("secret"))
    service.receive_mail(channel_id, service.MailPost(*form, *proofs))
