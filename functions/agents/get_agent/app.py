"""GET /agents/{name} — one agent, without its key."""

from leadflow.core.table import Record
from leadflow.entry.api import endpoint
from leadflow.workflows.service import agents


@endpoint(scope="workflows:read", returns="Agent")
def handler(name: str) -> Record:
    return agents.get(name)
