"""POST /campaigns/{campaign_id}/reclassify."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from leadflow.campaigns import service as campaigns
from leadflow.campaigns import store
from leadflow.campaigns.rules import states
from leadflow.campaigns.rules.visitors import Verdict
from leadflow.campaigns.service import events, reclassifying, visits
from leadflow.campaigns.service.ledger import moved
from leadflow.campaigns.store.reclassifications import find_reclassification
from leadflow.core import clock, table
from tests.functional import wire
from tests.functional.campaigns.campaigning import stats
from tests.functional.campaigns.mailing import MailService, email_channel, template
from tests.functional.campaigns.running import acted, lose_everything, mails_of, people, ready, reconciled, work
from tests.functional.workflows.engine import Engine
from tests.harness import Clock, call

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
LINKS = "".join(f'<a href="https://example.com/{number}">{number}</a>' for number in (1, 2, 3))


def sent(count: int = 2) -> str:
    email_channel()
    people(count)
    campaign_id = ready(0)
    body = {"step_number": 1, "delay_hours": 0, "template_id": template(body=LINKS, subject="Hello", variables=[])}
    assert call("campaigns/add_step", body, path={"campaign_id": campaign_id}).status == 201
    acted(campaign_id, "launch_campaign")
    work()
    return campaign_id


def click(mail_id: str, link: int, agent: str = BROWSER) -> None:
    path = {"tracking_id": mail_id, "link": str(link)}
    assert call("tracking/click", path=path, headers={"user-agent": agent}, scopes=None).status == 302


def once_judged(mail_id: str, link: int) -> None:
    """A click that was taken for a person's before bursts were seen as they happen."""
    mail, at = store.find_mail(mail_id), clock.now_stamp()
    assert mail is not None
    data = {"method": "GET", "user_agent": BROWSER, "ip": "192.0.2.1", "request_id": str(link), "link": link}
    event = store.event_of(mail_id, "click", at, "tracking", data, actor="human", reason="a browser or mail client")
    label = f"https://example.com/{link}"
    moved(mail, lambda state: states.clicked(state, link, label, at, machine=False), because=event)


def reclassify(campaign_id: str) -> dict[str, Any]:
    answer = call("campaigns/reclassify_engagement", path={"campaign_id": campaign_id})
    assert answer.status == 202, answer.text
    told: dict[str, Any] = answer.json
    return told


def told(campaign_id: str, engine: Engine) -> tuple[dict[str, int], dict[str, int]]:
    """Mails clicked and clicks, by who was behind them."""
    engine.deliver()
    numbers = stats(campaign_id)
    return numbers["clicked"], numbers["clicks"]


def test_what_older_rules_took_for_a_person_is_none(mails: MailService, clock: Clock) -> None:
    campaign_id, engine = sent(), Engine(clock)
    scanned, read = (mail.id for mail in mails_of(campaign_id))
    for link in (1, 2, 3):
        clock.advance(seconds=1)
        once_judged(scanned, link)
    clock.advance(minutes=5)
    click(read, 2)
    assert told(campaign_id, engine) == ({"human": 2, "machine": 0}, {"human": 4, "machine": 0})

    reclassify(campaign_id)
    work()

    ended = call("campaigns/reclassify_engagement", path={"campaign_id": campaign_id})
    assert ended.status == 202
    assert told(campaign_id, engine) == ({"human": 1, "machine": 1}, {"human": 1, "machine": 3})
    shown = call("campaigns/get_email", path={"email_id": scanned}).json
    assert (shown["status"], shown["click_count"], shown["machine_click_count"]) == ("sent", 0, 3)
    kept = table.query_items(store.EmailEvent, f"EM#{scanned}", prefix="EV#")
    assert {(one.actor, one.reason) for one in kept} == {("scanner", "3 links or more within 5 seconds")}


