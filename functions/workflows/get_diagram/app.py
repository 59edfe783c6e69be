"""GET /workflows/{workflow_id}/diagram — a picture of the draft, or of one run."""

from __future__ import annotations

from leadflow.entry.api import endpoint
from leadflow.entry.http import Response
from leadflow.entry.params import one_of, text
from leadflow.workflows.service import diagrams


@endpoint(
    scope="workflows:read",
    query={"format": one_of("svg", "mermaid"), "execution_id": text(64)},
    produces="image/svg+xml, text/plain",
)
def handler(workflow_id: str, format: str | None, execution_id: str | None) -> Response:  # noqa: A002 - so in the API
    """With `execution_id` the version of that run, its path, and how each action ended. Mermaid comes as text/plain."""
    return Response(**vars(diagrams.draw(workflow_id, format or "svg", execution_id)))
