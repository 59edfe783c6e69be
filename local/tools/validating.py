"""Whether every item of the table is what its class says: keys, attributes, values, and an owner where it needs one.

`python -m local.tools validate` prints a count for each kind and every problem, without a value of any person.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from local.tools.migrating import MIGRATION
from local.tools.scanning import Raw, item_classes, key_of, pages

_SHOWN_PROBLEMS = 50
# Items that others of their partition belong to: the owner, or that the owner is deleted and the rest is to go.
_ROOTS = ("#META", "#", "#REMOVE")


@dataclass
class Report:
    """What was found: how many items of each kind, and problems as `<kind> at <pk> / <sk>: what is wrong`."""

    counts: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


def validate() -> Report:
    """Looks at every item of the target in force."""
    classes, report = item_classes(), Report()
    roots, needing = set[str](), dict[str, str]()
    owners = {prefix_of(kind) for kind in classes.values() if is_root(kind)}
    for items, _ in pages():
        for raw in items:
            pk, sk = key_of(raw)
            kind = raw.get("type", {}).get("S", "")
            report.counts[kind or "?"] += 1
            report.problems += [f"{kind or '?'} at {pk} / {sk}: {problem}" for problem in problems(raw, classes)]
            if sk in _ROOTS:
                roots.add(pk)
            elif f"{pk.split('#', 1)[0]}#" in owners and "expires_at" not in raw:
                # What ends by itself may outlive its owner: marks of counted runs of people who were erased.
                needing.setdefault(pk, f"{kind} at {pk} / {sk}")
    report.problems += [f"{what}: nothing it belongs to" for pk, what in needing.items() if pk not in roots]
    return report


def problems(raw: Raw, classes: dict[str, Any]) -> Iterator[str]:
    """What is wrong with one item."""
    name = raw.get("type", {}).get("S", "")
    kind = classes.get(name)
    if name == MIGRATION:
        return
    if kind is None:
        yield "its type is none of the product's"
        return
    yield from _wrong_keys(raw, kind)
    known = {attribute.attr_name for attribute in kind.get_attributes().values()}
    yield from (f"has {name}, which its type does not know" for name in sorted(set(raw) - known))
    try:
        item = kind.from_raw_data(raw)
        item.serialize()
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        # What an attribute of PynamoDB raises for a value it cannot read or an attribute that is missing.
        yield f"cannot be read: {type(error).__name__}"


def _wrong_keys(raw: Raw, kind: Any) -> Iterator[str]:
    for name, pattern in key_patterns(kind).items():
        if not pattern.fullmatch(raw[name]["S"]):
            yield f"its {name} is not as its class says"
    for number in (1, 2, 3):
        if (f"gsi{number}pk" in raw) != (f"gsi{number}sk" in raw):
            yield f"has half a key of GSI{number}"


def key_patterns(kind: Any) -> dict[str, re.Pattern[str]]:
    """The patterns of pk and sk that the docstring of an item class states."""
    text = " ".join((kind.__doc__ or "").split("\n\n", 1)[-1].split())
    found: dict[str, re.Pattern[str]] = {}
    for name in ("pk", "sk"):
        stated = re.search(rf"\b{name} ((?:`[^`]+`)(?: or `[^`]+`)*)", text)
        if stated:
            found[name] = re.compile("|".join(_pattern(one) for one in re.findall(r"`([^`]+)`", stated[1])), re.DOTALL)
    return found


def _pattern(stated: str) -> str:
    """`LEAD#<id>` with what stands in angle brackets free, and what stands in square brackets optional."""
    return "".join(_part(part) for part in re.split(r"(<[^>]*>|\[|\])", stated))


def _part(part: str) -> str:
    if part.startswith("<"):
        return ".+"
    return {"[": "(?:", "]": ")?"}.get(part, re.escape(part))


def is_root(kind: Any) -> bool:
    """Whether other items of its partition belong to items of this class."""
    stated = key_patterns(kind).get("sk")
    return stated is not None and stated.pattern in (re.escape("#META"), re.escape("#"))


def prefix_of(kind: Any) -> str:
    """What the partition keys of a class begin with, where the rest of them is an id; else nothing."""
    stated = re.search(r"\bpk `([A-Z]+#)<[^>`]+>`", kind.__doc__ or "")
    return stated[1] if stated else ""


def told(report: Report) -> Iterable[str]:
    """The report as lines for people."""
    width = max((len(kind) for kind in report.counts), default=0)
    yield from (f"  {kind:<{width}} {count:>9,}" for kind, count in sorted(report.counts.items()))
    yield f"{report.counts.total():,} items, {len(report.problems):,} problems"
    yield from (f"  {problem}" for problem in report.problems[:_SHOWN_PROBLEMS])
    if len(report.problems) > _SHOWN_PROBLEMS:
        yield f"  … and {len(report.problems) - _SHOWN_PROBLEMS:,} more"
