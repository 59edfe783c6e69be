"""Leads for tests."""

from __future__ import annotations

from typing import Any

from tests.harness import Answer, call


def added(email: str = "ada@example.com", **fields: Any) -> dict[str, Any]:
    """A new lead, as the API answered it."""
    answer = call("leads/create_lead", {"name": "Ada", "email": email, **fields})
    assert answer.status == 201, answer.text
    lead: dict[str, Any] = answer.json
    return lead


def shown(lead_id: str) -> dict[str, Any]:
    answer = call("leads/get_lead", path={"lead_id": lead_id})
    assert answer.status == 200, answer.text
    lead: dict[str, Any] = answer.json
    return lead


def patched(lead_id: str, if_match: str | None = None, **changes: Any) -> Answer:
    headers = {} if if_match is None else {"if-match": if_match}
    return call("leads/update_lead", changes, path={"lead_id": lead_id}, headers=headers)


def listed(**query: str) -> dict[str, Any]:
    answer = call("leads/list_leads", query=query)
    assert answer.status == 200, answer.text
    page: dict[str, Any] = answer.json
    return page


def signalled(lead_id: str, impact: float, kind: str = "website_visit") -> dict[str, Any]:
    body = {"signal_type": kind, "score_impact": impact}
    answer = call("signals/record_signal", body, path={"lead_id": lead_id})
    assert answer.status == 201, answer.text
    signal: dict[str, Any] = answer.json
    return signal
