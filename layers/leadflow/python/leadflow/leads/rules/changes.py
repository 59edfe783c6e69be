"""What a change of a lead changes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from leadflow.core.errors import InvalidInput
from leadflow.leads.enums import MAX_LABELS


def differences(lead: Mapping[str, Any], wanted: Mapping[str, Any], now: str) -> dict[str, Any]:
    """The fields of a lead that a change really changes, with what follows from them.

    Consent is merged by channel, and a channel whose answer stays keeps its time. `qualified_at` is set the first
    time a lead becomes qualified and stays.
    """
    target = dict(wanted)
    if "consent" in target:
        target["consent"] = merged_consent(lead["consent"], target["consent"], now)
    if target.get("status") == "qualified" and lead["qualified_at"] is None:
        target["qualified_at"] = now
    return {name: value for name, value in target.items() if _as_json(lead[name]) != _as_json(value)}


def _as_json(value: Any) -> str:
    """Tells 1 from true, which Python holds equal, and nothing apart by the order of its keys."""
    return json.dumps(value, sort_keys=True)


def merged_consent(
    on_file: Mapping[str, Mapping[str, Any]], given: Mapping[str, Mapping[str, Any]], now: str
) -> dict[str, dict[str, Any]]:
    """Consent by channel after these answers; an answer without a time is of now, unless it was the answer before."""
    merged = {channel: dict(answer) for channel, answer in on_file.items()}
    for channel, answer in given.items():
        before = merged.get(channel)
        at = answer.get("at") or (before["at"] if before and before["opted_in"] == answer["opted_in"] else now)
        merged[channel] = {"opted_in": answer["opted_in"], "at": at}
    return merged


def retagged(tags: Iterable[str], add: Iterable[str], remove: Iterable[str]) -> list[str]:
    """Tags after adding some and removing others, each once, in the order they came.

    Raises InvalidInput when there would be more than 50.
    """
    unwanted = set(remove)
    kept = [tag for tag in dict.fromkeys([*tags, *add]) if tag not in unwanted]
    if len(kept) > MAX_LABELS:
        raise InvalidInput("tags", f"a lead has at most {MAX_LABELS}")
    return kept
