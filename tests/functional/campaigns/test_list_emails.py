"""GET /campaigns/{campaign_id}/emails."""

from __future__ import annotations

import pytest

from leadflow.campaigns import store
from leadflow.campaigns.rules import states
from leadflow.campaigns.schema import EmailSent
from leadflow.core import table
from tests.functional.campaigns.campaigning import campaign, mail_of, move
from tests.functional.wire import watched
from tests.harness import Clock, call

NINE = "2026-03-02T09:30:00.000Z"


def numbers(campaign_id: str, **query: str) -> set[int]:
    """Which leads' mails are listed."""
    answer = call("campaigns/list_emails", path={"campaign_id": campaign_id}, query=query)
    assert answer.status == 200, answer.text
    return {int(mail["lead_id"][1:]) for mail in answer.json["items"]}


def test_x04_mails_are_listed_by_what_became_of_them() -> None:
    campaign_id = campaign()
    mail_of(campaign(), 1, 9)
    mails = {number: mail_of(campaign_id, 1, number) for number in range(1, 9)}
    for number in (2, 3, 4, 5):
        move(mails[number], states.accepted, NINE)
    move(mails[3], states.opened, NINE, machine=False)
    move(mails[4], states.reported, "bounce", NINE, {})
    move(mails[5], states.reported, "dropped", NINE, {})
    move(mails[6], states.rejected, "no")
    move(mails[7], states.skipped, "opted_out")
    table.change(mails[8], [store.EmailSent.outcome.set("unknown")])

    assert numbers(campaign_id) == set(range(1, 9))
    expected = {"queued": {1, 7, 8}, "sent": {2}, "opened": {3}, "bounced": {4}, "failed": {5, 6}, "clicked": set()}
    assert {status: numbers(campaign_id, status=status) for status in expected} == expected
    outcomes = {"pending": {1}, "accepted": {2, 3, 4}, "rejected": {5, 6}, "skipped": {7}, "unknown": {8}}
    assert {outcome: numbers(campaign_id, outcome=outcome) for outcome in outcomes} == outcomes
    assert numbers(campaign_id, status="queued", outcome="skipped") == {7}
    assert numbers(campaign_id, status="sent", outcome="skipped") == set()


def test_mails_come_newest_first_with_their_words(clock: Clock) -> None:
    campaign_id = campaign()
    for number in range(1, 6):
        clock.advance(seconds=1)
        mail_of(campaign_id, 1, number)
    path = {"campaign_id": campaign_id}

    first = call("campaigns/list_emails", path=path, query={"limit": "3"}).json
    rest = call("campaigns/list_emails", path=path, query={"limit": "3", "cursor": first["next_cursor"]}).json

    assert [mail["lead_id"] for mail in first["items"] + rest["items"]] == ["L5", "L4", "L3", "L2", "L1"]
    assert rest["next_cursor"] is None
    EmailSent.model_validate(first["items"][0])
    assert first["items"][0]["body"] == "<p>x</p>"


def test_a_mail_moves_in_the_lists_only_when_something_else_became_of_it() -> None:
    mail = move(mail_of(campaign()), states.accepted, NINE)
    place = mail.gsi1pk

    mail = move(mail, states.clicked, 1, "https://a.example", NINE, machine=False)

    found = store.find_mail(mail.id)
    assert found is not None
    assert (found.status, found.gsi1pk) == ("clicked", place)


@pytest.mark.parametrize("query", [{"status": "lost"}, {"outcome": "sent"}])
def test_unknown_words_are_refused(query: dict[str, str]) -> None:
    assert call("campaigns/list_emails", path={"campaign_id": campaign()}, query=query).status == 422


def test_what_a_list_of_one_kind_reads_is_bounded() -> None:
    campaign_id = campaign()
    with watched() as calls:
        numbers(campaign_id, status="bounced")

    assert len(calls) <= 1 + 3 * store.SHARDS
    assert call("campaigns/list_emails", path={"campaign_id": "01NOPE"}).status == 404
