"""GET /messages/{message_id}/attachments/{n} — a file of a message, the first one being 0."""

from leadflow.channels.service import attachments
from leadflow.entry.api import endpoint
from leadflow.entry.http import Response


@endpoint(scope="conversations:read", status=302, produces="text/plain")
def handler(message_id: str, n: str) -> Response:
    """Leads to a link that is good for 5 minutes. A file that is still being fetched is a 409 with Retry-After."""
    return Response(302, "", headers={"location": attachments.get_link(message_id, n), "cache-control": "no-store"})
