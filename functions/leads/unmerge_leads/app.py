"""POST /leads/{lead_id}/unmerge — undo a merge."""

from leadflow.core.table import Record
from leadflow.entry.api import endpoint
from leadflow.leads import service
from leadflow.leads.schema import LeadUnmerge


@endpoint(body=LeadUnmerge, scope="leads:write", returns="UnmergeResult")
def handler(lead_id: str, body: LeadUnmerge, if_match: int | None) -> Record:
    """Each lead has again what it had, and what came by its own addresses since; changes made by hand stay here.

    An opt-out that was given since holds for both. Merges are undone in any order, but for one that a later merge is
    built on: then the conflict says which goes first. The timeline has the ids of merges.
    """
    return service.unmerge(lead_id, body, if_match)
