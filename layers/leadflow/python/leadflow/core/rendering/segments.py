"""Templates that only put values into a text, written without the interpreter.

Most mails are such: `{{ name }}`, `{{ lead.company | default: "your team" }}`. They are cut once into fixed texts and
places of values; what comes out is what the interpreter writes, which a property test holds, at a fraction of its time.
Whatever is beyond that (lists, long values, any other filter, any tag) is left to the interpreter, with its limits.

Imported on first use only, since it brings python-liquid with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from liquid import BoundTemplate, escape
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import FilteredExpression, Path, StringLiteral
from liquid.builtin.expressions.filtered import Filter

from leadflow.core.rendering.filters import text_of
from leadflow.core.rendering.sandbox import ValueNode

# Below these no limit of the interpreter can be reached, so that none has to be looked after.
MOST_PLACES = 1_000
LONGEST_VALUE = 1_000
LONGEST_TEXT = 100_000
# What a path means of a list or text, and the one name that the interpreter sets.
_NOT_PLAIN = frozenset({"size", "first", "last"})
_SET_BY_THE_INTERPRETER = "partial"


@dataclass(frozen=True, slots=True)
class Place:
    """A value by its path; `default` stands for it when it is blank, None when there is no such filter."""

    root: str
    rest: tuple[str, ...]
    default: str | None


@dataclass(frozen=True, slots=True)
class Segments:
    """A template's fixed texts and, between, its places."""

    html: bool
    parts: tuple[str | Place, ...]
    places: tuple[Place, ...]
    fixed: int

    def texts(self, values: Mapping[str, object]) -> list[str] | None:
        """What is written at each place, in order; None when the interpreter has to say."""
        written = []
        left = LONGEST_TEXT - self.fixed
        for place in self.places:
            value = values.get(place.root)
            for name in place.rest:
                value = value.get(name) if isinstance(value, dict) else None
            text = _text(value, place.default, self.html)
            if text is None:
                return None
            left -= len(text)
            written.append(text)
        return written if left >= 0 else None

    def render(self, values: Mapping[str, object]) -> str | None:
        """The whole text; None when the interpreter has to say."""
        written = self.texts(values)
        if written is None:
            return None
        texts = iter(written)
        return "".join([part if isinstance(part, str) else next(texts) for part in self.parts])


def segments(template: BoundTemplate, *, html: bool) -> Segments | None:
    """The template as segments; None when it does more than to put values into a text."""
    parts: list[str | Place] = []
    for node in template.nodes:
        if isinstance(node, ContentNode):
            parts.append(node.text)
            continue
        place = _place(node.expression) if isinstance(node, ValueNode) else None
        if place is None:
            return None
        parts.append(place)
    places = tuple(part for part in parts if isinstance(part, Place))
    fixed = sum(len(part) for part in parts if isinstance(part, str))
    if len(places) > MOST_PLACES or fixed > LONGEST_TEXT:
        return None
    return Segments(html, tuple(parts), places, fixed)


def _text(value: object, default: str | None, html: bool) -> str | None:
    if isinstance(value, str):
        if default is not None and not value.strip():
            return default
        if len(value) > LONGEST_VALUE:
            return None
        return str(escape(value)) if html else value
    if value is None or (value is False and default is not None):
        return default or ""
    return str(text_of(value, html)) if isinstance(value, (bool, int, float)) else None


def _place(expression: object) -> Place | None:
    if not isinstance(expression, FilteredExpression) or not isinstance(expression.left, Path):
        return None
    names = expression.left.path
    if not all(isinstance(name, str) for name in names) or _NOT_PLAIN.intersection(map(str, names[1:])):
        return None
    default = None
    for number, one in enumerate(expression.filters or ()):
        default = _default(one)
        if number or default is None:
            return None
    root, *rest = map(str, names)
    return None if root == _SET_BY_THE_INTERPRETER else Place(root, tuple(rest), default)


def _default(one: Filter) -> str | None:
    """The text of a `default` filter that has nothing else; it is the template's own and not escaped."""
    if one.name != "default" or len(one.args) != 1:
        return None
    given = getattr(one.args[0], "value", None)
    is_named = hasattr(one.args[0], "name")
    return str(given.value) if isinstance(given, StringLiteral) and not is_named else None
