"""Texts with gaps for values."""

from __future__ import annotations

from collections.abc import Sequence

# Fixed text, or the position of a value.
Shape = tuple[str | int, ...]


def filled(shape: Shape, values: Sequence[str]) -> str:
    """The text with its values in place."""
    return "".join(part if isinstance(part, str) else values[part] for part in shape)
