"""POST /suppressions — send nothing to an address any more."""

from leadflow.campaigns.schema import SuppressionCreate
from leadflow.campaigns.service import suppressions
from leadflow.core.table import Record
from leadflow.entry.api import endpoint


@endpoint(
    body=SuppressionCreate, status=201, scope="campaigns:write", returns="Suppression", location="/suppressions/{id}"
)
def handler(body: SuppressionCreate) -> Record:
    """Of an address that is suppressed already the answer is what is on file; a reason that weighs more replaces it."""
    return suppressions.add_suppression(body)
