"""GET /templates/{template_id} — one email template."""

from leadflow.campaigns.service import templates
from leadflow.core.table import Record
from leadflow.entry.api import endpoint


@endpoint(scope="campaigns:read", returns="EmailTemplate")
def handler(template_id: str) -> Record:
    return templates.get_template(template_id)
