"""POST /webhooks/twilio/{channel_id} — a message by SMS or WhatsApp, from Twilio's signed webhook."""

from leadflow.channels import service
from leadflow.entry.http import Request, Response
from leadflow.entry.webhook import EMPTY_TWIML, webhook


@webhook(answers="text/xml")
def handler(request: Request, channel_id: str) -> Response:
    """Stored first and worked on later. The answer says nothing, as anything else would be sent and billed."""
    signature = request.header("x-twilio-signature")
    service.receive_twilio(channel_id, request.raw, request.raw_query, signature)
    return Response(200, EMPTY_TWIML, "text/xml")
