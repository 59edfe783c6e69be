"""Runs that follow a newer version: never an action twice, never a lost place."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from leadflow.workflows import rules, rules_following
from leadflow.workflows.rules import ActionNode, Cursor, Definition
from leadflow.workflows.rules_following import Walked

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def version(number: int, *nodes: ActionNode) -> Definition:
    return Definition("W", number, rules.in_walking_order(nodes))


def flat(number: int, names: str) -> Definition:
    return version(number, *(ActionNode(name, "wait", {}, order) for order, name in enumerate(names)))


def walked(definition: Definition, count: int) -> Cursor:
    """The cursor of a run that has done so many actions."""
    cursor = Cursor()
    for node in definition.actions[:count]:
        cursor = cursor.passed(definition, node, "completed")
    return cursor


def memory(definition: Definition, count: int) -> Walked:
    return Walked({node.id: "completed" for node in definition.actions[:count]})


def rest(definition: Definition, cursor: Cursor) -> list[str]:
    """What a run at this cursor still looks at, in order."""
    seen = []
    while True:
        cursor = rules_following.past_walked(definition, cursor)
        step = rules.next_step(definition, cursor, {}, NOW)
        if step is None:
            return seen
        seen.append(step.node.id)
        cursor = cursor.passed(definition, step.node, "skipped" if step.skip_reason else "completed")


def followed(old: str, new: str, done: int) -> str | None:
    before, after = flat(1, old), flat(2, new)
    move = rules_following.follow(before, after, walked(before, done), memory(before, done))
    return None if move is None else "".join(rest(after, move.cursor))


def test_a_run_stays_at_its_action_wherever_that_is_now() -> None:
    assert followed("abcd", "abcde", 1) == "bcde"
    assert followed("abcd", "xabycd", 1) == "bycd"
    assert followed("abcd", "acbd", 1) == "bd"


def test_what_was_walked_is_not_walked_again_where_it_has_moved_ahead() -> None:
    assert followed("abcd", "cdab", 2) == "cd"
    assert followed("abcd", "bacd", 1) == "bcd"


def test_where_its_action_is_gone_it_goes_on_with_what_follows_in_the_new_order() -> None:
    assert followed("abcd", "acd", 1) == "cd"
    assert followed("abcd", "axycd", 1) == "xycd"
    assert followed("abcd", "ayd", 2) == "yd"
    assert followed("abcd", "xcd", 1) == "cd"
    assert followed("abcd", "xyz", 0) == "xyz"


def test_what_it_was_put_beyond_stays_behind_it() -> None:
    one, two, three = flat(1, "ab"), flat(2, "anb"), flat(3, "anc")
    first = rules_following.follow(one, two, walked(one, 1), memory(one, 1))
    assert first is not None
    second = rules_following.follow(two, three, first.cursor, memory(one, 1))
    assert second is not None
    assert rest(three, second.cursor) == ["c"]


def test_where_nothing_is_left_nobody_knows_where_it_stands() -> None:
    assert followed("abcd", "xyz", 1) is None


def test_a_run_at_the_end_takes_what_was_added_there() -> None:
    assert followed("ab", "abc", 2) == "c"
    assert followed("ab", "xyz", 2) == ""


def test_the_action_that_is_gone_is_named_and_keeps_its_step() -> None:
    before = flat(1, "abc")
    cursor = walked(before, 1).again()
    move = rules_following.follow(before, flat(2, "ac"), cursor, memory(before, 1))
    assert move is not None
    assert move.dropped is not None
    assert move.dropped.id == "b"
    assert (move.cursor.steps, move.cursor.attempt) == (cursor.steps + 1, 1)


def test_below_an_action_that_the_run_never_met_nothing_runs() -> None:
    before = flat(1, "abc")
    parent = ActionNode("p", "condition", {"if": {"field": "lead.name", "op": "exists"}}, 0)
    child = ActionNode("c", "wait", {}, 9, "p", {"branch": "yes"})
    after = version(2, parent, ActionNode("b", "wait", {}, 0, "p", {"branch": "yes"}), child)
    move = rules_following.follow(before, after, walked(before, 1), memory(before, 1))
    assert move is not None
    step = rules.next_step(after, move.cursor.passed(after, after.by_id["b"], "completed"), {}, NOW)
    assert step is not None
    assert step.skip_reason == "the action above was not part of this run"


@st.composite
def versions(draw: st.DrawFn) -> Definition:
    """A tree of some of twelve actions, in any order and shape, of plain actions and conditions."""
    names = draw(st.lists(st.sampled_from("abcdefghijkl"), unique=True, min_size=1, max_size=12))
    nodes: list[ActionNode] = []
    for order, name in enumerate(names):
        parent = draw(st.sampled_from([None, *nodes]))
        is_condition = parent is not None and parent.action_type == "condition"
        branch = draw(st.sampled_from(["yes", "no"])) if is_condition else None
        kind = draw(st.sampled_from(["wait", "condition"]))
        condition = {"branch": branch} if branch else None
        nodes.append(ActionNode(name, kind, {}, order, parent.id if parent else None, condition))
    return version(draw(st.integers(1, 9)), *nodes)


@given(st.lists(versions(), min_size=2, max_size=4), st.data())
def test_through_any_versions_no_action_comes_twice_and_the_run_ends(
    chain: list[Definition], data: st.DataObject
) -> None:
    present, cursor, done = chain[0], Cursor(), list[str]()
    results, sides = dict[str, str](), dict[str, str]()
    for newer in chain[1:]:
        for _ in range(data.draw(st.integers(0, len(present.actions)))):
            cursor = rules_following.past_walked(present, cursor)
            step = rules.next_step(present, cursor, {}, NOW)
            if step is None:
                break
            done.append(step.node.id)
            cursor = _decided(present, step, cursor, data, results, sides)
        cursor = rules_following.past_walked(present, cursor)
        standing = rules.next_step(present, cursor, {}, NOW)
        move = rules_following.follow(present, newer, cursor, Walked(results, sides))
        if move is None:
            assert standing is not None
            assert not {node.id for node in present.actions} & {node.id for node in newer.actions}
            return
        assert 0 <= move.cursor.position <= len(newer.actions)
        later = {str(node.parent_id) for node in newer.actions[move.cursor.position :]}
        assert move.cursor.results == {one: held for one, held in results.items() if one in later}
        if standing is not None and standing.node.id in newer.by_id:
            again = rules.next_step(newer, rules_following.past_walked(newer, move.cursor), {}, NOW)
            assert again is not None
            assert again.node.id == standing.node.id
        present, cursor = newer, move.cursor
    done += rest(present, cursor)
    assert len(done) == len(set(done))


def _decided(
    definition: Definition,
    step: rules.Step,
    cursor: Cursor,
    data: st.DataObject,
    results: dict[str, str],
    sides: dict[str, str],
) -> Cursor:
    """What becomes of a step, which is kept in `results` and `sides` as logs keep it."""
    results[step.node.id] = "skipped" if step.skip_reason else "completed"
    if step.skip_reason:
        return cursor.passed(definition, step.node, "skipped")
    output = {"branch": data.draw(st.sampled_from(["yes", "no"]))} if step.node.action_type == "condition" else None
    if output:
        sides[step.node.id] = output["branch"]
    return cursor.passed(definition, step.node, "completed", output)
