"""What two leads make together, and what each is when they are two again.

A lead that others were merged into shows `combined(own, parts)`: its own values, and where it has none, those of its
parts in the order they were merged. Its parts stay as they were, so both directions are the same step: the combination
with other parts, with everything redone on it that people changed since.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leadflow.leads.enums import MAX_CUSTOM_BYTES, MAX_LABELS

# At most so many leads can be one.
MAX_PARTS = 20
# Of these the lead's own value always stays.
_KEPT = ("name", "status", "source")
_FILLED = ("company", "budget", "timeline", "notes", "timezone")
_ADDRESSES = ("email", "phone")
_LISTS = ("tags", "interests")
FIELDS = (*_ADDRESSES, *_FILLED, "qualified_at", *_LISTS, "custom", "consent")

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Conflict:
    """A field in which two leads do not agree: what the merged lead shows, and what it does not."""

    field: str
    kept: Any
    other: Any


@dataclass(frozen=True)
class Shown:
    """What a lead shows, and its own values where they differ from that."""

    fields: dict[str, Any]
    own: dict[str, Any]


def combined(own: Values, parts: Sequence[Values]) -> dict[str, Any]:
    """What a lead with these values of its own shows together with these parts, by the fields that merging changes.

    Empty fields are filled, tags and interests united up to what a lead may carry, of `custom` the keys added that the
    lead lacks and that fit. An opt-out of any part counts; of two equal answers the later one. `qualified_at` is the
    earliest.
    """
    leads = [own, *parts]
    shown: dict[str, Any] = {
        field: next((one[field] for one in leads if one[field] is not None), None) for field in FIELDS
    }
    shown["qualified_at"] = min((one["qualified_at"] for one in leads if one["qualified_at"]), default=None)
    for field in _LISTS:
        shown[field] = list(dict.fromkeys(label for one in leads for label in one[field]))[:MAX_LABELS]
    shown["custom"] = _fitting(pair for one in leads for pair in one["custom"].items())
    shown["consent"] = {}
    for one in leads:
        for channel, answer in one["consent"].items():
            shown["consent"][channel] = _stricter(shown["consent"].get(channel), answer)
    return shown


def recombined(
    current: Values, own: Values, before: Sequence[Values], after: Sequence[Values], addresses: Container[Any]
) -> Shown:
    """What a lead shows when its parts change from `before` to `after`, and what then is its own.

    `current` is what it shows now, `own` what was its own at the last such change; where people have changed what is
    shown since, that is their lead's own now, and stays. An address that they chose stays while it is among
    `addresses`, those that the parts then have.
    """
    expected = combined(own, before)
    now_own = {field: _redone(field, own[field], expected[field], current[field]) for field in FIELDS}
    now_own |= {field: own[field] for field in _ADDRESSES}
    shown_before, target = combined(now_own, before), combined(now_own, after)
    fields = {field: _redone(field, target[field], shown_before[field], current[field]) for field in FIELDS}
    for field in _ADDRESSES:
        chosen = current[field]
        if chosen not in (None, shown_before[field], now_own[field]) and chosen not in addresses:
            fields[field] = target[field]
    kept = {field: value for field, value in now_own.items() if not same(value, fields[field])}
    return Shown(fields, kept)


def conflicts(lead: Values, source: Values, shown: Values) -> list[Conflict]:
    """Where the two do not agree, by what is then `shown`."""
    return [*_of_single_values(lead, source, shown), *_of_many(lead, source, shown)]


def opted_out_since(consent: Mapping[str, Values], source: Mapping[str, Values], moment: str) -> dict[str, Any]:
    """Opt-outs that were given to the merged lead: nobody can say for which of the two, so they hold for both.

    `consent` is the merged lead's, `source` that of the lead that becomes one of its own again.
    """
    given = {channel: dict(answer) for channel, answer in consent.items() if not answer["opted_in"]}
    return {
        channel: answer
        for channel, answer in given.items()
        if answer["at"] >= moment and source.get(channel, {}).get("opted_in") is not False
    }


def same(one: Any, other: Any) -> bool:
    """Tells 1 from true, which Python holds equal."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _redone(field: str, base: Any, before: Any, current: Any) -> Any:
    """`base` with everything done on it that was changed from `before` to `current`."""
    if same(before, current):
        return base
    if field in _LISTS:
        return _relabelled(base, before, current)
    if field not in ("custom", "consent"):
        return current
    changed = {key: value for key, value in current.items() if key not in before or not same(before[key], value)}
    kept = {key: value for key, value in base.items() if key not in changed and (key in current or key not in before)}
    # What people wrote comes first where not all of it fits.
    return _fitting([*changed.items(), *kept.items()]) if field == "custom" else {**kept, **changed}


def _relabelled(base: list[str], before: list[str], current: list[str]) -> list[str]:
    """What people added comes first where not all of it fits."""
    kept = [label for label in base if label in current or label not in before]
    added = [label for label in current if label not in before]
    in_order = [*kept, *added] if len(kept) + len(added) <= MAX_LABELS else [*added, *kept]
    return list(dict.fromkeys(in_order))[:MAX_LABELS]


def _fitting(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """The first value of each key, as far as they may all stand on one lead."""
    fitting: dict[str, Any] = {}
    left = MAX_CUSTOM_BYTES - len("{}")
    for key, value in pairs:
        size = len(json.dumps({key: value}, ensure_ascii=False).encode()) - len("{}") + len(", ")
        if key not in fitting and size <= left:
            fitting[key], left = value, left - size
    return fitting


def _stricter(one: Values | None, other: Values) -> dict[str, Any]:
    if one is None:
        return dict(other)
    if one["opted_in"] != other["opted_in"]:
        return dict(other if one["opted_in"] else one)
    return dict(max(one, other, key=lambda answer: str(answer["at"])))


def _of_single_values(lead: Values, source: Values, shown: Values) -> Iterator[Conflict]:
    for field in ("name", *_ADDRESSES, *_FILLED, "status", "source"):
        if lead[field] is not None and source[field] is not None and lead[field] != source[field]:
            kept = lead[field] if field in _KEPT else shown[field]
            yield Conflict(field, kept, source[field] if kept == lead[field] else lead[field])


def _of_many(lead: Values, source: Values, shown: Values) -> Iterator[Conflict]:
    for field in _LISTS:
        left_out = [label for label in source[field] if label not in shown[field]]
        if left_out:
            yield Conflict(field, shown[field], left_out)
    for key, value in source["custom"].items():
        if key not in shown["custom"] or not same(shown["custom"][key], value):
            yield Conflict(f"custom.{key}", shown["custom"].get(key), value)
    for channel, answer in source["consent"].items():
        ours = lead["consent"].get(channel)
        if ours is not None and ours["opted_in"] != answer["opted_in"]:
            kept = shown["consent"][channel]
            yield Conflict(f"consent.{channel}", kept, ours if kept["opted_in"] == answer["opted_in"] else answer)
