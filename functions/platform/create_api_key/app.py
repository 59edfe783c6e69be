"""POST /api-keys — make an API key."""

from leadflow.core.table import Record
from leadflow.entry.api import endpoint
from leadflow.platform import service
from leadflow.platform.schema import ApiKeyCreate


@endpoint(
    body=ApiKeyCreate, status=201, scope="admin", returns="NewApiKey", location="/api-keys/{id}", once_only=("key",)
)
def handler(body: ApiKeyCreate) -> Record:
    """The answer holds the key itself, this once: only a hash of it is kept."""
    return service.create_api_key(body)
