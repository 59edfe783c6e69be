"""The template language as we let it run: standard Liquid without files, with a meter on every kind of work.

Imported on first use only, since it brings python-liquid with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, TextIO

from liquid import BoundTemplate, Environment, RenderContext
from liquid.ast import Node
from liquid.builtin import output
from liquid.builtin.expressions import FilteredExpression, Path
from liquid.builtin.tags import assign_tag
from liquid.builtin.tags.for_tag import ForLoop
from liquid.builtin.tags.tablerow_tag import TableRow
from liquid.exceptions import LiquidError, OutputStreamLimitError, ResourceLimitError
from liquid.expression import Expression
from liquid.output import LimitedStringIO
from liquid.token import TOKEN_CONTENT, TOKEN_ILLEGAL, TOKEN_OUTPUT, Token
from liquid.undefined import UNDEFINED
from liquid.utils import ReadOnlyChainMap

from leadflow.core.rendering.filters import ADOPTED, MAX_TEXT, OWN, is_blank, text_of
from leadflow.core.rendering.forgiving import MAX_ITERATIONS

MAX_OUTPUT_BYTES = 1_000_000
MAX_WORK = 100_000
MAX_ITEMS = 10_000
MAX_BITS = 512
CHARACTERS_PER_LOOKUP_UNIT = 1_000
CHARACTERS_PER_FILTER_UNIT = 100

TAGS = frozenset({"assign", "break", "capture", "case", "comment", "#", "continue", "for", "if", "unless"})
_UNSUITED = (LiquidError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError)


@dataclass(frozen=True, slots=True)
class Origin:
    """A variable whose value ends up in what a node writes or assigns."""

    path: Path
    name: str
    root: str
    local: bool


class Meter(list[str]):
    """What one rendering may still do.

    It takes the place of the context's list of disabled tags, always empty here: liquid asks whether there are any
    before it renders a node, which makes that question the place to count nodes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.left = MAX_WORK

    def __bool__(self) -> bool:
        self.spend(1)
        return False

    def spend(self, units: int) -> None:
        self.left -= units
        if self.left < 0:
            raise ResourceLimitError("asks for too much work", token=None)


