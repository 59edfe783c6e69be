"""Where a run goes on that follows a newer version of its workflow: pure, and the same whenever it is asked.

What a run has walked it never walks again, wherever the new version has it. Actions that the new version has before the
place where the run stands are not made up for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from leadflow.workflows.rules import ActionNode, Cursor, Definition


@dataclass(frozen=True)
class Move:
    """The run's cursor in the newer version; `dropped` is the action it stood at, when that is gone."""

    cursor: Cursor
    dropped: ActionNode | None = None


def follow(old: Definition, new: Definition, cursor: Cursor) -> Move | None:
    """Where a run at `cursor` of `old` stands in `new`; None when that cannot be known.

    It stays at its action wherever that is now. If the action is gone, the run goes on with what follows, in the new
    order, the nearest action before it in the old order that is still there; if none is, with the nearest one after it;
    a run that had not begun begins anew. Where the two versions share no action, nothing says where the run stands.
    """
    places = {node.id: place for place, node in enumerate(new.actions)}
    standing = old.actions[cursor.position] if cursor.position < len(old.actions) else None
    if standing is not None and standing.id in places:
        return Move(replace(cursor, position=places[standing.id]))
    place = _after_what_is_left(old, places, cursor.position)
    if standing is None:
        return Move(replace(cursor, position=len(new.actions) if place is None else place))
    if place is None:
        return None
    return Move(replace(cursor, position=place, attempt=1, visit=1, steps=cursor.steps + 1), standing)


def past_walked(definition: Definition, cursor: Cursor) -> Cursor:
    """The cursor beyond actions that the run walked when an older version had them further ahead."""
    position = cursor.position
    while position < len(definition.actions) and definition.actions[position].id in cursor.results:
        position += 1
    return cursor if position == cursor.position else replace(cursor, position=position)


def _after_what_is_left(old: Definition, places: Mapping[str, int], position: int) -> int | None:
    if position == 0:
        return 0
    before = next((places[node.id] for node in reversed(old.actions[:position]) if node.id in places), None)
    if before is not None:
        return before + 1
    return next((places[node.id] for node in old.actions[position + 1 :] if node.id in places), None)
