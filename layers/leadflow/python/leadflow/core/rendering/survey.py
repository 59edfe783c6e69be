"""A template before it may be used: read, bounded, checked, and made unable to fail on any value."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from inspect import Signature, signature
from typing import NoReturn

from liquid import BoundTemplate, RenderContext
from liquid.ast import Node
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import (
    BooleanExpression,
    FilteredExpression,
    KeywordArgument,
    LoopExpression,
    Path,
    StringLiteral,
)
from liquid.builtin.expressions.filtered import Filter
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.builtin.tags.for_tag import BreakNode, ContinueNode, ForNode
from liquid.exceptions import LiquidError
from liquid.expression import Expression
from liquid.token import Token

from leadflow.core.rendering.forgiving import MAX_ITERATIONS, BoundedRange, WholeNumber, forgiving
from leadflow.core.rendering.markup import HOLE, Attribute, Text, pieces
from leadflow.core.rendering.sandbox import (
    AssignNode,
    Origin,
    ValueNode,
    environment,
    filtered,
)

MAX_SOURCE_BYTES = 200_000
MAX_MARKS = 5_000
MAX_MARK_LENGTH = 1_000
MAX_MARGIN = 100
MAX_EXPRESSION_DEPTH = 100

RESERVED = "now"
_LIST_FIELDS = frozenset({"tags", "interests"})
_LIST_PARTS = frozenset({"size", "first", "last"})
_MARK = re.compile(r"\{%-?\s*(?P<raw>raw)\s*-?%\}|\{%-?\s*(?P<tag>#|\w+)|(?P<nameless>\{%)|\{\{")
_END_RAW = re.compile(r"\{%-?\s*endraw\s*-?%\}")
_RUNS_SCRIPT = re.compile(r"on\w+|srcdoc", re.ASCII)


class Fault(Exception):
    """The template cannot be used; the message starts with the line, where one is known, counted from 1."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message if line is None else f"line {line}: {message}")


@dataclass(slots=True)
class Survey:
    """What a template reads: `variables` by dotted path, `roots` by first name. `skeleton` is its text with holes."""

    variables: set[str] = field(default_factory=set)
    roots: set[str] = field(default_factory=lambda: {RESERVED})
    skeleton: list[str] = field(default_factory=list)


def read(source: str, *, html: bool) -> tuple[BoundTemplate, Survey]:
    """The template ready to run, and what it reads. Raises Fault."""
    _bound(source)
    try:
        template = environment(html).from_string(source)
    except LiquidError as error:
        raise Fault(_told(error), _line(source, error.token)) from error
    survey = Survey()
    _Surveyor(template, source, survey).all()
    if html:
        _refuse_unsafe_places("".join(survey.skeleton))
    return template, survey


def _bound(source: str) -> None:
    """Refuse what the lexer would be slow on: marks that are never closed, very long, blank, or very many."""
    try:
        size = len(source.encode())
    except UnicodeEncodeError:
        raise Fault("the text holds halves of characters") from None
    if size > MAX_SOURCE_BYTES:
        raise Fault(f"a template has at most {MAX_SOURCE_BYTES} bytes")
    position, marks = 0, 0
    while mark := _MARK.search(source, position):
        marks += 1
        position = _end_of_mark(source, mark)
        if marks > MAX_MARKS:
            raise Fault(f"a template has at most {MAX_MARKS} tags and values")


def _end_of_mark(source: str, mark: re.Match[str]) -> int:
    def refuse(message: str) -> NoReturn:
        raise Fault(message, _line_at(source, mark.start()))

    if mark["raw"]:
        end_raw = _END_RAW.search(source, mark.end())
        return end_raw.end() if end_raw else refuse("raw is never ended")
    if mark["nameless"]:
        refuse("a tag needs a name")
    if mark["tag"] == "doc":  # the lexer knows it whether we keep it or not
        refuse("unexpected tag 'doc'")
    closing = "%}" if mark["tag"] else "}}"
    end = source.find(closing, mark.start() + 2)
    if end == -1:
        refuse(f"{closing} is missing")
    content = source[mark.start() + 2 : end].strip("-")
    if not content.strip():
        refuse("there is nothing between {{ and }}")
    if len(content) > MAX_MARK_LENGTH or len(content) - len(content.strip()) > MAX_MARGIN:
        refuse(f"a tag or value has at most {MAX_MARK_LENGTH} characters, {MAX_MARGIN} of them around it")
    return end + 2


def _told(error: LiquidError) -> str:
    message = str(error.message or "")
    return "cannot be read" if not message or message.startswith("unexpected liquid") else message


def _line(source: str, token: Token | None) -> int:
    return _line_at(source, len(source) if token is None or token.start_index < 0 else token.start_index)


def _line_at(source: str, position: int) -> int:
    return source.count("\n", 0, position) + 1


