"""GET /suppressions — addresses nothing is sent to, newest first."""

from typing import Any

from leadflow.campaigns.enums import SUPPRESSION_CHANNELS, SUPPRESSION_REASONS
from leadflow.campaigns.service import suppressions
from leadflow.entry.api import endpoint
from leadflow.entry.params import one_of, text

_QUERY = {"channel": one_of(*SUPPRESSION_CHANNELS), "reason": one_of(*SUPPRESSION_REASONS), "address": text(254)}


@endpoint(scope="campaigns:read", page=True, query=_QUERY, returns="Suppression")
def handler(limit: int, cursor: str | None, **wanted: str | None) -> dict[str, Any]:
    return suppressions.list_suppressions(limit, cursor, **wanted)
