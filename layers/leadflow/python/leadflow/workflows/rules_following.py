"""Where a run goes on that follows a newer version of its workflow: pure, and the same whenever it is asked.

What a run has walked it never walks again, wherever the new version has it. Actions that the new version has before the
place where the run stands are not made up for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from leadflow.workflows.rules import ActionNode, Cursor, Definition


@dataclass(frozen=True)
class Walked:
    """What became of every action that a run has walked, by id; the logs tell, as the cursor forgets."""

    results: Mapping[str, str]
    branches: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Move:
    """The run's cursor in the newer version; `dropped` is the action it stood at, when that is gone."""

    cursor: Cursor
    dropped: ActionNode | None = None


def follow(old: Definition, new: Definition, cursor: Cursor, walked: Walked) -> Move | None:
    """Where a run at `cursor` of `old` stands in `new`; None when that cannot be known.

    It stays at its action wherever that is now. If the action is gone, the run goes on with what follows, in the new
    order, the nearest action before it in the old order that is still there; if none is, with the nearest one after it;
    a run that had not begun begins anew. Where the two versions share no action, nothing says where the run stands.
    """
    places = {node.id: place for place, node in enumerate(new.actions)}
    standing = old.actions[cursor.position] if cursor.position < len(old.actions) else None
    if standing is not None and standing.id in places:
        return Move(remembering(new, replace(cursor, position=places[standing.id]), walked))
    place = _after_what_is_left(old, places, cursor.position)
    if standing is None:
        return Move(remembering(new, replace(cursor, position=len(new.actions) if place is None else place), walked))
    if place is None:
        return None
    moved = replace(cursor, position=place, attempt=1, visit=1, steps=cursor.steps + 1)
    return Move(remembering(new, moved, walked), standing)


def remembering(definition: Definition, cursor: Cursor, walked: Walked) -> Cursor:
    """The cursor at its place in another version, with what that version can ask of the actions walked before."""
    position = cursor.position
    return replace(
        cursor,
        results={one: held for one, held in walked.results.items() if definition.asks_result(one, position)},
        branches={one: side for one, side in walked.branches.items() if definition.asks_result(one, position)},
        outputs={one: held for one, held in walked.outputs.items() if definition.asks_output(one, position)},
        done=[node.id for node in definition.actions[position:] if node.id in walked.results],
    )


def past_walked(definition: Definition, cursor: Cursor) -> Cursor:
    """The cursor beyond actions that the run walked when an older version had them further ahead."""
    position = cursor.position
    while position < len(definition.actions) and definition.actions[position].id in cursor.done:
        position += 1
    return cursor if position == cursor.position else replace(cursor, position=position)


def _after_what_is_left(old: Definition, places: Mapping[str, int], position: int) -> int | None:
    if position == 0:
        return 0
    before = next((places[node.id] for node in reversed(old.actions[:position]) if node.id in places), None)
    if before is not None:
        return before + 1
    return next((places[node.id] for node in old.actions[position + 1 :] if node.id in places), None)
