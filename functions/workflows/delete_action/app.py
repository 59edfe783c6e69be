"""DELETE /workflows/{workflow_id}/actions/{action_id} — remove an action of the draft."""

from __future__ import annotations

from leadflow.entry.api import endpoint
from leadflow.entry.params import boolean
from leadflow.workflows.service import editing


@endpoint(scope="workflows:write", status=204, query={"cascade": boolean()})
def handler(workflow_id: str, action_id: str, cascade: bool | None, if_match: int | None) -> None:
    """With actions below it 409, unless `cascade=true` removes those as well."""
    editing.delete_action(workflow_id, action_id, cascade=bool(cascade), if_match=if_match)
