"""GET /health — whether the service is up."""

from leadflow.entry.api import endpoint
from leadflow.platform import service


@endpoint(scope=None, returns="Health")
def handler() -> dict[str, str]:
    """`ok` means that the table answers too; when it does not, the answer is 503."""
    return service.health()