class Context(RenderContext):
    """One rendering: its variables, its meter and, when asked for, the names that came out blank."""

    __slots__ = ("blank_locals", "iterations", "meter", "missing")

    def __init__(self, template: BoundTemplate, values: Mapping[str, object]) -> None:
        super().__init__(template, globals=values)
        self.scope = ReadOnlyChainMap(self.locals, self.globals, self.counters)  # without liquid's own clock
        self.disabled_tags = self.meter = Meter()
        self.iterations = 0
        self.missing: dict[str, None] | None = None
        self.blank_locals: dict[str, tuple[str, ...]] = {}

    def get(self, path: list[object], *, token: Token | None, default: object = UNDEFINED) -> object:
        value = super().get(path, token=token, default=default)
        self.meter.spend(1 + _size(value) // CHARACTERS_PER_LOOKUP_UNIT)
        return value

    def assign(self, key: str, val: Any) -> None:
        self.meter.spend(_size(val) // CHARACTERS_PER_FILTER_UNIT)
        self.blank_locals.pop(key, None)
        self.locals[key] = val

    @contextmanager
    def loop(self, namespace: Mapping[str, object], forloop: ForLoop | TableRow) -> Iterator[RenderContext]:
        self.iterations += forloop.length
        if self.iterations > MAX_ITERATIONS:
            raise ResourceLimitError(f"loops more than {MAX_ITERATIONS} times", token=None)
        with super().loop(namespace, forloop) as context:
            yield context

    def filter(self, name: str, token: Token | None) -> Callable[..., object]:
        return partial(self._filtered, super().filter(name, token))

    def _filtered(self, function: Callable[..., object], value: object, /, *args: object, **options: object) -> object:
        """The filter's result, or nothing when the filter has no use for this value."""
        self.meter.spend(1 + sum(map(_size, (value, *args))) // CHARACTERS_PER_FILTER_UNIT)
        try:
            result = function(value, *args, **options)
        except ResourceLimitError:
            raise
        except _UNSUITED:
            return None
        return _bounded(result)

    def get_buffer(self, buf: TextIO | None = None) -> LimitedStringIO:
        """Where a capture writes; like the page itself it keeps line breaks as they are."""
        written = buf.size if isinstance(buf, LimitedStringIO) else 0
        return LimitedStringIO(limit=MAX_OUTPUT_BYTES - written, newline="")

    def blank_among(self, origins: tuple[Origin, ...]) -> tuple[str, ...]:
        """Those of the variables, by the names the caller gave them, that have no value now."""
        names: list[str] = []
        for origin in origins:
            if is_blank(origin.path.evaluate(self)):
                names.extend(self.blank_locals.get(origin.root, ()) if origin.local else (origin.name,))
        return tuple(names)


def _size(value: object) -> int:
    return len(value) if isinstance(value, (str, list, dict)) else 1


def _bounded(value: object) -> object:
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise OutputStreamLimitError("makes too long a text", token=None)
    if isinstance(value, list) and len(value) > MAX_ITEMS:
        raise ResourceLimitError("makes too long a list", token=None)
    if isinstance(value, float) and value - value != 0:  # an infinity, or not a number
        return None
    return None if isinstance(value, int) and value.bit_length() > MAX_BITS else value


def _watching(context: RenderContext) -> Context | None:
    return context if isinstance(context, Context) and context.missing is not None else None


class ValueNode(output.OutputNode):
    """`{{ ... }}`"""

    __slots__ = ("origins",)

    def __init__(self, token: Token, expression: Expression) -> None:
        super().__init__(token, expression)
        self.origins: tuple[Origin, ...] = ()

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        watching = _watching(context)
        if watching is not None and watching.missing is not None:
            watching.missing.update(dict.fromkeys(watching.blank_among(self.origins)))
        return buffer.write(text_of(self.expression.evaluate(context), context.autoescape))


class ValueTag(output.Output):
    node_class = ValueNode


class AssignNode(assign_tag.AssignNode):
    """`{% assign x = ... %}`, remembering that a blank x is somebody's blank name."""

    __slots__ = ("origins",)

    def __init__(self, token: Token, *, name: Any, expression: Expression) -> None:
        super().__init__(token, name=name, expression=expression)
        self.origins: tuple[Origin, ...] = ()

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        watching = _watching(context)
        blank = watching.blank_among(self.origins) if watching else ()
        written = super().render_to_output(context, buffer)
        if watching and blank:
            watching.blank_locals[self.name] = blank
        return written


class AssignTag(assign_tag.AssignTag):
    node_class = AssignNode


class _Environment(Environment):
    block_nesting_limit = 20
    context_depth_limit = 50

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        super().setup_tags_and_filters(extra=extra)
        self.add_tag(ValueTag)
        self.add_tag(AssignTag)
        kept = TAGS | {TOKEN_CONTENT, TOKEN_OUTPUT, TOKEN_ILLEGAL}
        self.tags = {name: tag for name, tag in self.tags.items() if name in kept}
        self.filters = {name: self.filters[name] for name in ADOPTED} | OWN


@cache
def environment(html: bool) -> Environment:
    """The language, escaping values for HTML or not."""
    return _Environment(autoescape=html)


def run(template: BoundTemplate, values: Mapping[str, object], *, watch: bool = False) -> tuple[str, list[str]]:
    """What the template writes and, when watched, the names that came out blank. Raises ResourceLimitError."""
    context = Context(template, values)
    context.missing = {} if watch else None
    buffer = LimitedStringIO(limit=MAX_OUTPUT_BYTES, newline="")
    template.render_with_context(context, buffer)
    return buffer.getvalue(), list(context.missing or ())


def filtered(node: Node) -> FilteredExpression | None:
    """The expression with filters that the node writes or assigns."""
    if isinstance(node, (ValueNode, AssignNode)) and isinstance(node.expression, FilteredExpression):
        return node.expression
    return None
