"""Merged leads, for tests."""

from __future__ import annotations

from typing import Any

from tests.harness import Answer, call


def merge(lead_id: str, source_id: str, *, headers: dict[str, str] | None = None, **more: Any) -> Answer:
    body = {"source_lead_id": source_id, **more}
    return call("leads/merge_leads", body, path={"lead_id": lead_id}, headers=headers)


def unmerge(lead_id: str, merge_id: str, *, headers: dict[str, str] | None = None) -> Answer:
    return call("leads/unmerge_leads", {"merge_id": merge_id}, path={"lead_id": lead_id}, headers=headers)


def merged(lead_id: str, source_id: str) -> str:
    """The id of a merge that was done."""
    answer = merge(lead_id, source_id)
    assert answer.status == 200, answer.text
    return str(answer.json["merge_id"])


def unmerged(lead_id: str, merge_id: str) -> dict[str, Any]:
    answer = unmerge(lead_id, merge_id)
    assert answer.status == 200, answer.text
    result: dict[str, Any] = answer.json
    return result


def timeline(lead_id: str, **query: str) -> list[dict[str, Any]]:
    answer = call("leads/get_timeline", path={"lead_id": lead_id}, query=query)
    assert answer.status == 200, answer.text
    items: list[dict[str, Any]] = answer.json["items"]
    return items


def without_times(lead: dict[str, Any]) -> dict[str, Any]:
    """A lead without the time of its last change, which merging and undoing it are too."""
    return {name: value for name, value in lead.items() if name != "updated_at"}
