"""The text types that requests are made of."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from leadflow.core.schema import Email, JsonObject, Phone, Text, TimeZone, Write


class Body(Write):
    text: Text | None = None
    email: Email | None = None
    phone: Phone | None = None
    timezone: TimeZone | None = None
    data: JsonObject | None = None


def read(**fields: object) -> Body:
    return Body.model_validate_json(json.dumps(fields))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (" Ada@Example.COM ", "Ada@example.com"),
        ("ada+x@example.com", "ada+x@example.com"),
        ("ada@sandbox.test", "ada@sandbox.test"),
        ("ada@müller.de", "ada@müller.de"),
    ],
)
def test_emails(given: str, kept: str) -> None:
    assert read(email=given).email == kept


@pytest.mark.parametrize(
    "given", ["ada", "ada@localhost", "@example.com", "Ada <ada@example.com>", "a b@example.com", "a@b@example.com"]
)
def test_what_is_no_email(given: str) -> None:
    with pytest.raises(ValidationError, match="is not an email address"):
        read(email=given)


@pytest.mark.parametrize("given", ["Europe/Berlin", "UTC", "America/Argentina/Buenos_Aires", "EST5EDT"])
def test_time_zones(given: str) -> None:
    assert read(timezone=given).timezone == given


@pytest.mark.parametrize(
    "given",
    ["Mars/Olympus", "localtime", "posix/UTC", "right/UTC", "posixrules", "Europe", "../UTC", "/etc/passwd", "é"],
)
def test_what_is_no_time_zone(given: str) -> None:
    """Files beside the zones exist on some machines and not on others."""
    with pytest.raises(ValidationError, match="is not an IANA time zone"):
        read(timezone=given)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_objects_hold_no_numbers_that_json_has_not(number: str) -> None:
    with pytest.raises(ValidationError, match="NaN or Infinity"):
        Body.model_validate_json(f'{{"data": {{"deep": [{number}]}}}}')


def test_objects_are_at_most_16_kilobytes_of_utf8() -> None:
    frame = len('{"x": ""}')

    assert read(data={"x": "é" * ((16384 - frame) // 2)}).data
    with pytest.raises(ValidationError, match="16 KB"):
        read(data={"x": "é" * ((16384 - frame) // 2 + 1)})


def test_no_nul_anywhere() -> None:
    for fields in ({"text": "a\x00"}, {"data": {"x": ["\x00"]}}, {"data": {"\x00": 1}}):
        with pytest.raises(ValidationError, match="NUL"):
            read(**fields)


def test_what_only_spells_nul_is_text() -> None:
    for text in (r"\u0000", r"a\\u0000"):
        assert read(data={"x": text}).data == {"x": text}
    with pytest.raises(ValidationError, match="NUL"):
        read(data={"x": "\\\x00"})


def test_phones() -> None:
    assert read(phone="+44 20 7946-0018").phone == "+442079460018"
    for wrong in ("020 7946 0018", "+1", "+44 20 7946 0018 0018 0018", "call me"):
        with pytest.raises(ValidationError, match="phone"):
            read(phone=wrong)
