"""Windows, lengths, names and files: decisions about conversations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadflow.channels.rules import files, lengths, people, windows

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "encoding", "count"),
    [
        ("", "GSM-7", 0),
        ("a" * 160, "GSM-7", 1),
        ("a" * 161, "GSM-7", 2),
        ("a" * 306, "GSM-7", 2),
        ("a" * 307, "GSM-7", 3),
        ("€" * 80, "GSM-7", 1),
        ("€" * 81, "GSM-7", 2),
        ("ü" * 160, "GSM-7", 1),
        ("ç" * 70, "UCS-2", 1),
        ("ç" * 71, "UCS-2", 2),
        ("😀" * 35, "UCS-2", 1),
        ("😀" * 36, "UCS-2", 2),
    ],
)
def test_segments(text: str, encoding: str, count: int) -> None:
    assert lengths.segments(text) == lengths.Segments(encoding, count)


@given(st.text(max_size=300), st.text(max_size=300))
def test_more_text_never_has_fewer_segments(one: str, more: str) -> None:
    assert lengths.segments(one).count <= lengths.segments(one + more).count


@pytest.mark.parametrize(
    ("channel", "after", "options", "open_"),
    [
        ("sms", timedelta(days=900), {}, True),
        ("email", timedelta(days=900), {}, True),
        ("whatsapp", timedelta(hours=23), {}, True),
        ("whatsapp", timedelta(hours=24), {}, False),
        ("whatsapp", timedelta(days=30), {"template": "HX1"}, True),
        ("whatsapp", timedelta(days=2), {"tag": "HUMAN_AGENT"}, False),
        ("messenger", timedelta(hours=25), {}, False),
        ("messenger", timedelta(hours=25), {"tag": "HUMAN_AGENT"}, True),
        ("instagram", timedelta(days=7), {"tag": "HUMAN_AGENT"}, False),
        ("instagram", timedelta(hours=25), {"template": "x"}, False),
    ],
)
def test_windows(channel: str, after: timedelta, options: dict[str, str], open_: bool) -> None:
    assert (windows.closed(channel, NOW - after, NOW, **options) is None) is open_


@pytest.mark.parametrize("channel", ["whatsapp", "messenger", "instagram"])
def test_nobody_is_written_to_first_but_by_template(channel: str) -> None:
    assert windows.closed(channel, None, NOW) is not None
    assert (windows.closed(channel, None, NOW, template="HX1") is None) is (channel == "whatsapp")


@pytest.mark.parametrize(
    ("person", "shown"),
    [
        ("+14155550143", "+14…0143"),
        ("ana@example.com", "a…@example.com"),
        ("7392015648120394", "…0394"),
        ("US.ABC123XYZ", "…3XYZ"),
    ],
)
def test_who_has_no_name_is_shown_masked(person: str, shown: str) -> None:
    assert people.masked(person) == shown


@pytest.mark.parametrize(
    ("content", "claimed", "found"),
    [
        (b"\x89PNG\r\n\x1a\n", "text/html", "image/png"),
        (b"%PDF-1.7", None, "application/pdf"),
        (b"<html>", "text/html", files.OPAQUE),
        (b"<svg onload=alert(1)>", "image/svg+xml", files.OPAQUE),
        (b"MZ\x90", "image/png", "image/png"),
        (b"hello", "text/plain; charset=utf-8", "text/plain"),
        (b"OggS....", "audio/ogg; codecs=opus", "audio/ogg"),
        (b"....ftypM4A ", "audio/mp4", "audio/mp4"),
        (b"PK\x03\x04", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", None),
        (b"PK\x03\x04", "image/png", "application/zip"),
        (b"", None, files.OPAQUE),
    ],
)
def test_what_a_file_is(content: bytes, claimed: str | None, found: str | None) -> None:
    assert files.media_type_of(content, claimed) == (found or claimed)


@given(st.text(max_size=200))
def test_a_file_name_fits_into_a_header(name: str) -> None:
    shown = files.file_name(name, 3)

    assert shown
    assert shown.isascii()
    assert not set('"\\/\r\n;') & set(shown)
    assert len(shown) <= 100
