"""Requests reach functions in the shape that API Gateway gives them."""

from __future__ import annotations

import base64
import io
from typing import Any

import pytest

from local.host.events import authorizer_event, from_environ, proxy_event
from local.host.routes import Route

ROUTE = Route("POST /leads/{lead_id}/signals", "RecordSignalFunction", None, None)


def _environ(body: bytes = b"", **extra: str) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/leads/l1/signals",
        "QUERY_STRING": "",
        "SERVER_PORT": "3000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1:3000",
        "CONTENT_LENGTH": str(len(body)) if body else "",
        "wsgi.input": io.BytesIO(body),
        **extra,
    }


def _event(body: bytes = b"", **extra: str) -> dict[str, Any]:
    return proxy_event(from_environ(_environ(body, **extra)), ROUTE, {"lead_id": "l1"}, {"key_id": "k", "scopes": "a"})


def test_a_request_is_told_whole() -> None:
    event = _event(
        b'{"a": 1}',
        CONTENT_TYPE="application/json",
        HTTP_USER_AGENT="tester",
        HTTP_COOKIE="a=1; b=2",
        HTTP_X_CUSTOM="one, two",
        QUERY_STRING="tag=a&tag=b&empty=&text=a%20b",
    )

    context = event.pop("requestContext")
    assert event == {
        "version": "2.0",
        "routeKey": ROUTE.key,
        "rawPath": "/leads/l1/signals",
        "rawQueryString": "tag=a&tag=b&empty=&text=a%20b",
        "cookies": ["a=1", "b=2"],
        "headers": {
            "host": "127.0.0.1:3000",
            "user-agent": "tester",
            "x-custom": "one, two",
            "content-type": "application/json",
            "content-length": "8",
            "x-forwarded-for": "127.0.0.1",
            "x-forwarded-proto": "http",
            "x-forwarded-port": "3000",
        },
        "queryStringParameters": {"tag": "a,b", "empty": "", "text": "a b"},
        "pathParameters": {"lead_id": "l1"},
        "body": '{"a": 1}',
        "isBase64Encoded": False,
    }
    assert context["http"] == {
        "method": "POST",
        "path": "/leads/l1/signals",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "tester",
    }
    assert context["authorizer"] == {"lambda": {"key_id": "k", "scopes": "a"}}
    assert (context["stage"], context["routeKey"]) == ("$default", ROUTE.key)
    assert context["requestId"]
    assert isinstance(context["timeEpoch"], int)


def test_what_is_not_there_is_left_out() -> None:
    event = _event()

    assert not {"body", "cookies", "queryStringParameters"} & set(event)
    assert event["isBase64Encoded"] is False


@pytest.mark.parametrize(
    ("content_type", "body", "encoding", "is_text"),
    [
        ("application/json", b"{}", "", True),
        ("application/json; charset=utf-8", "ü".encode(), "", True),
        ("text/csv", b"a,b", "", True),
        ("", b"plain", "", True),
        ("application/x-www-form-urlencoded", b"a=1", "", False),
        ("application/x-ndjson", b"{}", "", False),
        ("multipart/form-data; boundary=x", b"--x", "", False),
        ("application/json", b"{}", "gzip", False),
        ("text/plain", b"\xff\xfe", "", False),
    ],
)
def test_text_goes_as_text_and_all_else_in_base64(content_type: str, body: bytes, encoding: str, is_text: bool) -> None:
    extra = {"CONTENT_TYPE": content_type} if content_type else {}
    extra |= {"HTTP_CONTENT_ENCODING": encoding} if encoding else {}

    event = _event(body, **extra)

    assert event["isBase64Encoded"] is not is_text
    assert event["body"] == (body.decode() if is_text else base64.b64encode(body).decode())


def test_a_path_is_decoded() -> None:
    raw = "/leads/ü/signals".encode().decode("latin-1")

    assert from_environ(_environ(PATH_INFO=raw)).path == "/leads/ü/signals"


def test_an_authorizer_sees_everything_but_the_body() -> None:
    request = from_environ(_environ(b"{}", CONTENT_TYPE="application/json", HTTP_AUTHORIZATION="Bearer k"))

    event = authorizer_event(request, ROUTE, {"lead_id": "l1"}, ("Bearer k", ROUTE.key))

    assert "body" not in event
    assert event["type"] == "REQUEST"
    assert event["identitySource"] == ["Bearer k", ROUTE.key]
    assert event["headers"]["authorization"] == "Bearer k"
    assert event["routeArn"].endswith("/$default/POST/leads/l1/signals")
