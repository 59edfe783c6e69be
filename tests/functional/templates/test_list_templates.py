"""GET /templates."""

from __future__ import annotations

from typing import Any

from tests.functional.campaigns.mailing import template
from tests.harness import Clock, call


def listed(**query: str) -> dict[str, Any]:
    answer = call("templates/list_templates", query=query, scopes="campaigns:read")
    assert answer.status == 200, answer.text
    page: dict[str, Any] = answer.json
    return page


def test_templates_come_newest_first_page_by_page(clock: Clock) -> None:
    made = []
    for _ in range(5):
        clock.advance(seconds=1)
        made.append(template())

    first = listed(limit="2")
    second = listed(limit="2", cursor=first["next_cursor"])
    last = listed(limit="2", cursor=second["next_cursor"])

    pages = [*first["items"], *second["items"], *last["items"]]
    assert [item["id"] for item in pages] == made[::-1]
    assert last["next_cursor"] is None


def test_a_page_of_very_large_templates_ends_early_and_goes_on(clock: Clock) -> None:
    """100 templates of 190 KB do not fit into one answer."""
    made = []
    for _ in range(24):
        clock.advance(seconds=1)
        made.append(template(subject="x", body="<p>" + "y" * 190_000 + "</p>", variables=[]))

    seen, cursor = [], None
    while True:
        page = listed(limit="100", **({"cursor": cursor} if cursor else {}))
        assert sum(len(item["body"]) for item in page["items"]) <= 4_000_000
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert seen == made[::-1]


def test_an_empty_list_is_an_empty_page() -> None:
    assert listed() == {"items": [], "next_cursor": None}


def test_a_forged_cursor_is_refused() -> None:
    assert call("templates/list_templates", query={"cursor": "AAAA"}).status == 400
