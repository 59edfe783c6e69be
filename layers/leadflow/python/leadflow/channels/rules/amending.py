"""What people do to a message after it was sent: they edit it, take it back, or put a reaction on it.

Each of these may come before the message itself. It is then kept as `early` and done when the message comes, so that
in whatever order things come the same is on file in the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MAX_CONTENT = 10_000


def with_reaction(state: Mapping[str, Any], by: str, emoji: str | None, at: str) -> dict[str, Any]:
    """The state after a reaction by somebody, or (`emoji` None) after it was taken off; the latest of each counts."""
    reactions = dict(state.get("reactions") or {})
    if by in reactions and reactions[by]["at"] > at:
        return dict(state)
    reactions[by] = {"emoji": emoji, "at": at}
    return {**state, "reactions": reactions}


def with_edit(state: Mapping[str, Any], text: str, number: int) -> dict[str, Any]:
    """The state after the `number`-th edit; an earlier one that comes later changes nothing."""
    if number <= int((state.get("edit") or {}).get("number", 0)):
        return dict(state)
    return {**state, "edit": {"text": text[:MAX_CONTENT], "number": number}}


def unsent(state: Mapping[str, Any], at: str) -> dict[str, Any]:
    """The state after the message was taken back: words and reactions are gone for good."""
    return {"unsent": state.get("unsent") or at}


def with_fate(state: Mapping[str, Any], status: str, code: str | None, sentence: str | None) -> dict[str, Any]:
    """The state after a report about a message of ours whose provider's id we do not know yet."""
    told, fate = list(state.get("fates") or []), [status, code, sentence]
    return {**state, "fates": told if fate in told else [*told, fate][-10:]}


def amended(message: Mapping[str, Any], state: Mapping[str, Any]) -> dict[str, Any]:
    """What a state changes of a message: `content`, `attachments` and `metadata`."""
    metadata = dict(message.get("metadata") or {})
    if metadata.get("unsent_at"):
        return {}
    changes: dict[str, Any] = {}
    if state.get("unsent"):
        changes = {"content": "", "attachments": []}
        metadata = {"unsent_at": state["unsent"]}
    elif state:
        edit = state.get("edit")
        if edit and edit["number"] > int(metadata.get("edits", 0)):
            changes["content"] = edit["text"]
            metadata["edits"] = edit["number"]
        for by, reaction in (state.get("reactions") or {}).items():
            metadata = _reacted(metadata, by, reaction)
    if metadata != (message.get("metadata") or {}):
        changes["metadata"] = metadata
    return {name: value for name, value in changes.items() if message.get(name) != value}


def _reacted(metadata: dict[str, Any], by: str, reaction: Mapping[str, Any]) -> dict[str, Any]:
    on_file = dict(metadata.get("reactions") or {})
    if by in on_file and on_file[by]["at"] > reaction["at"]:
        return metadata
    return {**metadata, "reactions": {**on_file, by: dict(reaction)}}
