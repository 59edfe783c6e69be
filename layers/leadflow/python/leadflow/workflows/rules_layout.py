"""Where the boxes and lines of a workflow's diagram stand.

The boxes of a tree of actions are laid out as it is walked: siblings below each other, the sides of a condition beside
each other, and what follows below all of them. Nothing crosses: every subtree has a rectangle of its own, and lines run
in the gaps between. Units are those of SVG. Deep trees are laid out without recursion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from leadflow.workflows.rules import ActionNode

BOX_WIDTH = 264
_EMPTY_WIDTH = 56
_GAP_X = 36
_GAP_Y = 46
_MARGIN = 24
# Lines fork this far below a box and meet this far above one.
_FORK, _MEET = 14, 16
START, END = "start", "end"

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """One box by its top left corner; `id` is an action's, or START or END."""

    id: str
    x: float
    y: float

    @property
    def middle(self) -> float:
        return self.x + BOX_WIDTH / 2


@dataclass(frozen=True)
class Line:
    """One way from box to box; `side` is yes, no, error, or None for whatever happens."""

    source: str
    target: str
    side: str | None
    points: tuple[Point, ...]
    label_at: Point | None


@dataclass(frozen=True)
class Layout:
    """A diagram's places; boxes in the order they are walked."""

    width: float
    height: float
    box_height: float
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


@dataclass
class _Column:
    """One side below an action: boxes below each other, or nothing but a line that passes."""

    side: str | None
    ids: list[str]
    width: float = _EMPTY_WIDTH
    height: float = 0
    middle: float = 0


@dataclass
class _Block:
    """An action with all that is below it."""

    columns: list[_Column] = field(default_factory=list)
    width: float = BOX_WIDTH
    height: float = 0


@dataclass(frozen=True)
class _Exit:
    """Where the way on leaves: the box, and the column it passes when that is empty."""

    source: str
    side: str | None = None
    lane: float | None = None


def layout(walked: Sequence[ActionNode], box_height: float) -> Layout:
    """Places for actions in walking order, between a start and an end; boxes are BOX_WIDTH wide."""
    blocks = _measured(walked, box_height)
    root = _Column(None, [START, *(node.id for node in walked if node.parent_id is None), END])
    _measure(root, blocks)
    boxes = _placed(root, blocks, box_height)
    lines = tuple(_connected(root, [node.id for node in walked], blocks, boxes, box_height))
    ordered = [START, *(node.id for node in walked), END]
    size = root.width + 2 * _MARGIN, root.height + 2 * _MARGIN
    return Layout(*size, box_height, tuple(boxes[one] for one in ordered), lines)


def _measured(walked: Sequence[ActionNode], box_height: float) -> dict[str, _Block]:
    children: dict[str | None, list[ActionNode]] = {}
    for node in walked:
        children.setdefault(node.parent_id, []).append(node)
    blocks = {name: _Block(height=box_height) for name in (START, END)}
    for node in reversed(walked):
        block = _Block(_columns(node, children.get(node.id, [])), BOX_WIDTH, box_height)
        for column in block.columns:
            _measure(column, blocks)
        if block.columns:
            across = sum(column.width for column in block.columns) + _GAP_X * (len(block.columns) - 1)
            block.width = max(BOX_WIDTH, across)
            block.height += _GAP_Y + max(column.height for column in block.columns)
        blocks[node.id] = block
    return blocks


def _columns(node: ActionNode, children: Sequence[ActionNode]) -> list[_Column]:
    present = {child.branch for child in children}
    sides: list[str | None] = ["yes", "no"] if node.action_type == "condition" else [None] if children else []
    sides += [side for side in (None, "yes", "no", "error") if side in present and side not in sides]
    return [_Column(side, [child.id for child in children if child.branch == side]) for side in sides]


def _measure(column: _Column, blocks: dict[str, _Block]) -> None:
    inside = [blocks[one] for one in column.ids]
    if inside:
        column.width = max(block.width for block in inside)
        column.height = sum(block.height for block in inside) + _GAP_Y * (len(inside) - 1)


def _placed(root: _Column, blocks: dict[str, _Block], box_height: float) -> dict[str, Box]:
    boxes: dict[str, Box] = {}
    root.middle = _MARGIN + root.width / 2
    waiting = [(root, float(_MARGIN))]
    while waiting:
        column, y = waiting.pop()
        for one in column.ids:
            boxes[one] = Box(one, column.middle - BOX_WIDTH / 2, y)
            below = blocks[one].columns
            across = sum(inner.width for inner in below) + _GAP_X * (len(below) - 1)
            left = column.middle - across / 2
            for inner in below:
                inner.middle = left + inner.width / 2
                left += inner.width + _GAP_X
                waiting.append((inner, y + box_height + _GAP_Y))
            y += blocks[one].height + _GAP_Y
    return boxes


def _connected(
    root: _Column, walked: Sequence[str], blocks: dict[str, _Block], boxes: dict[str, Box], box_height: float
) -> list[Line]:
    lines: list[Line] = []
    exits: dict[str, list[_Exit]] = {one: [_Exit(one)] for one in (START, END)}

    def through(column: _Column, entries: list[_Exit]) -> list[_Exit]:
        for one in column.ids:
            lines.extend(_line(entry, boxes, one, box_height) for entry in entries)
            entries = exits[one]
        return entries

    for one in reversed(walked):
        columns = blocks[one].columns
        leaving = [_Exit(one)] if not columns else []
        for column in columns:
            leaving += through(column, [_Exit(one, column.side, column.middle)])
        exits[one] = leaving
    through(root, [])
    return lines


def _line(leaving: _Exit, boxes: dict[str, Box], target: str, box_height: float) -> Line:
    source, box = boxes[leaving.source], boxes[target]
    x, y = source.middle, source.y + box_height
    points: list[Point] = [(x, y)]
    label_at = None
    if leaving.lane is not None:
        points += [(x, y + _FORK), (leaving.lane, y + _FORK)]
        x = leaving.lane
        label_at = (x + 6, y + _FORK + 15) if leaving.side else None
    if x != box.middle:
        points += [(x, box.y - _MEET), (box.middle, box.y - _MEET)]
    points.append((box.middle, box.y))
    return Line(leaving.source, target, leaving.side, tuple(points), label_at)
