"""Whether a template's declared variables are the ones it uses."""

from __future__ import annotations

from collections.abc import Collection, Iterator

# What a mail has of its own, and the long ways to say a lead's field.
BUILT_IN = frozenset({"unsubscribe_url", "view_url", "visit_token", "postal_address", "lead", "custom", "now"})


def disagreements(declared: Collection[str], used: Collection[str]) -> Iterator[tuple[str, str]]:
    """(field, message) for each name that is used but not declared, or declared but not used; none when all agree.

    `used` are dotted paths. A name is declared by its first part, `address` for `address.city`, or in full.
    """
    known = {*declared, *BUILT_IN}
    for path in sorted(used):
        if path not in known and _first(path) not in known:
            yield "variables", f"{_first(path)} is used but not declared"
    for name in declared:
        if not any(path == name or path.startswith(f"{name}.") for path in used):
            yield "variables", f"{name} is declared but not used"


def _first(path: str) -> str:
    return path.partition(".")[0]
