"""A template taken apart into what it always writes and the spots where values decide.

Imported on first use only, since it brings python-liquid with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from liquid import BoundTemplate, RenderContext
from liquid.ast import Node
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import Path
from liquid.builtin.tags.assign_tag import AssignNode
from liquid.builtin.tags.capture_tag import CaptureNode
from liquid.builtin.tags.comment_tag import CommentNode
from liquid.expression import Expression
from liquid.output import LimitedStringIO

from leadflow.core.rendering.sandbox import MAX_OUTPUT_BYTES, Context

_SILENT = (AssignNode, CaptureNode, CommentNode)


@dataclass(frozen=True, slots=True)
class Spot:
    """A part of a template whose text depends on values: a value, a condition, a loop.

    `names` are the variables it reads, by their first part, those that the template sets itself with `=` before them;
    `markup` is all the fixed text inside it, whichever branch it stands in.
    """

    names: frozenset[str]
    markup: str


def layout(template: BoundTemplate) -> tuple[str | Spot, ...]:
    """The template's fixed texts and its spots, in order."""
    static = RenderContext(template)
    own = {name for node in template.nodes for name in _set_by(node, static)}
    parts: list[str | Spot] = []
    for node in template.nodes:
        if isinstance(node, ContentNode):
            parts.append(node.text)
        elif not isinstance(node, _SILENT):
            names = (f"={name}" if name in own else name for name in _names(node, static))
            parts.append(Spot(frozenset(names), "".join(_fixed(node, static))))
    return tuple(parts)


def run_spots(template: BoundTemplate, values: Mapping[str, object]) -> list[str]:
    """What the template writes at each of its spots, in order. Raises as `run` does, at the same limits."""
    context = Context(template, values)
    written: list[str] = []
    left = MAX_OUTPUT_BYTES
    with context.extend(namespace=template.make_partial_namespace(False, {})):
        for node in template.nodes:
            if isinstance(node, ContentNode):
                left -= len(node.text)
                continue
            buffer = LimitedStringIO(limit=max(left, 0), newline="")
            node.render(context, buffer)
            left -= buffer.size
            if not isinstance(node, _SILENT):
                written.append(buffer.getvalue())
    return written


def _fixed(node: Node, static: RenderContext) -> Iterator[str]:
    if isinstance(node, ContentNode):
        yield node.text
    for child in node.children(static, include_partials=False):
        yield from _fixed(child, static)


def _set_by(node: Node, static: RenderContext) -> Iterator[str]:
    yield from map(str, node.template_scope())
    yield from map(str, node.block_scope())
    for child in node.children(static, include_partials=False):
        yield from _set_by(child, static)


def _names(node: Node, static: RenderContext) -> Iterator[str]:
    for expression in node.expressions():
        yield from _names_in(expression)
    for child in node.children(static, include_partials=False):
        yield from _names(child, static)


def _names_in(expression: Expression) -> Iterator[str]:
    if isinstance(expression, Path):
        yield str(expression.path[0])
    for child in expression.children():
        yield from _names_in(child)
