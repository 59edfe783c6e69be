"""DELETE /templates/{template_id} — remove an email template."""

from leadflow.campaigns.service import templates
from leadflow.entry.api import endpoint


@endpoint(scope="campaigns:write", status=204)
def handler(template_id: str, if_match: int | None) -> None:
    """One that a step of a campaign has which is not completed is a conflict. Mails made of it stay. A workflow that
    still names it fails at that action and says so."""
    templates.delete_template(template_id, if_match)
