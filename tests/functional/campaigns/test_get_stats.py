"""GET /campaigns/{campaign_id}/stats."""

from __future__ import annotations

import random
from typing import Any

import pytest

from leadflow.campaigns import store
from leadflow.campaigns.rules import states
from leadflow.campaigns.service import recounting
from leadflow.core import table
from leadflow.entry.stream import stream_reader
from leadflow.platform import service_totals
from tests.functional.campaigns.campaigning import campaign, mail_of, move, stand, stats, step
from tests.functional.campaigns.mailing import template
from tests.functional.workflows.engine import Engine
from tests.harness import Clock, call

NINE, TEN = "2026-03-02T09:30:00.000Z", "2026-03-02T10:00:00.000Z"


def count(records: list[dict[str, Any]]) -> None:
    stream_reader(service_totals.count)({"Records": records}, None)


def launched(recipients: int, *numbers: int) -> str:
    campaign_id = campaign()
    for number in numbers:
        step(campaign_id, number)
    stand(campaign_id, "active", recipients=recipients)
    return campaign_id


def test_a_campaign_that_sent_nothing_has_everybody_pending() -> None:
    told = stats(launched(7, 1, 2))

    assert (told["audience"], told["pending"], told["sent"]) == (7, 14, 0)
    assert [one["pending"] for one in told["steps"]] == [7, 7]
    assert (told["links"], told["variants"], told["hours"]) == ([], [], [])


def test_every_mail_counts_where_it_stands(clock: Clock) -> None:
    engine, campaign_id = Engine(clock), launched(8, 1, 2)
    first, second, third, fourth, fifth = (mail_of(campaign_id, 1, number) for number in range(1, 6))
    move(move(first, states.accepted, NINE), states.clicked, 2, "https://a.example/x", TEN, machine=False)
    move(move(second, states.accepted, NINE), states.opened, NINE, machine=True)
    move(third, states.skipped, "opted_out")
    move(fourth, states.rejected, "no")
    mail_of(campaign_id, 2, 1, template_id="T2")
    table.change(fifth, [store.EmailSent.outcome.set("unknown")])
    table.create(store.skipped_member(campaign_id, "S1", 1, "L9", "erased"))
    table.create(store.conversion(campaign_id, "L1", TEN))
    engine.deliver()

    told = stats(campaign_id)

    assert (told["sent"], told["skipped"], told["failed"], told["unknown"]) == (2, 2, 1, 1)
    one, two = told["steps"]
    assert (one["pending"], two["pending"]) == (2, 8)
    assert one["skipped_by_reason"] == told["skipped_by_reason"] == {"erased": 1, "opted_out": 1}
    assert (one["opened"], one["clicked"]) == ({"human": 1, "machine": 1}, {"human": 1, "machine": 0})
    assert (one["opens"], one["clicks"]) == ({"human": 1, "machine": 1}, {"human": 1, "machine": 0})
    assert told["links"] == [
        {"step_number": 1, "link_number": 2, "link": "https://a.example/x", "clicked": {"human": 1, "machine": 0}}
    ]
    [variant] = [one for one in told["variants"] if one["sent"]]
    assert (variant["template_id"], variant["sent"], variant["acted"]) == ("T1", 2, 1)
    assert variant["performance_score"] == pytest.approx(9.45, abs=0.01)
    assert [(one["hour"][11:13], one["sent"], one["opened"]["human"]) for one in told["hours"]] == [
        ("09", 2, 0),
        ("10", 0, 1),
    ]
    assert told["converted"] == 1
    shown = call("campaigns/get_campaign", path={"campaign_id": campaign_id}).json
    names = ("total_recipients", "emails_sent", "emails_opened", "emails_clicked", "emails_failed", "conversion_count")
    assert [shown[name] for name in names] == [8, 2, 1, 1, 1, 1]
    assert call("campaigns/list_campaigns").json["items"] == [shown]


