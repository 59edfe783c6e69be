from __future__ import annotations

from tests.functional.workflows.conftest import MakeWorkflow
from tests.harness import Clock, call


def test_workflows_come_newest_first_in_pages(make_workflow: MakeWorkflow, clock: Clock) -> None:
    made = []
    for number in range(5):
        clock.advance(seconds=1)
        made.append(make_workflow(f"W{number}", trigger=None))
    seen, cursor = [], None
    while True:
        query = {"limit": "2", **({"cursor": cursor} if cursor else {})}
        page = call("workflows/list_workflows", query=query).json
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == made[::-1]


def test_workflows_are_filtered_by_status(make_workflow: MakeWorkflow) -> None:
    make_workflow()
    assert call("workflows/list_workflows", query={"status": "active"}).json["items"] == []
    assert len(call("workflows/list_workflows", query={"status": "draft"}).json["items"]) == 1
    assert call("workflows/list_workflows", query={"status": "bogus"}).status == 422


def test_a_cursor_is_good_for_its_own_list_only(make_workflow: MakeWorkflow) -> None:
    for number in range(3):
        make_workflow(f"W{number}", trigger=None)
    cursor = call("workflows/list_workflows", query={"limit": "1"}).json["next_cursor"]
    assert call("workflows/list_workflows", query={"cursor": cursor, "status": "draft"}).status == 400
    assert call("workflows/list_workflows", query={"cursor": cursor[:-3] + "abc"}).status == 400
