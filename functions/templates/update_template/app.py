"""PATCH /templates/{template_id} — change some fields of an email template."""

from leadflow.campaigns.schema import EmailTemplateUpdate
from leadflow.campaigns.service import templates
from leadflow.core.table import Record
from leadflow.entry.api import endpoint


@endpoint(body=EmailTemplateUpdate, scope="campaigns:write", returns="EmailTemplate")
def handler(template_id: str, body: EmailTemplateUpdate, if_match: int | None) -> Record:
    """Fields left out stay. Mails that are on their way keep the words they were claimed with."""
    return templates.update_template(template_id, body, if_match)
