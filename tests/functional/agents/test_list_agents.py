from __future__ import annotations

from tests.functional.agents.test_put_agent import put
from tests.harness import Clock, call


def test_agents_are_listed_newest_first_by_pages(clock: Clock) -> None:
    for name in ("one", "two", "three"):
        put(name)
        clock.advance(seconds=1)
    put("one", model="changed")

    first = call("agents/list_agents", query={"limit": "2"}).json
    rest = call("agents/list_agents", query={"limit": "2", "cursor": first["next_cursor"]}).json

    assert [agent["name"] for agent in (*first["items"], *rest["items"])] == ["three", "two", "one"]
    assert rest["next_cursor"] is None
