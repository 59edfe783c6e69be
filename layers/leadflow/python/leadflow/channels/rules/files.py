"""What a file is, by its own bytes: what senders claim is believed only where nothing better is known."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote, urlsplit

from leadflow.channels.rules.arrivals import Attachment

MAX_BYTES = 25_000_000
# Of one message: with addresses and titles as long as may be it still fits into an item of 400 KB.
MOST = 50
LONGEST_URL = 2_000
_LONGEST_TITLE, _LONGEST_KIND, _LONGEST_TYPE = 200, 50, 200
OPAQUE = "application/octet-stream"
# By how files of these kinds begin: https://en.wikipedia.org/wiki/List_of_file_signatures
_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"#!AMR", "audio/amr"),
    (b"PK\x03\x04", "application/zip"),
)
# What may be shown under its claimed type: nothing in it is run by who opens it.
_HARMLESS = re.compile(
    r"(image/(jpeg|png|gif|webp|heic|bmp|tiff)|audio/[\w.+-]+|video/[\w.+-]+|text/(plain|csv|vcard))"
)
# Formats that are a zip by their bytes.
_ZIPPED = re.compile(r"application/vnd\.(openxmlformats-officedocument|oasis\.opendocument)\.[\w.-]+")


def described(attachment: Attachment, number: int) -> dict[str, Any]:
    """What is told of the `number`-th file of a message, whatever becomes of it."""
    return {
        "kind": attachment.kind[:_LONGEST_KIND],
        "media_type": attachment.media_type and attachment.media_type[:_LONGEST_TYPE],
        "name": attachment.name and file_name(attachment.name, number),
        "size": attachment.size,
        "title": attachment.title and attachment.title[:_LONGEST_TITLE],
        "url": None,
        "reason": None,
    }


def media_type_of(content: bytes, claimed: str | None) -> str:
    """The media type to serve a file under: by its bytes, else as claimed where that is harmless, else opaque."""
    told = (claimed or "").partition(";")[0].strip().lower()
    found = _by_beginning(content)
    if found == "application/zip" and _ZIPPED.fullmatch(told):
        return told
    if found is not None:
        # Voice messages are Ogg or MP4 files that only their claim tells from video.
        return told if found.partition("/")[0] in ("audio", "video") and _is_media(told) else found
    return told if _HARMLESS.fullmatch(told) else OPAQUE


def file_name(name: str | None, number: int) -> str:
    """A name that fits into a header and a folder, `attachment-<number>` when there is none."""
    kept = re.sub(r"[^\w.() -]", "_", (name or "").replace("\\", "/").rpartition("/")[2], flags=re.ASCII).strip(" .")
    return kept[:100] or f"attachment-{number}"


def name_in(url: str) -> str:
    """The last part of an address's path, which is often the name of the file behind it."""
    return unquote(urlsplit(url).path.rpartition("/")[2])


def _by_beginning(content: bytes) -> str | None:
    if content[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(content[8:12])
    if content[4:8] == b"ftyp":
        return "image/heic" if content[8:12] in (b"heic", b"heix", b"mif1") else "video/mp4"
    return next((kind for beginning, kind in _BEGINNINGS if content.startswith(beginning)), None)


def _is_media(told: str) -> bool:
    return told.partition("/")[0] in ("audio", "video") and _HARMLESS.fullmatch(told) is not None
