"""Somebody's receiver of webhooks: takes any request under /webhook/, keeps it, and keeps to Idempotency-Key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from local.sandbox.behaviours import Behaviour
from local.sandbox.mailbox import Addressee, Kept, Letter
from local.sandbox.providers.quiet import Quiet, headers_of, parsed, retry_after
from local.sandbox.wire import Request, Response, json_response


class Receiver(Quiet):
    """A key that was seen before is answered as before and kept once, as a receiver should."""

    name = "webhook"

    def answer(self, request: Request) -> Response:
        key = request.headers.get("idempotency-key") or self._world.token()
        with self._world.database.transaction():
            kept = self._world.mailbox.find(self.name, key, None)
            message_id = kept.id if kept else self._kept(request, key)
        return json_response(200, {"received": True, "id": message_id, "json": parsed(request.body)})

    def _kept(self, request: Request, key: str) -> str:
        own = {
            "method": request.method,
            "path": request.path,
            "query": dict(request.query),
            "headers": headers_of(request),
            "body": request.body.decode(errors="replace"),
        }
        message_id = self._world.token()
        letters = [Letter(own, [Addressee(message_id, request.path)])]
        self._world.mailbox.keep(self.name, key, self._world.clock(), {}, letters)
        return message_id

    def refusal(self, behaviour: Behaviour, request: Request) -> Response:  # noqa: ARG002
        match behaviour.mode:
            case "bad_token":
                return json_response(401, {"error": "who are you?"})
            case "rate_limit":
                return json_response(429, {"error": "later"}, retry_after(behaviour.retry_after, 1))
            case "server_error":
                return json_response(500, {"error": "broken"})
            case _:
                return json_response(400, {"error": "no"})

    def texts(self, request: Request) -> Iterator[str]:
        yield request.path
        yield request.body.decode(errors="replace")

    def show(self, kept: Kept) -> dict[str, Any]:
        own = kept.own
        return {
            "id": kept.id,
            "provider": kept.provider,
            "to": kept.recipient,
            "from": own["headers"].get("user-agent", ""),
            "subject": f"{own['method']} {own['path']}",
            "body": own["body"],
            "html": None,
            "headers": own["headers"],
            "at": kept.at,
            "request_id": kept.request_id,
            "raw": own,
        }
