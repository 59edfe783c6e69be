"""GET /templates — email templates, newest first."""

from typing import Any

from leadflow.campaigns.service import templates
from leadflow.entry.api import endpoint


@endpoint(scope="campaigns:read", page=True, returns="EmailTemplate")
def handler(limit: int, cursor: str | None) -> dict[str, Any]:
    """A page of very large templates may be short and still have a next one."""
    return templates.list_templates(limit, cursor)
