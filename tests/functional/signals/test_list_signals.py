"""GET /leads/{lead_id}/signals."""

from __future__ import annotations

from datetime import timedelta

from leadflow.leads import service
from tests.functional.leads.people import added, patched, signalled
from tests.harness import Clock, call


def page(lead_id: str, **query: str) -> tuple[list[float], str | None]:
    answer = call("signals/list_signals", path={"lead_id": lead_id}, query=query, scopes="leads:read")
    assert answer.status == 200, answer.text
    return [signal["score_impact"] for signal in answer.json["items"]], answer.json["next_cursor"]


def test_newest_first_page_by_page(clock: Clock) -> None:
    lead, other = added(), added("other@example.com")
    for number in range(5):
        clock.advance(seconds=1)
        signalled(lead["id"], number)
        signalled(other["id"], 50)

    first, cursor = page(lead["id"], limit="2")
    assert first == [4, 3]
    assert cursor is not None
    second, cursor = page(lead["id"], limit="2", cursor=cursor)
    assert second == [2, 1]
    assert cursor is not None
    assert page(lead["id"], limit="2", cursor=cursor) == ([0], None)
    assert page(lead["id"]) == ([4, 3, 2, 1, 0], None)


def test_a_signal_that_arrives_late_is_listed_by_when_it_happened(clock: Clock) -> None:
    lead = added()
    signalled(lead["id"], 1)
    service.add_signal(lead["id"], "email_open", {}, 2, cause=("x",), at=clock() - timedelta(days=1))

    assert page(lead["id"]) == ([1, 2], None)


def test_signals_alone_are_listed() -> None:
    lead = added()
    patched(lead["id"], status="contacted")

    assert page(lead["id"]) == ([], None)


def test_a_cursor_is_good_for_its_own_lead_alone(clock: Clock) -> None:
    lead, other = added(), added("other@example.com")
    for _ in range(2):
        clock.advance(seconds=1)
        signalled(lead["id"], 1)
    _, cursor = page(lead["id"], limit="1")
    assert cursor is not None

    answer = call("signals/list_signals", path={"lead_id": other["id"]}, query={"cursor": cursor})

    assert answer.status == 400


def test_an_unknown_lead_is_not_found() -> None:
    assert call("signals/list_signals", path={"lead_id": "nobody"}).status == 404


def test_scopes() -> None:
    path = {"lead_id": added()["id"]}
    assert call("signals/list_signals", path=path, scopes="workflows:read").status == 403
