"""POST /templates/{template_id}/preview — an email template with values in place."""

from typing import Any

from leadflow.campaigns.schema import PreviewRequest
from leadflow.campaigns.service import templates
from leadflow.entry.api import endpoint


@endpoint(body=PreviewRequest, scope="campaigns:read", returns="TemplatePreview")
def handler(template_id: str, body: PreviewRequest) -> dict[str, Any]:
    """With a lead's values or made-up ones. Footer and tracking are added when a mail is sent."""
    return templates.preview_template(template_id, body)
