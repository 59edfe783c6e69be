"""POST /leads/{lead_id}/merge — make another lead part of this one."""

from leadflow.core.table import Record
from leadflow.entry.api import endpoint
from leadflow.leads import service
from leadflow.leads.schema import LeadMerge


@endpoint(body=LeadMerge, scope="leads:write", returns="MergeResult")
def handler(lead_id: str, body: LeadMerge, if_match: int | None) -> Record:
    """Both ids, emails and phones lead to this one from then on, with both histories and the sum of both scores.

    Its own values stay, empty ones are filled, an opt-out of either counts; `conflicts` says what is not shown. It can
    be undone at any time. A source that is part of another lead is a conflict; asked again, the same merge is given.
    """
    return service.merge(lead_id, body, if_match)
