"""What a function answered, as API Gateway turns it into HTTP: payload format 2.0."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

MAX_ANSWER_BYTES = 6 * 1024 * 1024
_STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished HTTP answer; header names may repeat (set-cookie)."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def status_line(self) -> str:
        return _STATUS_LINES.get(self.status, f"{self.status} Unknown")


class BadAnswer(ValueError):
    """A function's answer cannot be turned into HTTP."""


def gateway(status: int, message: str) -> Answer:
    """An answer that API Gateway gives by itself."""
    body = json.dumps({"message": message}, separators=(",", ":")).encode()
    return Answer(status, [("content-type", "application/json")], body)


def from_function(result: Any) -> Answer:
    """Raises BadAnswer when the result is not one that API Gateway takes."""
    if not isinstance(result, dict) or "statusCode" not in result:
        return Answer(200, [("content-type", "application/json")], _as_json(result))
    status = _status(result["statusCode"])
    headers = _headers(result.get("headers") or {})
    body = _content(result)
    if body and not any(name == "content-type" for name, _ in headers):
        headers.append(("content-type", "text/plain;charset=UTF-8"))
    for cookie in result.get("cookies") or ():
        headers.append(("set-cookie", str(cookie)))
    if len(body) > MAX_ANSWER_BYTES:
        raise BadAnswer("the answer is over 6 MB")
    return Answer(status, headers, body)


def _as_json(result: Any) -> bytes:
    try:
        return json.dumps(result).encode()
    except (TypeError, ValueError) as error:
        raise BadAnswer("the answer is not JSON") from error


def _status(value: Any) -> int:
    try:
        status = int(value)
    except (TypeError, ValueError) as error:
        raise BadAnswer("statusCode is not a number") from error
    if not 100 <= status <= 599:
        raise BadAnswer("statusCode is not an HTTP status")
    return status


def _headers(given: Any) -> list[tuple[str, str]]:
    if not isinstance(given, dict):
        raise BadAnswer("headers is not an object")
    headers = []
    for name, value in given.items():
        text = ("true" if value else "false") if isinstance(value, bool) else str(value)
        if not str(name).isascii() or any(c in text for c in "\r\n\0"):
            raise BadAnswer("a header is not one")
        headers.append((str(name).lower(), text))
    return headers


def _content(result: dict[str, Any]) -> bytes:
    body = result.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise BadAnswer("body is not a string")
    if not result.get("isBase64Encoded"):
        return body.encode()
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise BadAnswer("body is not base64") from error
