"""Diagrams: nothing overlaps, every way is drawn, and no text gets out of its place."""

from __future__ import annotations

import re
from itertools import combinations
from xml.etree import ElementTree as Xml

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadflow.workflows import rules, rules_drawing, rules_labels, rules_layout
from leadflow.workflows.rules import ActionNode
from leadflow.workflows.rules_drawing import Label, Picture
from leadflow.workflows.rules_layout import BOX_WIDTH, END, START

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "<script>alert(\"1\")</script> &amp; 'x' ]]> {{ a }} %%{init: {}}%% [b] `c` 🚀\x01\ud800"


@st.composite
def trees(draw: st.DrawFn) -> tuple[ActionNode, ...]:
    nodes: list[ActionNode] = []
    for order in range(draw(st.integers(0, 20))):
        parent = draw(st.sampled_from([None, *nodes]))
        sides = ["yes", "no", "error"] if parent and parent.action_type == "condition" else [None, "error"]
        side = draw(st.sampled_from(sides)) if parent else None
        kind = draw(st.sampled_from(["wait", "condition"]))
        condition = {"branch": side} if side else None
        nodes.append(ActionNode(f"A{order}", kind, {}, order, parent.id if parent else None, condition))
    return rules.in_walking_order(nodes)


@given(trees())
def test_boxes_keep_apart_and_no_line_crosses_one(walked: tuple[ActionNode, ...]) -> None:
    height = 60.0
    placed = rules_layout.layout(walked, height)
    assert [box.id for box in placed.boxes] == [START, *(node.id for node in walked), END]
    for one, other in combinations(placed.boxes, 2):
        assert abs(one.x - other.x) >= BOX_WIDTH or abs(one.y - other.y) >= height
    for box in placed.boxes:
        assert box.x >= 0
        assert box.x + BOX_WIDTH <= placed.width
        assert box.y + height <= placed.height
        for line in placed.lines:
            for (x1, y1), (x2, y2) in zip(line.points, line.points[1:], strict=False):
                beside = max(x1, x2) <= box.x or min(x1, x2) >= box.x + BOX_WIDTH
                above_or_below = max(y1, y2) <= box.y or min(y1, y2) >= box.y + height
                assert beside or above_or_below, (line, box)


@given(trees())
def test_every_action_is_reached_and_every_way_leads_to_the_end(walked: tuple[ActionNode, ...]) -> None:
    lines = rules_layout.layout(walked, 60).lines
    names = {START, END, *(node.id for node in walked)}
    assert {line.target for line in lines} == names - {START}
    assert {line.source for line in lines} == names - {END}
    for node in walked:
        sides = {line.side for line in lines if line.source == node.id}
        if node.action_type == "condition":
            assert {"yes", "no"} <= sides
        for line in lines:
            if line.target == node.id and line.source == node.parent_id:
                assert line.side == node.branch


def test_a_chain_of_five_hundred_conditions_is_laid_out() -> None:
    nodes = [ActionNode("A0", "condition", {}, 0)]
    nodes += [ActionNode(f"A{n}", "condition", {}, n, f"A{n - 1}", {"branch": "yes"}) for n in range(1, 500)]
    assert len(rules_layout.layout(rules.in_walking_order(nodes), 60).boxes) == 502


def picture(text: str, status: str | None = None) -> Picture:
    walked = (ActionNode("A", "condition", {}, 0), ActionNode("B", "wait", {}, 0, "A", {"branch": "no"}))
    labels = {one: Label(text, (text, text), status) for one in (START, "A", "B", END)}
    placed = rules_layout.layout(walked, rules_drawing.box_height(list(labels.values())))
    return Picture(text, placed, labels, frozenset({("A", "no", "B")}) if status else frozenset())


@pytest.mark.parametrize("text", [HOSTILE, "x" * 200, "", "数据" * 100, "a\nb\tc"])
def test_an_svg_holds_names_as_text_and_nothing_else(text: str) -> None:
    drawn = rules_drawing.to_svg(picture(text, "completed"))
    drawn.encode()
    elements = list(Xml.fromstring(drawn).iter())  # noqa: S314 - made by ourselves
    tags = {one.tag.removeprefix(SVG) for one in elements}
    assert tags == {"svg", "title", "defs", "marker", "path", "polyline", "g", "rect", "text"}
    assert not [name for one in elements for name in one.attrib if name.startswith("on") or "href" in name]


@given(st.text())
def test_any_text_makes_a_whole_svg(text: str) -> None:
    root = Xml.fromstring(rules_drawing.to_svg(picture(text)))  # noqa: S314 - made by ourselves
    assert len(root.findall(f"{SVG}g")) == 4


@given(st.text() | st.just(HOSTILE))
def test_mermaid_labels_cannot_leave_their_quotes(text: str) -> None:
    drawn = rules_drawing.to_mermaid(picture(text, "failed"))
    rows = drawn.rstrip("\n").split("\n")
    assert rows[0] == rows[2] == "---"
    assert rows[1].startswith('title: "')
    assert "%%" not in drawn
    nodes = [row for row in rows if re.match(r"  n\d+[(\[]", row)]
    assert len(nodes) == 4
    for row in nodes:
        label = re.fullmatch(r'  n\d+(?:\(\["(.*)"\]\)|\["(.*)"\])', row)
        assert label, row
        shown = (label[1] or label[2] or "").replace("<br/>", "")
        assert not set(shown) & set('"<>[](){}|`&%\\')
    assert "  n1 -->|no| n2" in rows
    assert any(row.startswith("  linkStyle ") for row in rows)


def test_long_texts_are_cut_to_their_box() -> None:
    assert rules_drawing.clipped("a" * 50, 10) == "a" * 9 + "…"
    assert rules_drawing.clipped("数" * 50, 10) == "数" * 4 + "…"
    assert rules_drawing.clipped("short", 10) == "short"


@pytest.mark.parametrize(
    ("action_type", "config", "shown"),
    [
        ("wait", {"days": 1, "hours": 4}, "1 day 4 hours"),
        ("wait", {"until": "lead.custom.renewal_at"}, "until lead.custom.renewal_at"),
        ("call_webhook", {"url": "https://u:p@hooks.example.com/services/KEY?k=1"}, "POST hooks.example.com"),
        ("update_lead", {"set": {"status": "new"}, "add_tags": ["a", "b"]}, "set status; tag a, b"),
        ("send_email", {"template_id": "T"}, "T"),
        (
            "condition",
            {"if": {"all": [{"field": "lead.score", "op": "gte", "value": 5}, {"not": {"any": [
                {"field": "lead.phone", "op": "exists"}, {"field": "trigger.x", "op": "in", "value": ["a", "b"]}]}}]}},
            "score ≥ 5 and not (phone has a value or trigger.x is one of a, b)",
        ),
    ],
)  # fmt: skip
def test_an_action_says_in_a_line_what_it_does(action_type: str, config: dict[str, object], shown: str) -> None:
    assert rules_labels.about_action(action_type, config) == shown


def test_a_trigger_says_what_narrows_it_and_no_secret() -> None:
    config = {"hmac_secret": "s3cret", "form_id": "pricing"}
    assert rules_labels.about_trigger("form_submitted", config) == "Form submitted, form_id pricing"
