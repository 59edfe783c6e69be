"""Many mails of a campaign step handed to the provider together."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from leadflow.campaigns import service as campaigns
from leadflow.campaigns import store
from leadflow.campaigns.service import batching
from leadflow.campaigns.service.batching import BatchOutcome
from leadflow.campaigns.service.claiming import claim
from leadflow.campaigns.service.writing import Writer
from leadflow.channels import service as channels
from leadflow.core import effects, links, seams
from leadflow.core.errors import CredentialsRefused, MailRefused, OutcomeUnknown, RateLimited, UpstreamUnavailable
from leadflow.leads import service as leads
from tests.functional import wire
from tests.functional.campaigns.campaigning import mail_of
from tests.functional.campaigns.mailing import MailService, email_channel, lead, shown, template
from tests.harness import Clock, call

NOT_AN_ADDRESS = {"message": "Does not contain a valid address.", "field": "personalizations.1.to.0.email"}


class Step:
    """A campaign's step to so many leads, handed over as the engine does."""

    def __init__(self, count: int, **template_fields: Any) -> None:
        email_channel()
        self.template_id = template(**template_fields)
        self.lead_ids = [lead(name=f"Lead {n}", email=f"lead{n}@example.com") for n in range(count)]

    def mails(self) -> list[store.EmailSent]:
        return [self.mail(lead_id) for lead_id in self.lead_ids]

    def mail(self, lead_id: str) -> store.EmailSent:
        return batching.new_mail(
            cause=("campaign", "CAMP", "STEP", lead_id),
            campaign_id="CAMP",
            step_number=1,
            template_id=self.template_id,
            lead=leads.find(lead_id) or {},
            holder_id=lead_id,
        )

    def hand_over(self) -> BatchOutcome:
        kept, channel = store.find_template(self.template_id), channels.active_email_channel()
        assert kept is not None
        assert channel is not None
        people = {lead_id: found for lead_id in self.lead_ids if (found := leads.find(lead_id))}
        return batching.hand_over(self.mails(), kept, people, channel)

    def outcomes(self) -> Counter[str]:
        """What is on file of the mails."""
        return Counter(mail.outcome for mail in store.find_mails([mail.id for mail in self.mails()]))


@pytest.fixture
def step(mails: MailService) -> Step:
    return Step(4)


def outcomes(outcome: BatchOutcome) -> list[str]:
    return [sent.outcome for sent in outcome.settled.values()]


def test_one_call_carries_a_mail_of_its_own_to_each(step: Step, mails: MailService) -> None:
    outcome = step.hand_over()
    assert (outcomes(outcome), outcome.rest, outcome.stopped_by) == (["accepted"] * 4, (), None)
    assert len(mails.sent) == 1
    assert [letter.to for letter in mails.received] == [f"lead{n}@example.com" for n in range(4)]
    for number, letter in enumerate(mails.received):
        assert letter.subject == f"Hello Lead {number}"
        assert f"<p>Dear Lead {number} of your company,</p>" in letter.html
        assert f"Dear Lead {number} of your company," in letter.text
        assert f"/t/{letter.mail_id}/open.gif" in letter.html
        assert f'<a href="{base(letter.mail_id)}/c/1">Prices</a>' in letter.html
        assert letter.headers["List-Unsubscribe"] == f"<{base(letter.mail_id)}/unsubscribe>"
        assert letter.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_the_shared_part_goes_once(mails: MailService) -> None:
    step = Step(3, body="<p>Hi {{ name }}</p>" + "<p>The same for all.</p>" * 200, variables=["name"])
    step.hand_over()
    [sent] = mails.sent
    for one in sent["personalizations"]:
        assert sum(len(tag) + len(value) for tag, value in one["substitutions"].items()) < 200
        assert one["custom_args"].keys() == {"lf_id"}
    assert sent["categories"] == ["campaign-CAMP"]


def test_a_mail_shows_its_words_as_they_were_sent(step: Step, mails: MailService) -> None:
    step.hand_over()
    call("templates/update_template", {"body": "<p>{{ name }} of {{ company }} {{ email }}</p>"}, path=path(step))
    letter = mails.received[2]
    assert "<p>Dear Lead 2 of your company,</p>" in shown(letter.mail_id)["body"]
    view = call("tracking/view", path={"tracking_id": letter.mail_id}, scopes=None)
    assert view.text == letter.html
    click = call("tracking/click", path={"tracking_id": letter.mail_id, "link": "2"}, scopes=None)
    assert click.headers["location"] == "https://example.com/u/lead2@example.com"
    listed = call("campaigns/list_lead_emails", path={"lead_id": step.lead_ids[2]}).json["items"]
    assert listed[0]["body"] == shown(letter.mail_id)["body"]


