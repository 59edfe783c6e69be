"""DELETE /leads/{lead_id} — erase everything about a person."""

from leadflow.core.table import Record
from leadflow.entry.api import endpoint
from leadflow.leads import service


@endpoint(status=202, scope="leads:write", returns="Erasure", location="/erasures/{id}")
def handler(lead_id: str, if_match: int | None) -> Record:
    """The lead is gone at once, for good; the rest follows within minutes. Asked again, the same erasure is given.

    The email address and phone number are remembered as keyed hashes alone: no lead gets them again, and nothing is
    sent to them. Totals of workflows stay.
    """
    return service.erase(lead_id, if_match)
