"""POST /webhook-inbox/replay — work again on what came in a time."""

from typing import Any

from leadflow.channels import service
from leadflow.channels.schema import InboxReplay
from leadflow.entry.api import endpoint


@endpoint(body=InboxReplay, scope="channels:write", status=202, returns="InboxReplayed")
def handler(body: InboxReplay) -> dict[str, Any]:
    """Oldest first, 200 at a time or what 15 seconds find: ask again from `next_from` until it is null."""
    return service.replay_range(body)
