"""POST /templates — add an email template."""

from leadflow.campaigns.schema import EmailTemplateCreate
from leadflow.campaigns.service import templates
from leadflow.core.table import Record
from leadflow.entry.api import endpoint


@endpoint(
    body=EmailTemplateCreate,
    status=201,
    scope="campaigns:write",
    returns="EmailTemplate",
    location="/templates/{id}",
)
def handler(body: EmailTemplateCreate) -> Record:
    """A template that cannot be read is refused with its line, one whose variables disagree with their names."""
    return templates.create_template(body)
