from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.functional.workflows.engine import Engine
from tests.harness import call

IF = {"if": {"field": "lead.source", "op": "eq", "value": "ads"}}


def diagram(workflow_id: str, **query: str) -> Any:
    return call("workflows/get_diagram", path={"workflow_id": workflow_id}, query=query)


def test_a_draft_is_drawn_and_its_words_do_nothing(make_workflow: MakeWorkflow, add_action: AddAction) -> None:
    workflow_id = make_workflow('<script>alert("x")</script> 🚀')
    add_action(workflow_id, "create_task", {"title": '"><script>alert(1)</script>' + "x" * 150})
    answer = diagram(workflow_id)
    assert (answer.status, answer.headers["content-type"]) == (200, "image/svg+xml")
    assert answer.text.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    assert "<script" not in answer.text
    assert "&lt;script&gt;" in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    mermaid = diagram(workflow_id, format="mermaid")
    assert mermaid.headers["content-type"].startswith("text/plain")
    assert "flowchart TD" in mermaid.text
    assert "Create task<br/>#34;#62;#60;script#62;" in mermaid.text


def test_an_empty_draft_is_drawn_too(make_workflow: MakeWorkflow) -> None:
    assert "Lead created" in diagram(make_workflow()).text
    assert "run by hand" in diagram(make_workflow(trigger=None)).text


def test_a_run_is_drawn_on_its_own_version_with_its_path(
    make_workflow: MakeWorkflow,
    add_action: AddAction,
    activate: Callable[[str], Any],
    make_lead: Callable[..., str],
    engine: Engine,
) -> None:
    workflow_id = make_workflow()
    condition = add_action(workflow_id, "condition", IF)
    add_action(
        workflow_id, "update_lead", {"add_tags": ["ads"]}, parent_action_id=condition, condition={"branch": "yes"}
    )
    no = {"branch": "no"}
    add_action(workflow_id, "wait", {"hours": 1}, parent_action_id=condition, condition=no, order=1)
    activate(workflow_id)
    make_lead(source="website")
    engine.deliver()
    [start] = engine.starts()
    engine.segment(start)
    run = start["execution_id"]
    added = add_action(workflow_id, "create_task", {"title": "Later"}, order=9)
    waiting = diagram(workflow_id, execution_id=run).text
    assert 'class="skipped"' in waiting
    assert 'class="running"' in waiting
    assert "waits until 2026-03-02 10:00 UTC" in waiting
    assert "Create task" not in waiting
    assert "Create task" in diagram(workflow_id).text
    engine.run()
    ended = diagram(workflow_id, execution_id=run, format="mermaid").text
    assert "version 1" in ended
    assert "skipped#58; the condition above is no" in ended
    taken = next(row for row in ended.splitlines() if row.startswith("  linkStyle"))
    edges = [row for row in ended.splitlines() if "-->" in row]
    shown = {edges[int(number)].strip() for number in taken.split()[1].split(",")}
    assert shown == {"n0 --> n1", "n1 -->|no| n3", "n3 --> n4"}
    assert added not in ended


def test_what_cannot_be_drawn_is_said(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Callable[[str], Any]
) -> None:
    workflow_id, other = make_workflow(), make_workflow()
    add_action(workflow_id, "wait", {"hours": 1})
    activate(workflow_id)
    run = call("workflows/run_workflow", path={"workflow_id": workflow_id}).json["id"]
    assert diagram(workflow_id, execution_id=run).status == 200
    refused = diagram(other, execution_id=run)
    assert (refused.status, refused.json["errors"][0]["field"]) == (422, "execution_id")
    assert diagram(workflow_id, execution_id="NONE").status == 404
    assert diagram("NONE").status == 404
    assert diagram(workflow_id, format="png").status == 422
