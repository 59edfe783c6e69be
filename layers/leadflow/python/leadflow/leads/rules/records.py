"""From a record of a file to the fields of a lead, and what such a record changes on a lead that is on file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from leadflow.core.errors import InvalidInput
from leadflow.leads.enums import CONSENT_CHANNELS
from leadflow.leads.rules.cells import line, unguarded
from leadflow.leads.rules.changes import differences
from leadflow.leads.rules.columns import CUSTOM, EXPORTED, MAX_NAME_LENGTH, Layout, targets_of

_LISTS = ("interests", "tags")
_OBJECTS = ("custom", "consent")
_WORDS = ("status", "source", "budget", "timeline")
_PARTS_OF_NAME = ("first_name", "last_name")
_CONSENT = {f"consent_{channel}": channel for channel in CONSENT_CHANNELS}
_ANSWERS = {
    **dict.fromkeys(("true", "yes", "y", "1", "on", "opted in", "subscribed"), True),
    **dict.fromkeys(("false", "no", "n", "0", "off", "opted out", "unsubscribed"), False),
}
_NO_OBJECT = "must be a JSON object"
_LIST_MARKS = re.compile(r"[;|,]")
# As deep as the API takes a body; what writes a value out again gives up at some hundreds more.
_MAX_DEPTH = 200


def is_blank(cells: Sequence[str]) -> bool:
    """Whether a line holds nothing at all, as spreadsheets leave them."""
    return not any(cell.strip() for cell in cells)


def from_cells(layout: Layout, cells: Sequence[str]) -> dict[str, Any]:
    """The fields that a line of a delimited file gives; empty cells give none.

    Raises InvalidInput naming what cannot be read as what its column is.
    """
    if len(cells) > len(layout.targets) and not is_blank(cells[len(layout.targets) :]):
        raise InvalidInput("row", f"has {len(cells)} cells where the header has {len(layout.targets)}")
    found: dict[str, Any] = {}
    errors: list[tuple[str, str]] = []
    for target, cell in zip(layout.targets, cells, strict=False):
        value = unguarded(cell).strip()
        if target is None or not value:
            continue
        try:
            found[target] = _value(target, value)
        except InvalidInput as error:
            errors += error.errors
    return _gathered(found, errors)


def from_object(record: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that a JSON object gives, its keys taken as the names of columns; null and "" give none.

    Raises InvalidInput naming what cannot be read as what its key is.
    """
    found: dict[str, Any] = {}
    errors: list[tuple[str, str]] = []
    for target, value in zip(targets_of(list(record)), record.values(), strict=True):
        if target is None or value is None or value == "":
            continue
        try:
            found[target] = _value(target, value) if isinstance(value, str) else value
        except InvalidInput as error:
            errors += error.errors
    return _gathered(found, errors)


def _value(target: str, text: str) -> Any:
    if target in _LISTS:
        return _list_of(text)
    if target in _OBJECTS:
        return _object_of(target, text)
    if target in _WORDS:
        return re.sub(r"[\s-]+", "_", text.lower())
    return text


def read_json(text: str) -> Any:
    """What a text in a file says.

    Raises ValueError for what is not JSON, holds NaN or Infinity or is nested more than 200 deep, InvalidInput naming
    a key that an object has twice: one of both would be lost.
    """
    try:
        found = json.loads(text, parse_constant=_no_number, object_pairs_hook=_each_once)
    except RecursionError:
        raise ValueError("nested without end") from None
    level = [found]
    for _ in range(_MAX_DEPTH):
        level = [inner for value in level for inner in _inside(value)]
        if not level:
            return found
    raise ValueError("nested too deep")


def _no_number(name: str) -> None:
    raise ValueError(name)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise InvalidInput(name[:MAX_NAME_LENGTH], "is given twice")
        found[name] = value
    return found


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _list_of(text: str) -> list[Any]:
    if text.startswith("["):
        try:
            found = read_json(text)
        except ValueError:
            found = None
        if isinstance(found, list):
            return found
    return [part.strip() for part in _LIST_MARKS.split(text) if part.strip()]


def _object_of(field: str, text: str) -> Any:
    try:
        found = read_json(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise InvalidInput(field, _NO_OBJECT)
    return found


def _gathered(found: dict[str, Any], errors: list[tuple[str, str]]) -> dict[str, Any]:
    """Puts together what several columns give: the name of its parts, custom fields, consent by channel."""
    parts = {part: found.pop(part) for part in _PARTS_OF_NAME if part in found}
    errors += [(part, "must be text") for part, said in parts.items() if not isinstance(said, str)]
    if parts:
        found.setdefault("name", " ".join(map(str, parts.values())))
    errors += [(name, _NO_OBJECT) for name in _OBJECTS if not isinstance(found.get(name, {}), dict)]
    custom = {name.removeprefix(CUSTOM): found.pop(name) for name in list(found) if name.startswith(CUSTOM)}
    consent: dict[str, Any] = {}
    for target in [one for one in _CONSENT if one in found]:
        said = found.pop(target)
        answer = said if isinstance(said, bool) else _ANSWERS.get(str(said).lower())
        if answer is None:
            errors.append((target, "must be yes or no"))
        consent[_CONSENT[target]] = {"opted_in": answer}
    if errors:
        raise InvalidInput.many(errors)
    # What stands in the object itself has the last word.
    for name, gathered in (("custom", custom), ("consent", consent)):
        if gathered:
            found[name] = {**gathered, **found.get(name, {})}
    return found


def updated(lead: Mapping[str, Any], given: Mapping[str, Any], now: str) -> dict[str, Any]:
    """What a record changes on a lead that is on file: the fields it gives, as a PATCH would.

    Custom fields are added to those on file. An opt-out stays, unless the record says that the person agreed later.
    """
    wanted = dict(given)
    if "custom" in wanted:
        wanted["custom"] = {**lead["custom"], **wanted["custom"]}
    if "consent" in wanted:
        wanted["consent"] = {
            channel: answer
            for channel, answer in wanted["consent"].items()
            if not _undoes_opt_out(lead["consent"].get(channel), answer, now)
        }
    return differences(lead, wanted, now)


def _undoes_opt_out(on_file: Mapping[str, Any] | None, answer: Mapping[str, Any], now: str) -> bool:
    """Whether it would without the person having agreed since; nobody has agreed in the future."""
    if on_file is None or on_file["opted_in"] or not answer["opted_in"]:
        return False
    return not str(on_file["at"]) < str(answer.get("at") or "") <= now


def header() -> str:
    """The first line of an export."""
    return line(EXPORTED)


def exported(lead: Mapping[str, Any]) -> str:
    """The line of one lead in an export; imported again it gives the same lead."""
    return line(_cell(name, lead[name]) for name in EXPORTED)


def _cell(name: str, value: Any) -> str:
    if value is None or value in ([], {}):
        return ""
    if name in _LISTS:
        plain = not any(_LIST_MARKS.search(one) or one.startswith("[") for one in value)
        return "; ".join(value) if plain else json.dumps(value, ensure_ascii=False)
    if name in _OBJECTS:
        return json.dumps(value, ensure_ascii=False)
    return str(value)
