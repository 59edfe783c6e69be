"""Conditions are checked when they are written; every fault is named by its exact path."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from leadflow.core.conditions.catalog import Field, FieldCatalog, FieldType
from leadflow.core.conditions.operators import OPS, as_moment, as_number, is_date
from leadflow.core.errors import InvalidInput

MAX_DEPTH = 10
MAX_LEAVES = 100
MAX_VALUES = 1_000
MAX_TEXT = 1_000
MAX_DAYS = 3_650
MAX_NUMBER = 10**30
MAX_FAULTS = 20

_GROUPS = ("all", "any", "not")
_BARE = frozenset({"exists", "not_exists"})
_CHOICE = frozenset({"eq", "ne", "in", "not_in"}) | _BARE
_MEMBERSHIP = frozenset({"in", "not_in", "contains", "not_contains"}) | _BARE
_OPS_OF = {
    FieldType.TEXT: _CHOICE | {"contains", "not_contains", "starts_with", "ends_with"},
    FieldType.NUMBER: _CHOICE | {"gt", "gte", "lt", "lte"},
    FieldType.BOOLEAN: frozenset({"eq", "ne"}) | _BARE,
    FieldType.MOMENT: frozenset({"before", "after", "within_days"}) | _BARE,
    FieldType.TEXTS: _MEMBERSHIP,
    FieldType.ENUM: _CHOICE,
    FieldType.DYNAMIC: OPS,
}


def validate(condition: object, fields: FieldCatalog, where: str = "condition") -> None:
    """Refuse a condition that could not mean anything.

    `where` is the path of the condition itself and starts the path of each fault. Bounds: 10 levels, 100 leaves (an
    empty group counts as one), 1,000 values in a list, 1,000 characters in a text. Raises InvalidInput with up to 20
    faults: an unknown field or op, a value of the wrong type, a key that does not belong there.
    """
    if condition is None:
        return
    check = _Check(fields)
    check.node(condition, where, depth=1)
    if check.leaves > MAX_LEAVES:
        check.faults.insert(0, (where, f"has more than {MAX_LEAVES} parts"))
    if check.faults:
        raise InvalidInput.many(check.faults[:MAX_FAULTS])


class _Check:
    def __init__(self, fields: FieldCatalog) -> None:
        self.fields = fields
        self.leaves = 0
        self.faults: list[tuple[str, str]] = []

    def fault(self, where: str, message: str) -> None:
        self.faults.append((where, message))

    def node(self, node: object, where: str, depth: int) -> None:
        if self.leaves > MAX_LEAVES:
            return
        if depth > MAX_DEPTH:
            self.leaves += 1
            self.fault(where, f"is nested deeper than {MAX_DEPTH} levels")
        elif not isinstance(node, Mapping):
            self.leaves += 1
            self.fault(where, "must be an object")
        else:
            group = next((key for key in _GROUPS if key in node), None)
            if group is None:
                self.leaf(node, where)
            else:
                self.group(group, node, where, depth)

    def group(self, key: str, node: Mapping[object, object], where: str, depth: int) -> None:
        self.extra_keys(node, {key}, where)
        inner = node[key]
        if key == "not":
            self.node(inner, f"{where}.not", depth + 1)
        elif not isinstance(inner, list):
            self.leaves += 1
            self.fault(f"{where}.{key}", "must be a list of conditions")
        else:
            self.leaves += 0 if inner else 1
            for index, part in enumerate(inner[: MAX_LEAVES + 1]):
                self.node(part, f"{where}.{key}.{index}", depth + 1)

    def leaf(self, node: Mapping[object, object], where: str) -> None:
        self.leaves += 1
        if "field" not in node and "op" not in node:
            self.fault(where, 'needs "all", "any", "not", or "field" and "op"')
            return
        field, op = self.field(node.get("field"), where), self.op(node.get("op"), where)
        self.extra_keys(node, {"field", "op"} if op in _BARE else {"field", "op", "value"}, where)
        if field is None or op is None:
            return
        if op not in _OPS_OF[field.type]:
            legal = ", ".join(sorted(_OPS_OF[field.type]))
            self.fault(f"{where}.op", f"is not for a field of type {field.type}; use one of: {legal}")
        elif op not in _BARE:
            self.value(node.get("value"), field, op, f"{where}.value")

    def field(self, name: object, where: str) -> Field | None:
        found = self.fields.find(name) if isinstance(name, str) else None
        if found is None:
            self.fault(f"{where}.field", f"must name a field: {self.fields.shapes()}")
        return found

    def op(self, name: object, where: str) -> str | None:
        if isinstance(name, str) and name in OPS:
            return name
        self.fault(f"{where}.op", f"must be one of: {', '.join(sorted(OPS))}")
        return None

    def value(self, value: object, field: Field, op: str, where: str) -> None:
        expected = _expected(field, op)
        if op not in ("in", "not_in"):
            self.scalar(value, expected, where)
        elif not isinstance(value, list) or not 1 <= len(value) <= MAX_VALUES:
            self.fault(where, f"must be a list of 1 to {MAX_VALUES} values")
        else:
            for index, item in enumerate(value):
                self.scalar(item, expected, f"{where}.{index}")

    def scalar(self, value: object, expected: _Expected, where: str) -> None:
        fits, description = expected
        if not fits(value):
            self.fault(where, f"must be {description}")

    def extra_keys(self, node: Mapping[object, object], known: set[str], where: str) -> None:
        for key in node:
            if key not in known:
                self.fault(f"{where}.{key}"[:MAX_TEXT], "does not belong here")


_Expected = tuple[Callable[[object], bool], str]


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip()) and len(value) <= MAX_TEXT


def _number(value: object) -> Decimal | None:
    """The finite number that `value` is; text that spells one is not one here."""
    number = None if isinstance(value, str) else as_number(value)
    return number if number is not None and abs(number) <= MAX_NUMBER else None


def _is_number(value: object) -> bool:
    return _number(value) is not None


def _is_scalar(value: object) -> bool:
    return isinstance(value, bool) or _is_text(value) or _is_number(value)


def _is_days(value: object) -> bool:
    days = _number(value)
    return days is not None and days == int(days) and 1 <= abs(days) <= MAX_DAYS


def _is_moment(value: object) -> bool:
    moment = as_moment(value) if isinstance(value, str) else None
    return moment is not None and (is_date(value) or _names_its_offset(str(value)))


def _names_its_offset(text: str) -> bool:
    return text[-1] in "Zz" or text[-6] in "+-"


_TEXT: _Expected = (_is_text, f"text of 1 to {MAX_TEXT} characters; for no value there is not_exists")
_NUMBER: _Expected = (_is_number, "a number")
_BOOLEAN: _Expected = (lambda value: isinstance(value, bool), "true or false")
_MOMENT: _Expected = (_is_moment, "a date, or an RFC 3339 time with Z or an offset")
_DAYS: _Expected = (_is_days, f"a whole number of days, 1 to {MAX_DAYS} or, for the future, negative")
_SCALAR: _Expected = (_is_scalar, f"text of 1 to {MAX_TEXT} characters, a number, true or false")
_BY_OP = {
    **dict.fromkeys(("gt", "gte", "lt", "lte"), _NUMBER),
    **dict.fromkeys(("before", "after"), _MOMENT),
    **dict.fromkeys(("starts_with", "ends_with"), _TEXT),
    "within_days": _DAYS,
}
_BY_TYPE = {
    FieldType.TEXT: _TEXT,
    FieldType.TEXTS: _TEXT,
    FieldType.NUMBER: _NUMBER,
    FieldType.BOOLEAN: _BOOLEAN,
    FieldType.DYNAMIC: _SCALAR,
}


def _expected(field: Field, op: str) -> _Expected:
    if op in _BY_OP:
        return _BY_OP[op]
    if field.type is FieldType.ENUM:
        return (lambda value: isinstance(value, str) and value in field.values, f"one of: {', '.join(field.values)}")
    return _BY_TYPE[field.type]