CHANGES: list[Any] = [
    lambda state: states.accepted(state, NINE),
    lambda state: states.opened(state, NINE, machine=False),
    lambda state: states.opened(state, TEN, machine=True),
    lambda state: states.clicked(state, 1, "https://a.example", TEN, machine=False),
    lambda state: states.clicked(state, 2, "https://b.example", TEN, machine=True),
    lambda state: states.rejected(state, "dropped"),
    lambda state: states.skipped(state, "opted_out"),
    lambda state: states.reported(state, "delivered", TEN, {}),
    lambda state: states.reported(state, "bounce", TEN, {}),
    lambda state: states.unsubscribed(state, TEN),
]


@pytest.mark.parametrize("seed", range(6))
def test_any_order_and_repetition_of_changes_comes_to_what_a_recount_finds(clock: Clock, seed: int) -> None:
    engine, chance = Engine(clock), random.Random(seed)  # noqa: S311 - the order of a test
    campaign_id = launched(6, 1, 2)
    mails = [mail_of(campaign_id, step_number, number) for number in range(5) for step_number in (1, 2)]
    for _ in range(40):
        move(chance.choice(mails), chance.choice(CHANGES))
    records = engine.changes()
    delivered = [*records, *chance.sample(records, len(records) // 2)]
    chance.shuffle(delivered)
    while delivered:
        batch = chance.randint(1, 30)
        count(delivered[:batch])
        delivered = delivered[batch:]

    told = stats(campaign_id)

    assert recounting.recount_campaign(campaign_id) == (0, 0)
    stored = [found for mail in mails if (found := store.find_mail(mail.id)) is not None]
    settled = [mail for mail in stored if mail.outcome not in ("pending", "skipped")]
    assert told["sent"] == sum(mail.outcome == "accepted" for mail in settled)
    assert told["opens"]["human"] == sum(int(mail.open_count) for mail in settled)
    assert told["opened"]["machine"] == sum(mail.machine_open_count > 0 for mail in settled)


def test_more_than_one_transaction_holds_is_counted_too(clock: Clock) -> None:
    engine, campaign_id = Engine(clock), launched(60, 1)
    for number in range(60):
        mail = move(mail_of(campaign_id, 1, number, template_id=f"T{number}"), states.accepted, NINE)
        move(mail, states.clicked, number + 1, f"https://{number}.example", TEN, machine=False)
    engine.deliver()

    told = stats(campaign_id)

    assert (told["sent"], told["pending"], len(told["links"]), len(told["variants"])) == (60, 0, 60, 60)


def test_x16_a_template_is_scored_by_what_people_did_with_its_mails(clock: Clock) -> None:
    engine, campaign_id, template_id = Engine(clock), launched(4, 1), template()
    for number in range(4):
        mail = move(mail_of(campaign_id, 1, number, template_id=template_id), states.accepted, NINE)
        move(mail, states.opened, NINE, machine=False)
        if number == 0:
            move(mail, states.clicked, 1, "https://a.example", TEN, machine=False)
        if number == 1:
            move(mail, states.clicked, 1, "https://a.example", TEN, machine=True)
    engine.deliver()

    shown = call("templates/get_template", path={"template_id": template_id}).json

    assert shown["performance_score"] == pytest.approx(4.56, abs=0.01)
    assert shown in call("templates/list_templates").json["items"]


def test_x13_what_machines_open_and_click_is_told_beside_what_people_did_and_never_counts_as_it(clock: Clock) -> None:
    engine, campaign_id, template_id = Engine(clock), launched(4, 1), template()
    for number in range(4):
        mail = move(mail_of(campaign_id, 1, number, template_id=template_id), states.accepted, NINE)
        mail = move(mail, states.opened, NINE, machine=True)
        mail = move(mail, states.clicked, 1, "https://a.example", TEN, machine=True)
        if number == 0:
            move(mail, states.opened, TEN, machine=False)
    engine.deliver()

    told = stats(campaign_id)

    assert (told["opened"], told["clicked"]) == ({"human": 1, "machine": 4}, {"human": 0, "machine": 4})
    campaign = call("campaigns/get_campaign", path={"campaign_id": campaign_id}).json
    assert (campaign["emails_opened"], campaign["emails_clicked"]) == (1, 0)
    assert call("templates/get_template", path={"template_id": template_id}).json["performance_score"] == 0


def test_no_such_campaign_is_not_found() -> None:
    assert call("campaigns/get_stats", path={"campaign_id": "01NOPE"}).status == 404