def test_it_says_how_far_it_is_and_ends(mails: MailService, clock: Clock) -> None:
    campaign_id = sent()
    clicked = mails_of(campaign_id)[0].id
    for link in (1, 2, 3):
        once_judged(clicked, link)

    first = reclassify(campaign_id)
    assert (first["status"], first["mails"], first["completed_at"]) == ("running", 0, None)
    assert reclassify(campaign_id) == first
    work()

    ended = store_of(campaign_id)
    assert (ended["status"], ended["mails"], ended["changed"]) == ("completed", 2, 1)
    clock.advance(minutes=1)
    again = reclassify(campaign_id)
    assert (again["status"], again["mails"]) == ("running", 0)
    work()
    assert store_of(campaign_id)["changed"] == 0


def test_x15_what_was_taken_for_a_machine_is_kept_and_becomes_a_persons_when_we_know_better(
    mails: MailService, clock: Clock
) -> None:
    """Given an open and a click of browsers that the lists of their day held for scanners."""
    campaign_id, engine = sent(1), Engine(clock)
    [mail] = mails_of(campaign_id)
    data = {"method": "GET", "user_agent": BROWSER, "ip": "203.0.113.9"}
    first, then = (
        visits.Seen(f"2026-03-02T09:00:0{second}.000Z", "tracking", Verdict("scanner", "client is firefox"), data)
        for second in (1, 2)
    )
    visits.opened(mail, first)
    visits.clicked(mail, 2, "https://example.com/2", then)
    assert told(campaign_id, engine) == ({"human": 0, "machine": 1}, {"human": 0, "machine": 1})

    reclassify(campaign_id)
    work()

    assert told(campaign_id, engine) == ({"human": 1, "machine": 0}, {"human": 1, "machine": 0})
    shown = call("campaigns/get_email", path={"email_id": mail.id}).json
    assert (shown["status"], shown["open_count"], shown["machine_open_count"]) == ("clicked", 1, 0)


def test_nothing_happens_because_of_it(mails: MailService, clock: Clock) -> None:
    campaign_id = sent(1)
    [mail] = mails_of(campaign_id)
    for link in (1, 2, 3):
        once_judged(mail.id, link)
    old = store.find_mail(mail.id)

    reclassify(campaign_id)
    work()

    new = store.find_mail(mail.id)
    assert old is not None
    assert new is not None
    assert old.click_count != new.click_count
    assert events.events_of(old, new, "c") == events.events_of(new, old, "c") == []


def test_what_the_provider_says_is_judged_too(mails: MailService, clock: Clock) -> None:
    campaign_id, engine = sent(1), Engine(clock)
    [mail] = mails_of(campaign_id)
    for number in (1, 2, 3):
        data = {"url": f"https://example.com/{number}", "useragent": BROWSER}
        assert campaigns.record_event(mail.id, "click", clock() + timedelta(seconds=number), data)

    reclassify(campaign_id)
    work()

    assert told(campaign_id, engine) == ({"human": 0, "machine": 1}, {"human": 0, "machine": 3})


def test_it_goes_on_wherever_its_worker_dies(mails: MailService, clock: Clock) -> None:
    campaign_id, engine = sent(), Engine(clock)
    for mail in mails_of(campaign_id):
        for link in (1, 2, 3):
            once_judged(mail.id, link)
    reclassify(campaign_id)
    lose_everything()
    for dies_at in (3, 6, 9, 12):
        with pytest.raises(wire.Killed), wire.killed_at(dies_at, sent=dies_at % 2 == 0):
            reclassifying.work(campaign_id, lambda: True)

    reconciled(clock, minutes=10)

    assert store_of(campaign_id)["status"] == "completed"
    assert told(campaign_id, engine) == ({"human": 0, "machine": 2}, {"human": 0, "machine": 6})


def test_without_time_it_is_announced_again(mails: MailService) -> None:
    campaign_id = sent(1)
    reclassify(campaign_id)
    lose_everything()

    reclassifying.work(campaign_id, lambda: False)
    work()

    assert store_of(campaign_id)["status"] == "completed"


def test_there_is_no_such_campaign() -> None:
    assert call("campaigns/reclassify_engagement", path={"campaign_id": "none"}).status == 404


def store_of(campaign_id: str) -> dict[str, Any]:
    item = find_reclassification(campaign_id)
    assert item is not None
    return dict(item.record())