def test_the_same_mails_again_send_nothing(step: Step, mails: MailService) -> None:
    step.hand_over()
    again = step.hand_over()
    assert outcomes(again) == ["accepted"] * 4
    assert len(mails.sent) == 1


def test_x06_one_bad_recipient_does_not_hold_up_the_others(step: Step, mails: MailService) -> None:
    mails.answers = [(400, [NOT_AN_ADDRESS])]
    outcome = step.hand_over()
    assert sorted(outcomes(outcome)) == ["accepted"] * 3 + ["rejected"]
    assert [letter.to for letter in mails.received] == [f"lead{n}@example.com" for n in (0, 2, 3)]
    refused = shown(step.mails()[1].id)
    assert (refused["status"], refused["outcome"]) == ("failed", "rejected")
    assert "personalizations.1.to.0.email" in refused["error_message"]
    for _ in range(2):
        assert sorted(outcomes(step.hand_over())) == ["accepted"] * 3 + ["rejected"]
    assert len(mails.received) == 3


def test_a_refusal_that_names_nobody_is_narrowed_down(step: Step, mails: MailService) -> None:
    mails.answers = [400, 400, 400, 202, 202]
    outcome = step.hand_over()
    assert sorted(outcomes(outcome)) == ["accepted"] * 3 + ["rejected"]
    assert [letter.to for letter in mails.received] == [f"lead{n}@example.com" for n in (1, 2, 3)]


def test_a_refusal_that_holds_for_all_stops_and_fails_few(mails: MailService) -> None:
    step = Step(12)
    mails.answers = [400] * 100
    outcome = step.hand_over()
    assert isinstance(outcome.stopped_by, MailRefused)
    assert outcomes(outcome) == ["rejected"] * 5
    assert len(outcome.rest) == 7
    assert outcome.retry_at is None


def test_a_refusal_of_what_all_share_fails_nobody(step: Step, mails: MailService) -> None:
    mails.answers = [(400, [{"message": "The from email does not match", "field": "from.email"}])]
    outcome = step.hand_over()
    assert isinstance(outcome.stopped_by, MailRefused)
    assert (len(outcome.rest), outcome.settled) == (4, {})
    assert outcomes(step.hand_over()) == ["accepted"] * 4


def test_a_call_that_is_too_large_is_halved(step: Step, mails: MailService) -> None:
    mails.answers = [413]
    assert outcomes(step.hand_over()) == ["accepted"] * 4
    assert [len(mail["personalizations"]) for mail in mails.sent] == [2, 2]


@pytest.mark.parametrize(
    ("answer", "error", "waits"),
    [(429, RateLimited, True), (401, CredentialsRefused, False), (403, CredentialsRefused, False)],
)
def test_mails_are_given_back_free(
    step: Step, mails: MailService, answer: int, error: type[Exception], waits: bool
) -> None:
    mails.answers = [answer]
    outcome = step.hand_over()
    assert isinstance(outcome.stopped_by, error)
    assert (len(outcome.rest), outcome.settled, outcome.retry_at is not None) == (4, {}, waits)
    assert outcomes(step.hand_over()) == ["accepted"] * 4
    assert len(mails.received) == 4


def test_a_provider_that_cannot_be_reached_has_nothing(step: Step, mails: MailService, monkeypatch: Any) -> None:
    monkeypatch.setenv("PROVIDER_BASE_URL", "http://127.0.0.1:9")
    seams.current().forget("settings")
    outcome = step.hand_over()
    assert isinstance(outcome.stopped_by, UpstreamUnavailable)
    assert len(outcome.rest) == 4
    assert mails.sent == []


def test_x08_a_call_that_nobody_answers_is_in_doubt_and_never_made_again(
    step: Step, mails: MailService, clock: Clock
) -> None:
    mails.answers = [None]
    outcome = step.hand_over()
    assert isinstance(outcome.stopped_by, OutcomeUnknown)
    assert (outcomes(outcome), outcome.rest) == (["unknown"] * 4, ())
    for _ in range(3):
        clock.advance(hours=2)
        campaigns.reconcile()
        assert outcomes(step.hand_over()) == ["unknown"] * 4
    assert len(mails.sent) == 1


def test_x08_reports_settle_what_is_in_doubt(step: Step, mails: MailService, clock: Clock) -> None:
    mails.answers = [None]
    step.hand_over()
    first = mails.received[0].mail_id
    campaigns.record_event(first, "delivered", clock(), {})
    assert (shown(first)["outcome"], shown(first)["status"]) == ("accepted", "delivered")
    assert step.outcomes() == {"accepted": 1, "unknown": 3}


def test_two_leads_with_one_address_are_in_two_calls(mails: MailService) -> None:
    step = Step(2)
    mails_of_both = step.mails()
    mails_of_both[1].recipient_email = "LEAD0@example.com"
    kept, channel = store.find_template(step.template_id), channels.active_email_channel()
    assert kept is not None
    assert channel is not None
    people = {lead_id: leads.find(lead_id) or {} for lead_id in step.lead_ids}
    batching.hand_over(mails_of_both, kept, people, channel)
    assert [len(mail["personalizations"]) for mail in mails.sent] == [1, 1]


