"""Parts of Liquid's expressions that could fail or never end on some values, made total."""

from __future__ import annotations

import math

from liquid import RenderContext
from liquid.builtin.expressions.logical import (
    ContainsExpression,
    GtExpression,
    LogicalAndExpression,
    LogicalOrExpression,
    LtExpression,
)
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.exceptions import LiquidError, LiquidValueError, ResourceLimitError
from liquid.expression import Expression

MAX_ITERATIONS = 10_000


class Forgiving(Expression):
    """A comparison that is false where it makes no sense, as between a text and a number."""

    __slots__ = ("inner",)

    def __init__(self, inner: Expression) -> None:
        super().__init__(inner.token)
        self.inner = inner

    def evaluate(self, context: RenderContext) -> object:
        try:
            return self.inner.evaluate(context)
        except (LiquidError, TypeError):  # a spent meter among them: the next node finds it spent, too
            return False

    def children(self) -> list[Expression]:
        return [self.inner]


def forgiving(expression: Expression) -> Expression:
    """The same condition with every comparison in it made forgiving."""
    if isinstance(expression, (LogicalAndExpression, LogicalOrExpression)):
        expression.left, expression.right = forgiving(expression.left), forgiving(expression.right)
        return expression
    compares = isinstance(expression, (LtExpression, GtExpression, ContainsExpression))
    return Forgiving(expression) if compares else expression


class BoundedRange(Expression):
    """A range to loop over that is refused before it is walked."""

    __slots__ = ("inner",)

    def __init__(self, inner: RangeLiteral) -> None:
        super().__init__(inner.token)
        self.inner = inner

    def evaluate(self, context: RenderContext) -> range:
        try:
            numbers: range = self.inner.evaluate(context)
        except (LiquidValueError, OverflowError):  # its ends are no numbers one could count to
            return range(0)
        if numbers.stop - numbers.start > MAX_ITERATIONS:
            raise ResourceLimitError(f"loops more than {MAX_ITERATIONS} times", token=None)
        return numbers

    def children(self) -> list[Expression]:
        return [self.inner]


class WholeNumber(Expression):
    """The limit or offset of a loop: 0 and up, `otherwise` where the value is no number."""

    __slots__ = ("inner", "otherwise")

    def __init__(self, inner: Expression, otherwise: int) -> None:
        super().__init__(inner.token)
        self.inner = inner
        self.otherwise = otherwise

    def evaluate(self, context: RenderContext) -> int:
        value = self.inner.evaluate(context)
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            return self.otherwise
        return min(max(int(value), 0), MAX_ITERATIONS)

    def children(self) -> list[Expression]:
        return [self.inner]
