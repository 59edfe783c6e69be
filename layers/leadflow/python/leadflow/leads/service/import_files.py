"""Reads the rows of an import's file, from any position on, holding no more than a piece of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from leadflow.core.errors import InvalidInput, MalformedRequest
from leadflow.leads.rules import records
from leadflow.leads.rules.delimited import Piece, Splitter, fields
from leadflow.leads.rules.opening import HEAD_BYTES, Opening, opening
from leadflow.leads.store import files
from leadflow.leads.store.jobs import ImportJob

if TYPE_CHECKING:
    from leadflow.leads.schema import LeadCreate

_PIECE_BYTES = 512 * 1024
_INTERNATIONAL = ("+", "00")


class Row(NamedTuple):
    """One row: where it ends in the file and its size, in bytes; the lead it would make, or what is wrong with it.

    `given` are the fields that the row itself gives, as they are kept.
    """

    end: int
    size: int
    lead: LeadCreate | None
    given: dict[str, Any]
    errors: list[tuple[str, str]]


def opened(job: ImportJob) -> Opening:
    """How the file of an import begins. Raises InvalidInput when no rows can be read, store.files.FileGone."""
    size = int(job.size)
    head = files.read(job.file_key, 0, HEAD_BYTES, str(job.file_tag)) if size else b""
    return opening(head, job.format, whole=size <= HEAD_BYTES)


def rows(job: ImportJob, begin: Opening) -> Iterator[Row]:
    """The rows from the import's position on; blank lines are none. Raises store.files.FileGone."""
    position, size = max(int(job.position), begin.start), int(job.size)
    delimiter = begin.layout.delimiter if begin.layout else ","
    splitter = Splitter(position, delimiter=delimiter, newline=begin.newline, quote=begin.layout is not None)
    row_begin = position
    while position < size:
        data = files.read(job.file_key, position, _PIECE_BYTES, str(job.file_tag))
        position += len(data)
        for piece in splitter.feed(data, last=position >= size):
            fields_given = _fields_of(piece, begin)
            if fields_given is not None:
                yield _row(piece, piece.end - row_begin, fields_given, job.default_region)
            row_begin = piece.end


def _fields_of(piece: Piece, begin: Opening) -> dict[str, Any] | list[tuple[str, str]] | None:
    """The fields of a record, what is wrong with it, or None where there is nothing in it."""
    if piece.problem:
        return [("row", piece.problem)]
    try:
        text = piece.raw.decode()
    except UnicodeDecodeError:
        return [("row", "is not in UTF-8")]
    if not text.strip():
        return None
    try:
        if begin.layout is None:
            return records.from_object(_json_object(text))
        cells = fields(text, begin.layout.delimiter)
        return None if records.is_blank(cells) else records.from_cells(begin.layout, cells)
    except InvalidInput as error:
        return error.errors


def _json_object(text: str) -> dict[str, Any]:
    try:
        found = records.read_json(text)
    except ValueError:
        raise InvalidInput("row", "is not valid JSON") from None
    if not isinstance(found, dict):
        raise InvalidInput("row", "is not a JSON object")
    return found


def _row(piece: Piece, size: int, found: dict[str, Any] | list[tuple[str, str]], region: str | None) -> Row:
    if isinstance(found, list):
        return Row(piece.end, size, None, {}, found)
    try:
        lead, given = _checked(found, region)
    except InvalidInput as error:
        return Row(piece.end, size, None, {}, error.errors)
    except MalformedRequest:
        # Half characters, which JSON can write and nothing else can.
        return Row(piece.end, size, None, {}, [("row", "is not plain text")])
    return Row(piece.end, size, lead, given, [])


def _checked(found: dict[str, Any], region: str | None) -> tuple[LeadCreate, dict[str, Any]]:
    from leadflow.core.schema import checked
    from leadflow.leads.schema import LeadCreate

    whole = {"source": "import", "name": str(found.get("email", "")).partition("@")[0].strip()[:100] or "-", **found}
    if isinstance(whole.get("phone"), str):
        whole["phone"] = _international(whole["phone"], region)
    lead = checked(LeadCreate, json.dumps(whole))
    given = lead.model_dump(include=set(found))
    return lead, given


def _international(phone: str, region: str | None) -> str:
    """The number with its country code. Raises InvalidInput for one without, when no region is given for those."""
    if phone.startswith(_INTERNATIONAL):
        return phone if phone.startswith("+") else f"+{phone[2:]}"
    if region is None:
        raise InvalidInput("phone", "has no country code; give default_region, or write it with + and the code")
    import phonenumbers

    try:
        number = phonenumbers.parse(phone, region)
    except phonenumbers.NumberParseException:
        raise InvalidInput("phone", "is not a phone number") from None
    if number.extension:
        raise InvalidInput("phone", "must not have an extension")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def check_region(region: str | None) -> None:
    """Raises InvalidInput naming `default_region` for what is no country."""
    if region is None:
        return
    import phonenumbers

    if region not in phonenumbers.SUPPORTED_REGIONS:
        raise InvalidInput("default_region", "must be a country by its two letters, such as GB")


def check_head(body: bytes, file_format: str) -> None:
    """Raises InvalidInput naming what is wrong with a file, as far as its beginning tells."""
    opening(body[:HEAD_BYTES], file_format, whole=len(body) <= HEAD_BYTES)
