"""PUT /agents/{name} — make or change an agent: a model that workflows can ask."""

from leadflow.core.table import Record
from leadflow.entry.api import endpoint
from leadflow.workflows.schema import AgentWrite
from leadflow.workflows.service import agents


@endpoint(body=AgentWrite, scope="workflows:write", returns="Agent")
def handler(name: str, body: AgentWrite, if_match: int | None) -> Record:
    """The API key is encrypted and never shown; left out, it stays as it is."""
    return agents.put(name, body, if_match)