class _Surveyor:
    """Walks the tree once: refuses what cannot work, notes what is read, and wraps what could fail on a value."""

    def __init__(self, template: BoundTemplate, source: str, survey: Survey) -> None:
        self.template = template
        self.source = source
        self.survey = survey
        self.filters = template.env.filters
        self.static = RenderContext(template)
        self.assigned: set[str] = set()
        self.scopes: list[set[str]] = []
        self.loops = 0

    def all(self) -> None:
        for node in self.template.nodes:
            self.node(node)

    def node(self, node: Node) -> None:
        if isinstance(node, (BreakNode, ContinueNode)) and not self.loops:
            self.refuse(node.token, "break and continue belong in a loop")
        if isinstance(node, ContentNode):
            self.survey.skeleton.append(node.text.replace(HOLE, ""))
        elif isinstance(node, ValueNode):
            self.survey.skeleton.append(HOLE)
        for expression in node.expressions():
            self.expression(expression)
        written = filtered(node)
        if written is not None and isinstance(node, (ValueNode, AssignNode)):
            node.origins = self.origins(written)
        self.assigned.update(node.template_scope())
        self.children(node)

    def children(self, node: Node) -> None:
        with self.scope(set(node.block_scope())):
            for child in node.children(self.static, include_partials=False):
                looping = isinstance(node, ForNode) and child is node.block
                self.loops += looping
                self.node(child)
                self.loops -= looping

    @contextmanager
    def scope(self, names: set[str]) -> Iterator[None]:
        self.scopes.append(names)
        yield
        self.scopes.pop()

    def expression(self, expression: Expression, depth: int = 0) -> None:
        if depth > MAX_EXPRESSION_DEPTH:
            self.refuse(expression.token, "has too many parts")
        if isinstance(expression, RangeLiteral):
            self.refuse(expression.token, "a range belongs in a for")
        if isinstance(expression, Path):
            self.variable(expression)
        elif isinstance(expression, FilteredExpression):
            self.filter_calls(expression.filters or ())
        for child in expression.children():
            if _is_loop_range(expression, child):
                self.loop_source(child, depth)
            else:
                self.expression(child, depth + 1)
        if isinstance(expression, BooleanExpression):
            expression.expression = forgiving(expression.expression)
        elif isinstance(expression, LoopExpression):
            self.bound_loop(expression)

    def loop_source(self, source: Expression, depth: int) -> None:
        for bound in source.children():
            self.expression(bound, depth + 1)

    def bound_loop(self, loop: LoopExpression) -> None:
        if isinstance(loop.iterable, RangeLiteral):
            loop.iterable = BoundedRange(loop.iterable)
        if loop.limit is not None:
            loop.limit = WholeNumber(loop.limit, otherwise=MAX_ITERATIONS)
        if isinstance(loop.offset, StringLiteral) and loop.offset.value != "continue":
            self.refuse(loop.offset.token, "an offset is a number")
        if loop.offset is not None and not isinstance(loop.offset, StringLiteral):
            loop.offset = WholeNumber(loop.offset, otherwise=0)

    def variable(self, path: Path) -> None:
        name = self.name(path)
        root = str(path.path[0])
        if not self.is_local(root):
            self.survey.roots.add(root)
            if root != RESERVED:
                self.survey.variables.add(name)

    def name(self, path: Path) -> str:
        """The dotted name, up to an index; `tags.size` and the like are `tags`."""
        segments: list[str] = []
        for segment in path.path:
            if not isinstance(segment, str):
                break
            segments.append(segment)
        if not segments:
            self.refuse(path.token, "a variable needs a name")
        if len(segments) > 1 and segments[-1] in _LIST_PARTS and segments[-2] in _LIST_FIELDS:
            segments.pop()
        return ".".join(segments)

    def is_local(self, root: str) -> bool:
        return root in self.assigned or any(root in scope for scope in self.scopes)

    def origins(self, written: FilteredExpression) -> tuple[Origin, ...]:
        """The variables a value is made of, none when a default stands in for them."""
        calls = written.filters or ()
        if any(call.name == "default" for call in calls):
            return ()
        parts = [written.left, *(child for call in calls for child in call.children())]
        paths = [part for part in parts if isinstance(part, Path)]
        roots = [str(path.path[0]) for path in paths]
        return tuple(
            Origin(path, self.name(path), root, self.is_local(root)) for path, root in zip(paths, roots, strict=True)
        )

    def filter_calls(self, calls: Sequence[Filter]) -> None:
        for call in calls:
            function = self.filters.get(call.name)
            if function is None:
                self.refuse(call.token, f"there is no filter {call.name}")
            named = {argument.name: None for argument in call.args if isinstance(argument, KeywordArgument)}
            try:
                _parameters(function).bind(None, *[None] * (len(call.args) - len(named)), **named)
            except TypeError:
                self.refuse(call.token, f"the filter {call.name} takes other arguments")

    def refuse(self, token: Token, message: str) -> NoReturn:
        raise Fault(message, _line(self.source, token))


@cache
def _parameters(function: Callable[..., object]) -> Signature:
    """What a template can pass to a filter; what liquid passes by itself is left out."""
    whole = signature(function)
    return whole.replace(
        parameters=[parameter for name, parameter in whole.parameters.items() if name not in ("context", "environment")]
    )


def _is_loop_range(parent: Expression, child: Expression) -> bool:
    return isinstance(parent, LoopExpression) and child is parent.iterable and isinstance(child, RangeLiteral)


def _refuse_unsafe_places(skeleton: str) -> None:
    """Values may stand in text and in quoted attributes; nowhere else does escaping hold them. Raises Fault."""
    inside = ""
    for piece in pieces(skeleton):
        if isinstance(piece, Text):
            if piece.raw and inside == "script" and HOLE in piece.text:
                raise Fault("a value cannot stand in a script")
            continue
        inside = piece.name
        if HOLE in piece.name:
            raise Fault("a value cannot be the name of a tag")
        for attribute in piece.attributes:
            _refuse_unsafe_attribute(piece.name, attribute)


def _refuse_unsafe_attribute(tag: str, attribute: Attribute) -> None:
    if HOLE in attribute.name:
        raise Fault(f"in <{tag}>: a value in a tag needs an attribute and quotes")
    if HOLE in attribute.value and not attribute.quoted:
        raise Fault(f"in <{tag}>: the value of {attribute.name} needs quotes")
    if HOLE in attribute.value and _RUNS_SCRIPT.fullmatch(attribute.name):
        raise Fault(f"in <{tag}>: a value cannot stand in {attribute.name}")
