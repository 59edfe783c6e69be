"""Functions' answers become HTTP as API Gateway would have it."""

from __future__ import annotations

from typing import Any

import pytest

from local.host.answers import MAX_ANSWER_BYTES, BadAnswer, from_function


def test_a_full_answer_is_taken_as_it_is() -> None:
    answer = from_function(
        {
            "statusCode": 201,
            "headers": {"Content-Type": "application/json", "X-Number": 5, "X-Flag": True},
            "cookies": ["a=1; HttpOnly", "b=2"],
            "body": '{"ü": 1}',
        }
    )

    assert answer.status_line == "201 Created"
    assert answer.headers == [
        ("content-type", "application/json"),
        ("x-number", "5"),
        ("x-flag", "true"),
        ("set-cookie", "a=1; HttpOnly"),
        ("set-cookie", "b=2"),
    ]
    assert answer.body == '{"ü": 1}'.encode()


@pytest.mark.parametrize("result", [{"items": []}, [1], "text", None, 5])
def test_what_has_no_status_is_json_with_200(result: Any) -> None:
    answer = from_function(result)

    assert answer.status == 200
    assert answer.headers == [("content-type", "application/json")]


def test_base64_is_decoded() -> None:
    gif = from_function(
        {"statusCode": 200, "headers": {"content-type": "image/gif"}, "body": "R0lG", "isBase64Encoded": True}
    )

    assert gif.body == b"GIF"


def test_a_body_without_a_type_is_plain_text_and_no_body_has_none() -> None:
    assert from_function({"statusCode": 200, "body": "x"}).headers == [("content-type", "text/plain;charset=UTF-8")]
    assert from_function({"statusCode": "204"}).headers == []


@pytest.mark.parametrize(
    "result",
    [
        {"statusCode": "many"},
        {"statusCode": 99},
        {"statusCode": 200, "body": {"not": "a string"}},
        {"statusCode": 200, "body": "%%%", "isBase64Encoded": True},
        {"statusCode": 200, "headers": ["a"]},
        {"statusCode": 302, "headers": {"location": "https://a\r\nset-cookie: b"}},
        {"statusCode": 200, "body": "x" * (MAX_ANSWER_BYTES + 1)},
        {"unserialisable": object()},
    ],
)
def test_what_api_gateway_would_not_take_is_bad(result: Any) -> None:
    with pytest.raises(BadAnswer):
        from_function(result)