def test_long_values_go_whole_in_calls_of_their_own(mails: MailService) -> None:
    step = Step(3, body="<p>{{ name }} {{ custom.story }}</p>", subject="Hi", variables=["name"])
    call("leads/update_lead", {"custom": {"story": "é" * 4000}}, path={"lead_id": step.lead_ids[1]})
    assert outcomes(step.hand_over()) == ["accepted"] * 3
    assert sorted(len(mail["personalizations"]) for mail in mails.sent) == [1, 2]
    [long] = [letter for letter in mails.received if letter.to == "lead1@example.com"]
    assert "é" * 4000 in long.html


def test_a_template_without_a_letter_is_sent_all_the_same(mails: MailService) -> None:
    body = '<p {% if company %}class="x"{% endif %}>Hi {{ name }} <a href="https://example.com/a">a</a></p>'
    step = Step(3, body=body, variables=["company", "name"])
    assert outcomes(step.hand_over()) == ["accepted"] * 3
    assert len(mails.sent) == 1
    for number, letter in enumerate(mails.received):
        assert f"<p >Hi Lead {number} <a href=" in letter.html
        assert call("tracking/view", path={"tracking_id": letter.mail_id}, scopes=None).text == letter.html


def test_who_cannot_be_written_to_is_rejected_with_the_reason(mails: MailService) -> None:
    step = Step(3, subject="{{ company }}", body="<p>{{ name }}</p>", variables=["name", "company"])
    call("leads/update_lead", {"company": "Acme"}, path={"lead_id": step.lead_ids[0]})
    assert sorted(outcomes(step.hand_over())) == ["accepted", "rejected", "rejected"]
    assert shown(step.mails()[1].id)["error_message"] == "subject: comes out blank for this lead"
    assert [letter.to for letter in mails.received] == ["lead0@example.com"]


def test_a_worker_that_is_at_the_mails_is_left_alone(step: Step, mails: MailService, clock: Clock) -> None:
    claim_and_die(step)
    outcome = step.hand_over()
    assert outcomes(outcome) == ["pending"] * 4
    assert mails.sent == []
    clock.advance(seconds=effects.LEASE.total_seconds() + 1)
    assert outcomes(step.hand_over()) == ["accepted"] * 4
    assert len(mails.sent) == 1


def test_skipped_mails_are_written_with_their_reason(step: Step, mails: MailService) -> None:
    first, *_, last = step.mails()
    answers = batching.skip([(first, "opted_out"), (last, "replied")])
    assert [(sent.outcome, sent.reason) for sent in answers.values()] == [
        ("skipped", "opted_out"),
        ("skipped", "replied"),
    ]
    assert sorted(outcomes(step.hand_over())) == ["accepted", "accepted", "skipped", "skipped"]
    assert shown(first.id)["skip_reason"] == "opted_out"
    assert shown(first.id)["body"] == ""


def test_a_claimed_mail_that_never_left_can_be_skipped(step: Step, mails: MailService) -> None:
    mails.answers = [429]
    step.hand_over()
    answers = batching.skip([(mail, "opted_out") for mail in step.mails()])
    assert {sent.outcome for sent in answers.values()} == {"skipped"}
    assert mails.sent == []


def test_what_was_sent_cannot_be_skipped(step: Step) -> None:
    step.hand_over()
    answers = batching.skip([(mail, "opted_out") for mail in step.mails()])
    assert {sent.outcome for sent in answers.values()} == {"accepted"}


def base(mail_id: str) -> str:
    return f"{links.public_url()}/t/{mail_id}"


def path(step: Step) -> dict[str, str]:
    return {"template_id": step.template_id}


def claim_and_die(step: Step) -> None:
    """A worker that dies right after it has claimed the mails."""
    kept = store.find_template(step.template_id)
    assert kept is not None
    all_mails = step.mails()
    batch = store.open_batch([mail.id for mail in all_mails], "CAMP")
    people = {lead_id: leads.find(lead_id) or {} for lead_id in step.lead_ids}
    claim(all_mails, people, Writer(kept, None), batch.id)


def test_changes_of_large_mails_stay_within_what_a_transaction_holds() -> None:
    """DynamoDB counts the whole of an item in which something is changed, 4 MB together."""
    mails = [mail_of("CAMP", number=number, packed=bytes(300_000)) for number in range(20)]
    with wire.watched() as seen:
        store.amend_many(mails, lambda _: {"provider_message_id": "M1"})
    assert Counter(seen) == {"TransactWriteItems": 3}
    assert {mail.provider_message_id for mail in store.find_mails([mail.id for mail in mails])} == {"M1"}
