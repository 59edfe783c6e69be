"""DELETE /api-keys/{key_id} — revoke an API key."""

from leadflow.entry.api import endpoint
from leadflow.platform import service


@endpoint(scope="admin", status=204)
def handler(key_id: str, if_match: int | None) -> None:
    """It works no longer than 60 s after this. The last key with the scope admin cannot be revoked."""
    service.revoke_api_key(key_id, if_match)
