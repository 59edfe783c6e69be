"""POST /templates/{template_id}/test-send — a template as a mail to whoever wants to see it."""

from typing import Any

from leadflow.campaigns.schema import TestSendRequest
from leadflow.campaigns.service import trying_out
from leadflow.entry.api import endpoint


@endpoint(body=TestSendRequest, scope="campaigns:send", returns="TestSend")
def handler(template_id: str, body: TestSendRequest) -> dict[str, Any]:
    """With a lead's values or none. It says that it is a test, is not tracked, and counts nowhere."""
    return trying_out.send_test(template_id, body)
