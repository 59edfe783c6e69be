"""What of an enrichment goes into the lead itself: by policy, and never over what a person has put there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from leadflow.enrichment.enums import EnrichmentField
from leadflow.enrichment.rules.waterfall import Given

# Which field of a lead shows which field of an enrichment.
TARGETS: Mapping[str, EnrichmentField] = {
    "company": "company_name",
    "custom.job_title": "job_title",
    "custom.linkedin_url": "linkedin_url",
    "custom.company_website": "company_website",
    "custom.company_size": "company_size",
    "custom.company_industry": "company_industry",
}
DEFAULT_POLICY = "fill_if_empty"
# What a lead's company may be long, in characters, and its custom fields large, in bytes.
_LONGEST_COMPANY = 100
_LARGEST_CUSTOM = 16 * 1024


@dataclass(frozen=True)
class Writing:
    """`changes` are fields of a lead as a PATCH takes them, `written` what of them comes from us, by target;
    `conflicts` what a person's value was kept against."""

    changes: Mapping[str, Any] = field(default_factory=dict)
    written: Mapping[str, Any] = field(default_factory=dict)
    conflicts: tuple[Mapping[str, Any], ...] = ()


def decide(
    lead: Mapping[str, Any],
    known: Mapping[EnrichmentField, Given],
    policies: Mapping[str, str],
    written_before: Mapping[str, Any],
) -> Writing:
    """What to write into this lead of what is surely known.

    A value that differs from the one we wrote last is a person's, and so is an emptied one: it stays. `always`
    replaces our own older values, `fill_if_empty` writes where nothing is and nothing of ours was.
    """
    custom = dict(lead["custom"])
    changes: dict[str, Any] = {}
    written: dict[str, Any] = {}
    conflicts: list[Mapping[str, Any]] = []
    for target, name in TARGETS.items():
        given = known.get(name)
        if given is None or not given.is_sure or policies.get(target, DEFAULT_POLICY) == "never":
            continue
        present = _present(lead, target)
        if present == given.value:
            continue
        is_ours = _is_ours(present, target, written_before, policies.get(target, DEFAULT_POLICY))
        if not is_ours or not _fits(target, given.value, custom):
            conflicts.append(_conflict(target, present, given))
            continue
        written[target] = given.value
        if target.startswith("custom."):
            custom[target.removeprefix("custom.")] = given.value
            changes["custom"] = custom
        else:
            changes[target] = given.value
    return Writing(changes, written, tuple(conflicts))


def _present(lead: Mapping[str, Any], target: str) -> Any:
    value = lead["custom"].get(target.removeprefix("custom.")) if target.startswith("custom.") else lead[target]
    return value or None


def _is_ours(present: Any, target: str, written_before: Mapping[str, Any], policy: str) -> bool:
    """Whether we may write there: nothing was ever there, or it is ours and the policy is to renew it."""
    if target not in written_before:
        return present is None
    return policy == "always" and present == written_before[target]


def _fits(target: str, value: Any, custom: Mapping[str, Any]) -> bool:
    if target == "company":
        return len(str(value)) <= _LONGEST_COMPANY
    text = json.dumps({**custom, target.removeprefix("custom."): value}, ensure_ascii=False)
    return len(text.encode()) <= _LARGEST_CUSTOM


def _conflict(target: str, present: Any, given: Given) -> dict[str, Any]:
    return {"field": target, "kept": present, "other": given.value, "source": given.source}
