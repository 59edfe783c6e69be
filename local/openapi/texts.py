"""What the document says in words: conventions that hold for every route, and the parts all routes share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

CONVENTIONS = """\
JSON in and out, UTF-8. Unknown fields of a body are refused, texts are trimmed, times are RFC 3339 in UTC.

**Keys.** Every route wants `Authorization: Bearer <API key>`, except those marked as public. A key has scopes, and a
route names the one it needs; `admin` may do everything. A revoked key may work for another 60 s.

**Errors** are `application/problem+json` (RFC 9457) with `type`, `title`, `status`, `detail`, `request_id`, and for
422 the wrong fields in `errors`. What the gateway answers by itself (no key, a refused key, no such route, a body over
10 MB, too many requests) is `application/json` with a `message` alone.

**Lists** take `limit` and `cursor` and answer `{"items": [...], "next_cursor": ...}`, newest first unless said
otherwise; `next_cursor` is null on the last page. A page under a filter may hold fewer than `limit` records and still
have a next one. Cursors are opaque and belong to the list, and the filters, they came from.

**Trying again.** `Idempotency-Key` on any POST with an API key: the same key with the same body within 24 hours gets
the first answer again, with `Idempotency-Replayed: true`; with another request 422; while the first still runs 409 with
`Retry-After`.

**Changing what you have seen.** Every record comes with an `ETag`; PATCH, DELETE, merging and its undoing take it as
`If-Match` and answer 412 when the record has changed since.

Optional fields of a record are always there, null when empty. Fields may be added to records; nothing else changes.
"""

AREAS = {
    "leads": "People who may become customers, with what they are worth so far.",
    "scoring": "What scores are made by.",
    "signals": "What leads do, what it adds to their score, and the doors of websites: forms and visits.",
    "tasks": "What somebody is to do, about a lead or about none.",
    "appointments": "Meetings with leads. Nobody is booked twice for the same time.",
    "templates": "Mails to send, with variables that are filled in for each lead.",
    "campaigns": "Sequences of mails to an audience, the mails that were sent, and what became of them.",
    "suppressions": "Addresses nothing is sent to, and why.",
    "tracking": "Links in mails: pictures that tell of an open, links that tell of a click, unsubscribing.",
    "workflows": "What happens when something happens to a lead: triggers and a tree of actions.",
    "enrichment": "What sources of data know about leads: asked by the field, within budgets.",
    "executions": "Runs of workflows.",
    "agents": "Models that workflows can ask, at any OpenAI-compatible endpoint.",
    "channels": "Accounts at providers that messages go out and come in by.",
    "conversations": "What people say to us and we to them, on seven channels.",
    "webhooks": "What providers report, and the inbox it is kept in.",
    "platform": "API keys, and the service itself.",
}

PARAMETERS: dict[str, str] = {
    "limit": "How many records a page holds at most. 25 when left out.",
    "cursor": "`next_cursor` of the page before.",
    "kind": "What kind of entries to show; all when left out.",
    "assigned_to": "Who it is assigned to, in capitals or not.",
    "from": "The earliest `scheduled_at`: an RFC 3339 time, or a date for its beginning in UTC.",
    "to": "The time, or date, that `scheduled_at` is before.",
    "on_duplicate": "What becomes of a row whose email is on file: left as it is (`skip`, when left out) or changed.",
    "dry_run": "Whether to tell only what would become of the rows.",
    "fire_triggers": "Whether workflows start by what the import does; they do when left out.",
    "default_region": "The country (`GB`) whose phone numbers are written without a country code.",
    "format": "What is in the file; `csv` when left out.",
    "after_row": "Shows the errors of rows after this one.",
    "sort": "What the list is sorted by, highest or newest first.",
}

PROBLEM: dict[str, Any] = {
    "title": "Problem",
    "description": "RFC 9457 problem details.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "The kind of error; the same for every occurrence."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong this time."},
        "request_id": {"type": "string", "description": "Quote it when you report the error."},
        "other_id": {"type": "string", "description": "For 409: the record that stands in the way."},
        "errors": {
            "type": "array",
            "description": "For 422: every wrong field.",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {
                    "field": {"type": "string", "description": "Path of the field, parted by dots."},
                    "message": {"type": "string"},
                },
            },
        },
    },
    "examples": [
        {
            "type": "urn:leadflow:problem:invalid_input",
            "title": "Invalid input",
            "status": 422,
            "detail": "email: is not an email address",
            "request_id": "JKJaXmPLvHcESHA=",
            "errors": [{"field": "email", "message": "is not an email address"}],
        }
    ],
}

GATEWAY_MESSAGE: dict[str, Any] = {
    "title": "GatewayMessage",
    "description": "What the gateway answers by itself.",
    "type": "object",
    "required": ["message"],
    "properties": {"message": {"type": ["string", "null"]}},
    "examples": [{"message": "Forbidden"}],
}


@dataclass(frozen=True)
class Refusal:
    """An answer that is no success: who gives it (the gateway, we, or both), and whether it passes by itself."""

    name: str
    description: str
    by_gateway: bool = False
    by_us: bool = True
    passing: bool = False


REFUSALS = {
    "400": Refusal("Malformed", "Not JSON, or a cursor of another list."),
    "401": Refusal("NoKey", "No API key; for webhooks, no valid signature.", by_gateway=True),
    "403": Refusal(
        "NotAllowed",
        "A key that is unknown or revoked, or lacks the scope; or a website that may not post here.",
        by_gateway=True,
    ),
    "404": Refusal("NotFound", "There is no such record."),
    "409": Refusal(
        "Conflict",
        "Taken already, in the wrong state, or the first try of this request is still running.",
        passing=True,
    ),
    "412": Refusal("Changed", "`If-Match` names another version than the present one."),
    "413": Refusal("TooLarge", "The body is too large.", by_gateway=True),
    "415": Refusal("WrongKind", "The body is of a kind that is not taken."),
    "422": Refusal("Invalid", "Something is wrong with the input; `errors` names each field."),
    "429": Refusal("TooMany", "Too many requests.", by_gateway=True, passing=True),
    "5XX": Refusal(
        "OurFault",
        "Something failed on our side or at a provider; with a 503 the same request may be sent again.",
        by_gateway=True,
        passing=True,
    ),
}

IDEMPOTENCY_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key and body within 24 hours does the work once and gets the first answer again.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}

IF_MATCH: dict[str, Any] = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The `ETag` of the record as you know it; the answer is 412 when it has changed since.",
    "schema": {"type": "string"},
}

LEADS_TO = {"description": "Where the link leads.", "schema": {"type": "string", "format": "uri"}}

HEADERS: dict[str, dict[str, Any]] = {
    "ETag": {"description": "The version of the record, for `If-Match`.", "schema": {"type": "string"}},
    "Location": {"description": "Path of the new record.", "schema": {"type": "string"}},
    "IdempotencyReplayed": {
        "description": "`true` when this is the first answer to the same `Idempotency-Key`.",
        "schema": {"type": "string", "const": "true"},
    },
    "RetryAfter": {"description": "Seconds to wait before the next try.", "schema": {"type": "integer"}},
}
