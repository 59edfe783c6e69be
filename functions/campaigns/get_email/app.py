"""GET /emails/{email_id} — one mail."""

from leadflow.campaigns.service import mails
from leadflow.core.table import Record
from leadflow.entry.api import endpoint


@endpoint(scope="campaigns:read", returns="EmailSent")
def handler(email_id: str) -> Record:
    return mails.get_email(email_id)
