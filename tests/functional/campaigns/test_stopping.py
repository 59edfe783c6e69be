"""What ends sequences, and keeps from them: of a merged lead, what any of its parts did, and the latest of it."""

from __future__ import annotations

import pytest

from leadflow.campaigns import service as campaigns
from leadflow.campaigns.store import contacts
from leadflow.core import clock as core_clock
from leadflow.core.errors import InProgress
from tests.functional.campaigns.mailing import MailService, email_channel
from tests.functional.campaigns.running import acted, mails_of, people, ready, reconciled, tally, work
from tests.functional.wire import interrupted
from tests.harness import Clock, call


def test_an_answer_by_one_part_of_a_merged_lead_stops_the_whole_of_it(mails: MailService, clock: Clock) -> None:
    email_channel()
    one, other = people(2)
    campaigns.stop_sequences(one, "replied")
    clock.advance(minutes=1)
    campaign_id = ready(steps=2)
    acted(campaign_id, "launch_campaign")
    work()
    assert tally(campaign_id, 1) == {"accepted": 2}
    clock.advance(minutes=1)
    campaigns.stop_sequences(other, "replied")
    assert call("leads/merge_leads", {"source_lead_id": other}, path={"lead_id": one}).status == 200

    reconciled(clock, hours=25)

    assert tally(campaign_id, 2) == {"replied": 2}


def test_who_answers_while_many_write_the_same_is_asked_to_come_again(clock: Clock) -> None:
    lead_id = people(1)[0]
    times: list[str] = []
    for _ in range(9):
        times.append(core_clock.now_stamp())
        clock.advance(minutes=1)

    def rival() -> None:
        contacts.note_stop(lead_id, "replied", times.pop(0))

    with interrupted(rival, operation="PutItem", times=8), pytest.raises(InProgress):
        campaigns.stop_sequences(lead_id, "replied")


def test_of_two_answers_at_once_the_later_one_is_kept(clock: Clock) -> None:
    lead_id = people(1)[0]
    earlier = core_clock.now_stamp()
    clock.advance(days=1)

    with interrupted(lambda: campaigns.stop_sequences(lead_id, "replied", earlier), operation="PutItem"):
        campaigns.stop_sequences(lead_id, "replied")
    assert contacts.find_stops([lead_id], ["replied"]) == {lead_id: {"replied": core_clock.now_stamp()}}

    clock.advance(days=1)
    before = core_clock.now_stamp()
    clock.advance(days=1)
    with interrupted(lambda: campaigns.stop_sequences(lead_id, "replied"), operation="PutItem"):
        campaigns.stop_sequences(lead_id, "replied", before)
    assert contacts.find_stops([lead_id], ["replied"]) == {lead_id: {"replied": core_clock.now_stamp()}}


def test_who_is_excluded_as_one_part_of_a_merged_lead_is_excluded(mails: MailService, clock: Clock) -> None:
    email_channel()
    one, other, third = people(3)
    first = ready(target_audience={"field": "lead.email", "op": "eq", "value": "lead2@example.com"})
    acted(first, "launch_campaign")
    work()
    by_mail, by_id = ready(exclusions={"campaign_ids": [first]}), ready(exclusions={"lead_ids": [other]})
    assert call("leads/merge_leads", {"source_lead_id": other}, path={"lead_id": one}).status == 200

    for campaign_id in (by_mail, by_id):
        acted(campaign_id, "launch_campaign")
        work()
        assert tally(campaign_id) == {"accepted": 1, "excluded": 1}
        assert [mail.lead_id for mail in mails_of(campaign_id) if mail.outcome == "accepted"] == [third]
