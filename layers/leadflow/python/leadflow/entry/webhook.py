"""Webhooks of providers and trackers: the raw bytes as they came, an answer within the provider's patience.

The function checks the signature over the raw bytes, stores what came and returns; the work is done later from what
was stored.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from leadflow.core.errors import LeadflowError, PayloadTooLarge
from leadflow.core.observability import counted, fresh_logger
from leadflow.entry import failures, http, startup
from leadflow.entry.http import Request, Response

# What a delivery may weigh: Lambda's 6 MB less the base64 of the gateway.
MAX_BODY_BYTES = 4_500_000
# How SendGrid signs, whatever it posts.
SENDGRID_SIGNATURE = "x-twilio-email-event-webhook-signature"
SENDGRID_TIMESTAMP = "x-twilio-email-event-webhook-timestamp"
# Tells Twilio to do nothing; an empty answer is an error to it.
EMPTY_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


def webhook(*, answers: str = "") -> Callable[[Callable[..., Response | None]], Any]:
    """Makes a public Lambda handler of a function that takes the request and its path parameters; None is 204.

    `answers` is the content type of what it says with a 200. What could not be kept is counted as IngestErrors, which
    an alarm watches.
    """

    def decorate(function: Callable[..., Response | None]) -> Any:
        @functools.wraps(function)
        def door(event: dict[str, Any], _context: Any) -> dict[str, Any]:
            request = Request(event)
            fresh_logger(request_id=request.request_id, route=request.route)
            response = _answer(function, request)
            if response.status >= 500:
                counted("IngestErrors")
            return response.to_gateway()

        startup.door_is_made()
        door.is_webhook = True  # type: ignore[attr-defined]  # for the API document, as what it answers
        door.answers = answers  # type: ignore[attr-defined]
        return door

    return decorate


def _answer(function: Callable[..., Response | None], request: Request) -> Response:
    try:
        if len(request.raw) > MAX_BODY_BYTES:
            raise PayloadTooLarge(f"A delivery may have at most {MAX_BODY_BYTES} bytes.")
        return function(request=request, **request.path_params) or Response(204)
    except LeadflowError as error:
        return http.problem(error, request.request_id)
    except Exception as error:  # noqa: BLE001
        # A 5xx makes the provider send it again.
        failures.report("delivery failed", error)
        return http.unforeseen_problem(error, request.request_id)
