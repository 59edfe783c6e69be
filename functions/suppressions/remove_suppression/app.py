"""DELETE /suppressions/{suppression_id} — let an address have mail again."""

from leadflow.campaigns.service import suppressions
from leadflow.entry.api import endpoint


@endpoint(scope="campaigns:write", status=204)
def handler(suppression_id: str, if_match: int | None) -> None:
    """What the lead itself said about the channel (`consent`) stays. That of an erased person is a conflict."""
    suppressions.remove_suppression(suppression_id, if_match)
