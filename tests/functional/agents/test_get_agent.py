from __future__ import annotations

from tests.functional.agents.test_put_agent import put
from tests.harness import call


def test_an_agent_is_shown_as_it_was_put() -> None:
    made = put(api_key="sk-1")

    answer = call("agents/get_agent", path={"name": "judge"})

    assert (answer.json, answer.etag) == (made.json, made.etag)


def test_an_agent_that_is_not_there_is_404() -> None:
    assert call("agents/get_agent", path={"name": "nobody"}).status == 404
