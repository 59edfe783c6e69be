"""Files of leads taken apart: cells, records, columns, beginnings."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadflow.core.errors import InvalidInput
from leadflow.leads.rules import cells, columns, records
from leadflow.leads.rules.delimited import MAX_RECORD_BYTES, TOO_LONG, Piece, Splitter, fields
from leadflow.leads.rules.opening import opening

NEVER_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
AWKWARD = st.text(st.sampled_from("=+-@'\t\r\n\",;| a1é"), max_size=8)


@given(TEXT | AWKWARD)
def test_a_guarded_cell_is_no_formula_and_is_its_value_again(value: str) -> None:
    cell = cells.guarded(value)
    assert not cell.startswith(NEVER_FORMULAS)
    assert cells.unguarded(cell) == value


@given(st.lists(TEXT | AWKWARD, min_size=1, max_size=5))
def test_a_line_is_read_as_it_was_written_also_by_others(values: list[str]) -> None:
    line = cells.line(values)
    [others] = list(csv.reader(io.StringIO(line, newline=""))) or [[""]]
    assert [cells.unguarded(cell) for cell in others or [""]] == values
    assert [cells.unguarded(cell) for cell in fields(line.removesuffix("\r\n"), ",")] == values


def pieces(data: bytes, cuts: list[int], start: int = 0, delimiter: str = ",") -> list[Piece]:
    """The records of a file that comes in pieces cut at these places."""
    splitter = Splitter(start, delimiter=delimiter)
    places = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    found: list[Piece] = []
    for begin, end in zip(places, [*places[1:], len(data)], strict=True):
        found += splitter.feed(data[begin:end], last=end == len(data) and begin == len(data))
    return found


@given(st.lists(st.lists(AWKWARD, min_size=1, max_size=3), max_size=6), st.lists(st.integers(0, 300), max_size=5))
def test_records_are_the_same_however_the_file_comes(rows: list[list[str]], cuts: list[int]) -> None:
    data = "".join(map(cells.line, rows)).encode()

    found = pieces(data, cuts)

    assert [[cells.unguarded(cell) for cell in fields(piece.raw.decode(), ",")] for piece in found] == rows
    assert not [piece for piece in found if piece.problem]
    # From the end of any record on the rest is read the same.
    for number, piece in enumerate(found):
        assert pieces(data[piece.end :], [], piece.end) == found[number + 1 :]


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=4))
def test_whatever_the_bytes_are_all_of_them_are_passed(data: bytes, cuts: list[int]) -> None:
    found = pieces(data, cuts)
    assert found == pieces(data, [])
    assert [piece.end for piece in found][-1:] == ([len(data)] if data else [])


def test_a_quote_that_is_never_closed_costs_one_row() -> None:
    rest = b"b@x.de,B\n" * (MAX_RECORD_BYTES // 8)
    found = pieces(b'a@x.de,"A\n' + rest, [70_000, 140_000, 300_000])

    assert (found[0].problem, found[0].end) == (TOO_LONG, 10)
    assert {piece.raw for piece in found[1:]} == {b"b@x.de,B"}
    assert len(found) == 1 + MAX_RECORD_BYTES // 8
    at_end = pieces(b'a,b\n"c,d\ne,f\n', [])
    assert [(piece.raw, piece.problem) for piece in at_end] == [(b"a,b", None), (b"", TOO_LONG), (b"e,f", None)]


@pytest.mark.parametrize("ending", [b"\n", b""])
def test_a_line_that_does_not_end_is_not_held(ending: bytes) -> None:
    splitter = Splitter(0, delimiter=",")
    long = b"x" * 100_000
    found: list[Piece] = []
    for _ in range(50):
        found += splitter.feed(long, last=False)
        assert len(splitter._rest) <= MAX_RECORD_BYTES + len(long)
    found += splitter.feed(ending, last=False)
    found += splitter.feed(b"a,b" if ending else b"", last=True)

    expected = [Piece(b"", 5_000_000 + len(ending), TOO_LONG)]
    assert found == ([*expected, Piece(b"a,b", 5_000_004)] if ending else expected)


@pytest.mark.parametrize(
    ("header", "delimiter", "targets"),
    [
        ("email,name", ",", ("email", "name")),
        ("E-Mail;Vor, Nachname", ";", ("email", "custom.Vor, Nachname")),
        ("Full name\tE-mail address\tPhone number", "\t", ("name", "email", "phone")),
        ("first_name|Last Name|MAIL", "|", ("first_name", "last_name", "email")),
        ('"E-Mail, work",email', ",", ("custom.E-Mail, work", "email")),
        ("email,Work email,id,score", ",", ("email", "custom.Work email", "custom.id", "custom.score")),
        ("email,,custom.size,consent_sms", ",", ("email", None, "custom.size", "consent_sms")),
        ("'=x,email,,", ",", ("custom.=x", "email")),
    ],
)
def test_columns_are_known_by_their_names(header: str, delimiter: str, targets: tuple[str | None, ...]) -> None:
    assert columns.layout(header) == columns.Layout(delimiter, targets)


def test_of_an_export_the_servers_own_columns_are_passed_over() -> None:
    found = dict(zip(columns.EXPORTED, columns.layout(records.header().strip()).targets, strict=True))
    assert {name for name, target in found.items() if target is None} == {
        "id",
        "score",
        "qualified_at",
        "created_at",
        "updated_at",
    }
    assert all(target == name for name, target in found.items() if target is not None)


def test_a_file_may_begin_as_spreadsheets_write_it() -> None:
    begin = opening(b"\xef\xbb\xbfsep=;\r\n\r\nemail;name\r\na@b.de;A\r\n", "csv", whole=True)
    assert (begin.start, begin.layout) == (24, columns.Layout(";", ("email", "name")))
    old = opening(b"email,name\ra@b.de,A\r", "csv", whole=True)
    assert (old.start, old.newline) == (11, b"\r")


def test_too_many_cells_are_told_but_not_empty_ones() -> None:
    layout = columns.layout("email,name")
    assert records.from_cells(layout, ["a@b.de", "A", "", " "]) == {"email": "a@b.de", "name": "A"}
    with pytest.raises(InvalidInput, match="row: has 3 cells"):
        records.from_cells(layout, ["a@b.de", "A", "x"])


@pytest.mark.parametrize(
    ("on_file", "given_answer", "expected"),
    [
        (False, {"opted_in": True}, False),
        (False, {"opted_in": True, "at": "2026-01-01T00:00:00.000Z"}, False),
        (False, {"opted_in": True, "at": "2026-01-03T00:00:00.000Z"}, True),
        (True, {"opted_in": False}, False),
    ],
)
def test_an_opt_out_stays_unless_the_person_agreed_later(
    on_file: bool, given_answer: dict[str, object], expected: bool
) -> None:
    lead = {"consent": {"email": {"opted_in": on_file, "at": "2026-01-02T00:00:00.000Z"}}, "qualified_at": None}
    changes = records.updated(lead, {"consent": {"email": given_answer}}, "2026-02-01T00:00:00.000Z")
    after = changes.get("consent", lead["consent"])
    assert after["email"]["opted_in"] is expected
