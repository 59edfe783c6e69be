"""PUT /scoring — settle what scores are made by: impacts, half-lives and caps of signals, and fit rules."""

from leadflow.core.table import Record
from leadflow.entry.api import endpoint
from leadflow.leads.schema import ScoringWrite
from leadflow.leads.service import rescoring


@endpoint(body=ScoringWrite, scope="leads:write", returns="Scoring")
def handler(body: ScoringWrite, if_match: int | None) -> Record:
    """Replaces all of it. Leads are then scored again by what is on file about them, which fires no trigger."""
    return rescoring.put(body, if_match)
