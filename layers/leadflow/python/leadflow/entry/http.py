"""HTTP requests as API Gateway hands them over (payload format 2.0), and answers as it wants them back."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from leadflow.core.errors import InvalidInput, LeadflowError, MalformedRequest

JSON = "application/json"
PROBLEM = "application/problem+json"


class Request:
    """One HTTP request. Header names are lower case; `raw` is the body as bytes.

    `answer_headers` go out with whatever is answered, also with an error.
    """

    def __init__(self, event: dict[str, Any]) -> None:
        self.event = event
        self.answer_headers: dict[str, str] = {}

    @property
    def request_id(self) -> str:
        return str(self.event["requestContext"].get("requestId", ""))

    @property
    def route(self) -> str:
        return str(self.event.get("routeKey", ""))

    @property
    def method(self) -> str:
        return str(self.event["requestContext"]["http"]["method"])

    @property
    def source_ip(self) -> str:
        return str(self.event["requestContext"]["http"].get("sourceIp", ""))

    @property
    def path_params(self) -> dict[str, str]:
        """Raises MalformedRequest naming one that is no text."""
        return _texts(self.event.get("pathParameters") or {})

    @property
    def query(self) -> dict[str, str]:
        """Raises MalformedRequest naming one that is no text."""
        return _texts(self.event.get("queryStringParameters") or {})

    @property
    def raw_query(self) -> str:
        """The query as it stood in the URL, without the question mark."""
        return str(self.event.get("rawQueryString") or "")

    @property
    def raw(self) -> bytes:
        """The body as it was sent. Raises MalformedRequest when the gateway's base64 is broken."""
        body = self.event.get("body") or ""
        if not self.event.get("isBase64Encoded"):
            return str(body).encode()
        try:
            return base64.b64decode(body, validate=True)
        except binascii.Error:
            raise MalformedRequest("The body is not valid base64.") from None

    @property
    def asked(self) -> bytes:
        """All that tells this request of its route from another: whom it is about, its options and its body."""
        return json.dumps([self.path_params, self.query], sort_keys=True).encode() + self.raw

    def header(self, name: str) -> str | None:
        """A header's value by any spelling of its name; None when absent."""
        for key, value in (self.event.get("headers") or {}).items():
            if key.lower() == name.lower():
                return str(value)
        return None

    @property
    def media_type(self) -> str:
        """What the body says it is, without parameters such as the charset; empty when it does not say."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    @property
    def caller(self) -> dict[str, str] | None:
        """What the authorizer said of the caller (`key_id`, `scopes`); None on public routes."""
        authorizer = self.event["requestContext"].get("authorizer") or {}
        claims: dict[str, str] | None = authorizer.get("lambda")
        return claims or None


class Response:
    """An answer that is not a JSON record: a page, a picture, a redirect, a stored answer."""

    def __init__(
        self,
        status: int = 200,
        body: bytes | str = "",
        content_type: str = "text/plain; charset=utf-8",
        headers: dict[str, str] | None = None,
    ) -> None:
        self.status = status
        self.body = body
        self.content_type = content_type
        self.headers = headers or {}

    def to_gateway(self) -> dict[str, Any]:
        headers = {"content-type": self.content_type, **self.headers}
        if isinstance(self.body, str):
            return {"statusCode": self.status, "headers": headers, "body": self.body}
        encoded = base64.b64encode(self.body).decode()
        return {"statusCode": self.status, "headers": headers, "body": encoded, "isBase64Encoded": True}


def _texts(values: dict[str, str]) -> dict[str, str]:
    """The same, once each is known to be text: half of a surrogate pair can be neither looked up nor kept."""
    for name, value in values.items():
        try:
            (name + value).encode()
        except UnicodeEncodeError:
            raise MalformedRequest(f"{name.encode('ascii', 'replace').decode()}: is not text") from None
    return values


def to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def attachment(body: bytes, content_type: str, name: str) -> Response:
    """A file, which browsers save under this name."""
    return Response(200, body, content_type, {"content-disposition": f'attachment; filename="{name}"'})


def begun(record: dict[str, Any], location: str) -> Response:
    """That work goes on after the answer, in the place of what the route usually answers."""
    return Response(202, to_json(record), JSON, {"location": location})


def problem(error: LeadflowError, request_id: str) -> Response:
    """RFC 9457 problem details for an error of the tree."""
    details: dict[str, Any] = {
        "type": f"urn:leadflow:problem:{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "request_id": request_id,
    }
    if isinstance(error, InvalidInput):
        details["errors"] = [{"field": name, "message": message} for name, message in error.errors]
    other = getattr(error, "other_id", None)
    if other:
        details["other_id"] = other
    wait = getattr(error, "retry_after_seconds", None)
    headers = {"retry-after": str(wait)} if wait else {}
    return Response(error.status, to_json(details), PROBLEM, headers)


def unforeseen_problem(error: Exception, request_id: str) -> Response:
    """What a caller sees of an error that is not of our tree: whether to try again, and nothing of its text."""
    from leadflow.entry import passing

    ours = LeadflowError("Something went wrong on our side. Quote the request id when you report it.")
    return problem(passing.told(error) or ours, request_id)
