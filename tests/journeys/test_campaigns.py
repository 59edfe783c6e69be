"""A campaign that takes people in as they come to fit, until somebody ends it, on the running product."""

from __future__ import annotations

from typing import Any

from local.client import Api
from tests.journeys.waiting import when

_PATIENCE_SECONDS = 60


def _settled(stats: dict[str, Any]) -> list[tuple[int, int]]:
    """Of each step, how many were sent it and how many skipped."""
    return [(step["sent"], step["skipped"]) for step in stats["steps"]]


def test_people_join_come_to_the_goal_and_the_campaign_ends_with_exact_numbers(api: Api, sandbox: Api) -> None:
    template = api.post("/templates", {"name": "Grow", "subject": "Grow", "body": "<p>Hello</p>"})["id"]
    ours = {"field": "lead.tags", "op": "contains", "value": "growing"}
    goal = {"event": "form_submitted"}
    body = {"name": "Grow", "target_audience": ours, "audience_mode": "evergreen", "goal": goal}
    path = f"/campaigns/{api.post('/campaigns', body)['id']}"
    for number, delay_hours in ((1, 0), (2, 10), (3, 2_000)):
        step = {"template_id": template, "step_number": number, "delay_hours": delay_hours}
        api.post(f"{path}/steps", step)

    def lead(name: str, **fields: Any) -> str:
        return str(api.post("/leads", {"name": name, "email": f"{name}.growing@example.com", **fields})["id"])

    def stats_when(*sent_and_skipped: tuple[int, int]) -> dict[str, Any]:
        return when(api, f"{path}/stats", lambda it: _settled(it) == [*sent_and_skipped], seconds=_PATIENCE_SECONDS)

    lead("first", tags=["growing"])
    api.post(f"{path}/launch")
    when(api, f"{path}/stats", lambda it: it["steps"][0]["sent"] == 1, seconds=_PATIENCE_SECONDS)
    second, third = lead("second", tags=["growing"]), lead("third")
    api.patch(f"/leads/{third}", {"tags": ["growing"]})
    api.patch(f"/leads/{third}", {"company": "Acme"})
    when(api, f"{path}/stats", lambda it: it["steps"][0]["sent"] == 3, seconds=_PATIENCE_SECONDS)
    api.post(f"/leads/{second}/signals", {"signal_type": "form_submit", "signal_data": {"form_id": "contact"}})

    told = stats_when((3, 0), (2, 1), (0, 0))
    assert (told["audience"], told["converted"], told["pending"]) == (3, 1, 3)
    assert told["skipped_by_reason"] == {"goal_reached": 1}
    api.post(f"{path}/complete")
    told = stats_when((3, 0), (2, 1), (0, 3))
    assert (told["status"], told["pending"], told["steps"][2]["skipped_by_reason"]) == (
        *("completed", 0),
        {"campaign_completed": 3},
    )
    for name, mails in (("first", 2), ("second", 1), ("third", 2)):
        assert len(sandbox.get("/sent", params={"to": f"{name}.growing@example.com"})["items"]) == mails
    api.delete(path)
    assert all(one["name"] != "Grow" for one in api.get("/campaigns")["items"])
