"""GET /leads/{lead_id}/explain?campaign_id=…: what it says is what the send then does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from leadflow.campaigns import service as campaigns
from tests.functional.campaigns.campaigning import campaign, step
from tests.functional.campaigns.mailing import MailService, email_channel, lead
from tests.functional.campaigns.running import acted, ready, reconciled, tally, work
from tests.functional.leads.erasing import erase
from tests.functional.leads.explaining import explained_by
from tests.functional.leads.people import patched
from tests.harness import Clock, call


def explained(lead_id: str, campaign_id: str) -> dict[str, Any]:
    return explained_by(lead_id, {"campaign_id": campaign_id}, {"nothing_holds_it_back", "sequence_completed"})


def shut(found: dict[str, Any]) -> list[str]:
    return [gate["code"] for gate in found["gates"] if gate["verdict"] == "fail"]


def bounced(_: str) -> None:
    campaigns.suppress("email", "ada@example.com", "bounce")


REASONS: list[tuple[str, Callable[[str], object], dict[str, Any]]] = [
    ("suppressed:bounce", bounced, {}),
    ("opted_out", lambda lead_id: patched(lead_id, consent={"email": {"opted_in": False}}), {}),
    ("replied", lambda lead_id: campaigns.stop_sequences(lead_id, "replied"), {}),
    (
        "goal_reached",
        lambda lead_id: patched(lead_id, status="qualified"),
        {"goal": {"condition": {"field": "lead.status", "op": "eq", "value": "qualified"}}},
    ),
]


@pytest.mark.parametrize(("reason", "happens", "fields"), REASONS, ids=[reason for reason, _, _ in REASONS])
def test_the_reason_told_is_the_reason_of_the_skip(
    mails: MailService, clock: Clock, reason: str, happens: Callable[[str], object], fields: dict[str, Any]
) -> None:
    email_channel()
    lead_id, campaign_id = lead(), campaign(**fields)
    step(campaign_id, 1, delay_hours=1)
    acted(campaign_id, "launch_campaign")
    work()
    assert explained(lead_id, campaign_id)["primary_reason"] == "nothing_holds_it_back"
    clock.advance(minutes=5)
    happens(lead_id)

    told = explained(lead_id, campaign_id)
    reconciled(clock, hours=2)

    assert told["primary_reason"] == reason
    assert told["next_mail_at"] is None
    assert tally(campaign_id) == {reason: 1}
    assert explained(lead_id, campaign_id)["primary_reason"] in (reason, "campaign_completed")


def test_a_lead_on_its_way_is_told_when_its_next_mail_comes(mails: MailService, clock: Clock) -> None:
    email_channel()
    lead_id = lead(timezone="America/New_York")
    campaign_id = ready(steps=2, send_window={"from": "09:00", "to": "17:00"})
    acted(campaign_id, "launch_campaign")
    work()

    told = explained(lead_id, campaign_id)

    assert told["next_planned_at"] == told["next_mail_at"] == "2026-03-02T14:00:00.000Z"
    assert told["primary_reason"] == "nothing_holds_it_back"
    reconciled(clock, hours=6)
    second = explained(lead_id, campaign_id)
    [had] = [gate for gate in second["gates"] if gate["gate"] == "mail"]
    assert (had["verdict"], had["code"]) == ("pass", "accepted")
    assert second["next_mail_at"] == "2026-03-03T15:00:00.000Z"


def test_before_the_launch_and_for_those_it_is_not_for() -> None:
    email_channel()
    new, other = lead(), lead(email="bob@example.com", status="contacted")
    campaign_id = ready(
        target_audience={"field": "lead.status", "op": "eq", "value": "new"},
        exclusions={"condition": {"field": "lead.tags", "op": "contains", "value": "vip"}},
    )

    assert explained(new, campaign_id)["primary_reason"] == "campaign_draft"
    assert shut(explained(other, campaign_id)) == ["campaign_draft", "not_in_audience"]
    patched(new, tags=["vip"])
    assert shut(explained(new, campaign_id)) == ["campaign_draft", "excluded"]


def test_who_came_later_is_not_in_a_frozen_audience(mails: MailService, clock: Clock) -> None:
    email_channel()
    lead(email="first@example.com")
    campaign_id = ready(steps=2)
    acted(campaign_id, "launch_campaign")
    late = lead()
    being_frozen = explained(late, campaign_id)
    patched(late, status="contacted")
    work()
    later = lead(email="later@example.com")

    assert being_frozen["primary_reason"] == "audience_not_frozen"
    assert explained(later, campaign_id)["primary_reason"] == "not_in_audience"


def test_a_pause_and_the_end_are_reasons(mails: MailService, clock: Clock) -> None:
    email_channel()
    lead_id, campaign_id = lead(), ready(steps=1)
    acted(campaign_id, "launch_campaign")
    acted(campaign_id, "pause_campaign")
    work()
    assert explained(lead_id, campaign_id)["primary_reason"] == "campaign_paused"
    acted(campaign_id, "resume_campaign")
    work()

    told = explained(lead_id, campaign_id)

    assert told["primary_reason"] == "campaign_completed"
    assert [gate["code"] for gate in told["gates"] if gate["gate"] == "mail"] == ["accepted"]


def test_without_a_channel_nothing_goes(mails: MailService) -> None:
    assert "no_channel" in shut(explained(lead(), ready()))


def test_of_an_erased_person_there_is_only_that(mails: MailService) -> None:
    lead_id, campaign_id = lead(), ready()
    erase(lead_id)

    assert shut(explained(lead_id, campaign_id)) == ["erased", "campaign_draft"]
    query = {"campaign_id": "01NOPE"}
    assert call("leads/explain_lead", path={"lead_id": lead(email="c@example.com")}, query=query).status == 404
