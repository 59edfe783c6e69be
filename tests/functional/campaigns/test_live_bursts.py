"""Clicks judged together as they come: bursts over many links, and the link that no person sees."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from leadflow.campaigns import service as campaigns
from leadflow.campaigns import store
from leadflow.campaigns.rules import content, rejudging, states
from leadflow.campaigns.service import events, judging
from leadflow.campaigns.service.ledger import state_of
from tests.functional import wire
from tests.functional.campaigns.mailing import MailService, email_channel, html_of, lead, send, sent_mail, template
from tests.functional.campaigns.running import mails_of, work
from tests.functional.campaigns.test_reclassify_engagement import BROWSER, click, reclassify, sent, store_of, told
from tests.functional.workflows.engine import Engine
from tests.harness import Answer, Clock, call

BURST = "3 links or more within 5 seconds"
TRAPPED = "followed a link that no person sees within 10 seconds"


def kept(mail_id: str) -> store.EmailSent:
    mail = store.find_mail(mail_id)
    assert mail is not None
    return mail


def reasons(mail_id: str) -> set[tuple[str | None, str | None]]:
    return {(one.actor, one.reason) for one in store.visits_of(mail_id)}


def trap(mail_id: str) -> Answer:
    path = {"tracking_id": mail_id, "link": content.TRAP}
    return call("tracking/click", path=path, headers={"user-agent": BROWSER}, scopes=None)


def opened(mail_id: str) -> None:
    call("tracking/open", path={"tracking_id": mail_id}, headers={"user-agent": BROWSER}, scopes=None)


def agrees(mail_id: str) -> bool:
    """Whether the mail says what all its visits together come to."""
    mail = kept(mail_id)
    seen = rejudging.together([judging.visited(mail, one) for one in store.visits_of(mail_id)], mail.traps)
    return rejudging.rejudged(state_of(mail), seen) == state_of(mail)


def test_x14_a_burst_over_all_links_is_no_person_as_soon_as_it_is_seen(mails: MailService, clock: Clock) -> None:
    campaign_id, engine = sent(), Engine(clock)
    scanned, read = (mail.id for mail in mails_of(campaign_id))
    for link in (1, 2):
        clock.advance(seconds=1)
        click(scanned, link)
    assert told(campaign_id, engine) == ({"human": 1, "machine": 0}, {"human": 2, "machine": 0})

    clock.advance(seconds=1)
    click(scanned, 3)
    clock.advance(seconds=3)
    click(scanned, 1)
    clock.advance(minutes=5)
    click(read, 2)

    assert told(campaign_id, engine) == ({"human": 1, "machine": 1}, {"human": 1, "machine": 4})
    assert reasons(scanned) == {("scanner", BURST)}
    assert kept(scanned).status == "sent"
    assert kept(scanned).clicked_at is None
    reclassify(campaign_id)
    work()
    assert store_of(campaign_id)["changed"] == 0


def test_a_person_who_reads_on_stays_one(mails: MailService, clock: Clock) -> None:
    [mail] = mails_of(sent(1))
    for link in (1, 2, 3, 1):
        clock.advance(seconds=4)
        click(mail.id, link)

    assert (kept(mail.id).click_count, kept(mail.id).machine_click_count) == (4, 0)
    assert agrees(mail.id)


def test_the_order_in_which_clicks_are_told_does_not_matter(mails: MailService, clock: Clock) -> None:
    chance = random.Random(7)  # noqa: S311 - shuffles
    start = clock() + timedelta(seconds=60)
    clicks = [(1, 0), (2, 2), (3, 4), (1, 8), (2, 40), (3, 44), (1, 200), (2, 202), (2, 203), (3, 204)]
    campaign_id = sent(6)
    found = []
    for mail in mails_of(campaign_id):
        chance.shuffle(clicks)
        for number, second in [*clicks, *clicks[:3]]:
            data = {"url": f"https://example.com/{number}", "useragent": BROWSER}
            assert campaigns.record_event(mail.id, "click", start + timedelta(seconds=second), data)
        state = state_of(kept(mail.id))
        followed = {(one.number, one.machine) for one in state.link_clicks}
        found.append((state.click_count, state.machine_click_count, state.status, followed))

    assert found[0][:2] == (3, 7)
    assert all(one == found[0] for one in found)


@pytest.mark.parametrize("sent_before", [False, True])
@pytest.mark.parametrize("dies_at", range(1, 9))
def test_wherever_it_dies_the_numbers_are_those_of_the_visits(
    mails: MailService, clock: Clock, dies_at: int, sent_before: bool
) -> None:
    mail_id = sent_mail_with_links()
    click(mail_id, 1)
    click(mail_id, 2)
    for number in (dies_at, 99):
        try:
            with wire.killed_at(number, sent=sent_before):
                click(mail_id, 3)
        except wire.Killed:
            assert number != 99

    assert agrees(mail_id)
    assert kept(mail_id).click_count == 0


def test_two_at_once_see_each_other(mails: MailService, clock: Clock) -> None:
    mail_id = sent_mail_with_links()
    click(mail_id, 1)

    with wire.interrupted(lambda: click(mail_id, 2)):
        click(mail_id, 3)

    assert (kept(mail_id).click_count, kept(mail_id).machine_click_count) == (0, 3)


def test_what_is_known_to_be_a_machine_starts_nothing_and_scores_nothing(mails: MailService, clock: Clock) -> None:
    mail_id = sent_mail_with_links()
    click(mail_id, 1)
    click(mail_id, 2)
    before = kept(mail_id)
    click(mail_id, 3)
    after = kept(mail_id)

    [happened] = events.events_of(before, after, "c")
    assert (happened.event_type, happened.data["link_number"], happened.data["machine"]) == ("email_clicked", 3, True)
    signals = call("signals/list_signals", path={"lead_id": after.lead_id}).json["items"]
    assert sorted(one["signal_data"]["link_number"] for one in signals) == [1, 2]


def test_no_person_can_come_to_the_trap(mails: MailService) -> None:
    mail_id = sent_mail()
    html, text = html_of(mails.sent[0]), mails.sent[0]["content"][0]["value"]

    trap_link = f'<a href="https://api.leadflow.test/t/{mail_id}/c/more" rel="nofollow" aria-hidden="true"'
    assert html.count(f'{trap_link} tabindex="-1" style="display:none"></a>') == 1
    assert "/c/more" not in text


@pytest.mark.parametrize("trap_first", [True, False])
def test_x14_what_is_near_the_trap_was_no_person(mails: MailService, clock: Clock, trap_first: bool) -> None:
    mail_id = sent_mail_with_links()
    opened(mail_id)
    clock.advance(minutes=5)
    if trap_first:
        trap(mail_id)
    clock.advance(seconds=1)
    opened(mail_id)
    click(mail_id, 1)
    clock.advance(seconds=9)
    if not trap_first:
        trap(mail_id)
    clock.advance(seconds=11)
    click(mail_id, 2)

    mail = kept(mail_id)
    assert (mail.click_count, mail.machine_click_count, mail.machine_open_count) == (1, 1, 1)
    assert mail.open_count == 1
    assert agrees(mail_id)
    assert ("scanner", TRAPPED) in reasons(mail_id)


def test_the_trap_leads_nowhere_and_is_no_click(mails: MailService, clock: Clock) -> None:
    mail_id = sent_mail_with_links()
    for _ in range(states.MOST_TRAPS + 5):
        clock.advance(seconds=1)
        answer = trap(mail_id)
        assert (answer.status, "location" in answer.headers) == (200, False)

    mail = kept(mail_id)
    assert (mail.click_count, mail.machine_click_count, len(mail.traps)) == (0, 0, states.MOST_TRAPS)
    assert len(wire.stored("EmailEvent")) == states.MOST_TRAPS
    assert trap("1aaaaaaaaaaaaaaaaaaaaaa").status == 404


def sent_mail_with_links() -> str:
    """The id of a mail with four links."""
    email_channel()
    body = "".join(f'<a href="https://example.com/{number}">{number}</a>' for number in (1, 2, 3, 4))
    return send(lead(), template(body=body, subject="Hello", variables=[])).email_id
