"""The send of one tracked mail: gates, the mail itself, and what the provider says of it at once."""

from __future__ import annotations

import hashlib
import os
import re
from datetime import timedelta

import pytest

from leadflow.campaigns import service as campaigns
from leadflow.campaigns import store
from leadflow.campaigns.rules import Sent
from leadflow.core import aws, observability, seams
from leadflow.core import clock as clocks
from leadflow.core.errors import (
    Conflict,
    CredentialsRefused,
    InProgress,
    InvalidInput,
    RateLimited,
    UpstreamUnavailable,
)
from tests.functional.campaigns.mailing import (
    CAUSE,
    MailService,
    email_channel,
    html_of,
    lead,
    send,
    sent_mail,
    shown,
    template,
    tracked_links,
)
from tests.functional.wire import interrupted, refused, stored
from tests.harness import call

BASE = "https://api.leadflow.test/t"


def suppress(address: str = "ada@example.com", reason: str = "unsubscribe") -> None:
    campaigns.suppress("email", address, reason)


def test_the_mail_goes_out_once_as_it_should(mails: MailService) -> None:
    email_id = sent_mail()

    [mail] = mails.sent
    [person] = mail["personalizations"]
    assert person["to"] == [{"email": "ada@example.com", "name": "Ada Lovelace"}]
    assert person["headers"] == {
        "List-Unsubscribe": f"<{BASE}/{email_id}/unsubscribe>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Message-ID": f"<{store.message_id(email_id)}@leadflow.example>",
    }
    assert person["custom_args"] == {"lf_id": email_id}
    assert mail["from"] == {"email": "hello@leadflow.example", "name": "Leadflow"}
    assert mail["reply_to"] == {"email": "reply@leadflow.example"}
    assert mail["subject"] == "Hello Ada Lovelace"
    assert [part["type"] for part in mail["content"]] == ["text/plain", "text/html"]
    assert not any(tracking["enable"] for tracking in mail["tracking_settings"].values())


def test_its_page_is_tracked_and_its_text_is_not(mails: MailService) -> None:
    email_id = sent_mail()

    html, text = html_of(mails.sent[0]), mails.sent[0]["content"][0]["value"]
    assert tracked_links(mails.sent[0]) == [f"{BASE}/{email_id}/c/1", f"{BASE}/{email_id}/c/2"]
    assert html.endswith("</body></html>")
    assert html.count(f'<img src="{BASE}/{email_id}/open.gif"') == 1
    assert f'href="{BASE}/{email_id}/unsubscribe"' in html
    assert "Example Ltd<br>1 Main Street" in html
    assert "https://example.com" not in html
    assert "Prices (https://example.com/pricing)" in text
    assert "Example Ltd\n1 Main Street\nSpringfield" in text
    assert f"{BASE}/{email_id}/unsubscribe" in text
    assert "/c/" not in text


def test_values_of_the_lead_are_text_in_the_page(mails: MailService) -> None:
    sent_mail(name='<img src=x onerror="1"> & co')

    assert "Dear &lt;img src=x onerror=&#34;1&#34;&gt; &amp; co" in html_of(mails.sent[0])
    assert mails.sent[0]["subject"] == 'Hello <img src=x onerror="1"> & co'


def test_what_the_template_has_is_not_added_again(mails: MailService) -> None:
    email_channel()
    body = "<p>{{ postal_address }} <a href='{{ unsubscribe_url }}'>out</a> <a href='{{ view_url }}'>view</a></p>"

    email_id = send(lead(), template(subject="x", body=body, variables=[])).email_id

    html = html_of(mails.sent[0])
    assert html.count("unsubscribe") == 1
    assert f"href='{BASE}/{email_id}/view'" in html
    assert html.count("1 Main Street") == 1


def test_a_sender_may_be_chosen(mails: MailService) -> None:
    email_channel()
    lead_id, template_id = lead(), template()

    send(lead_id, template_id, ("a",), sender="ana@leadflow.example")
    send(lead_id, template_id, ("b",), sender="Ana <ana@leadflow.example>")

    assert [mail["from"] for mail in mails.sent] == [
        {"email": "ana@leadflow.example", "name": "Leadflow"},
        {"email": "ana@leadflow.example", "name": "Ana"},
    ]
    with pytest.raises(InvalidInput, match="from"):
        send(lead_id, template_id, ("c",), sender="Ana")
    assert len(mails.sent) == 2


def test_what_identifies_a_person_stands_in_no_key_and_no_log(
    mails: MailService, caplog: pytest.LogCaptureFixture
) -> None:
    email_id = sent_mail()
    campaigns.record_event(email_id, "bounce", clocks.now(), {"reason": "550 <ada@example.com> unknown"})
    call("tracking/unsubscribe", b"List-Unsubscribe=One-Click", path={"tracking_id": email_id}, scopes=None)

    keys = [item[name]["S"] for item in stored() for name in item if re.fullmatch(r"[ps]k|gsi\d[ps]k", name)]
    assert not [key for key in keys if "ada" in key.lower() or "@" in key]
    [handler] = observability.logger().handlers
    log = "\n".join(handler.format(record) for record in caplog.records)
    assert "POST /t/{tracking_id}/unsubscribe" in log
    assert "ada@" not in log
    assert email_id not in log


def test_the_same_cause_is_the_same_mail(mails: MailService) -> None:
    email_channel()
    lead_id, template_id = lead(), template()

    first, again = send(lead_id, template_id), send(lead_id, template_id)

    assert first == again == Sent(store.tracking_id(CAUSE), "accepted")
    assert len(mails.sent) == 1
    assert send(lead_id, template_id, ("WX1", "ACT1", "2")).email_id != first.email_id
    assert len(mails.sent) == 2


def test_an_id_cannot_be_guessed_and_names_its_kind() -> None:
    ids = {store.tracking_id(("WX", str(number))) for number in range(100)}

    assert len(ids) == 100
    assert all(re.fullmatch(r"1[A-Za-z0-9_-]{22}", mail_id) for mail_id in ids)
    seams.current().kept["master secret"] = b"another"
    assert store.tracking_id(("WX", "1")) not in ids


def test_a_second_worker_waits_for_the_first(mails: MailService) -> None:
    email_channel()
    lead_id, template_id = lead(), template()
    others: list[Sent] = []
    mails.before_answer = lambda _: others.append(send(lead_id, template_id))

    first = send(lead_id, template_id)

    assert first.outcome == "accepted"
    [other] = others
    assert other.outcome == "pending"
    assert other.wait_until == clocks.now() + timedelta(seconds=30)
    assert len(mails.sent) == 1


def test_x05_of_two_who_claim_at_the_same_time_one_sends(mails: MailService) -> None:
    email_channel()
    lead_id, template_id = lead(), template()
    rival: list[Sent] = []

    with interrupted(lambda: rival.append(send(lead_id, template_id))):
        ours = send(lead_id, template_id)

    assert (rival[0].outcome, ours.outcome) == ("accepted", "accepted")
    assert len(mails.sent) == 1


def test_a_claim_in_the_way_is_tried_again_later(mails: MailService) -> None:
    email_channel()
    lead_id, template_id = lead(), template()

    with refused(["TransactionConflict", "None"], times=1), pytest.raises(InProgress):
        send(lead_id, template_id)

    assert mails.sent == []
    assert send(lead_id, template_id).outcome == "accepted"


def test_a_lead_that_is_gone_or_has_no_address_is_skipped(mails: MailService) -> None:
    email_channel()
    template_id, lead_id = template(), lead()
    aws.client("dynamodb").update_item(
        TableName=os.environ["TABLE_NAME"],
        Key={"pk": {"S": f"LEAD#{lead_id}"}, "sk": {"S": "#META"}},
        UpdateExpression="REMOVE email",
    )

    assert send("01NOPE", template_id, ("a",)) == Sent(store.tracking_id(("a",)), "skipped", "lead_gone")
    assert send(lead_id, template_id, ("b",)) == Sent(store.tracking_id(("b",)), "skipped", "no_email")
    assert stored("EmailSent") == mails.sent == []


@pytest.mark.parametrize("reason", ["unsubscribe", "bounce", "spam_report", "manual"])
def test_a_suppressed_address_is_skipped_whatever_its_case(mails: MailService, reason: str) -> None:
    email_channel()
    suppress("ADA@example.com", reason)

    sent = send(lead(email="Ada@Example.com"), template())

    assert (sent.outcome, sent.reason, sent.wait_until) == ("skipped", f"suppressed:{reason}", None)
    assert mails.sent == []
    mail = shown(sent.email_id)
    assert (mail["outcome"], mail["skip_reason"]) == ("skipped", f"suppressed:{reason}")
    assert "gsi3pk" not in stored("EmailSent")[0]


def test_a_lead_that_opted_out_is_skipped_for_good(mails: MailService) -> None:
    email_channel()
    lead_id, template_id = lead(consent={"email": {"opted_in": False}}), template()
    assert send(lead_id, template_id).reason == "opted_out"

    call("leads/update_lead", {"consent": {"email": {"opted_in": True}}}, path={"lead_id": lead_id})

    assert send(lead_id, template_id).reason == "opted_out"
    assert send(lead_id, template_id, ("another",)).outcome == "accepted"


def test_without_a_channel_nothing_is_claimed(mails: MailService) -> None:
    lead_id, template_id = lead(), template()

    with pytest.raises(Conflict, match="no active email channel"):
        send(lead_id, template_id)

    assert stored("EmailSent") == []
    email_channel()
    assert send(lead_id, template_id).outcome == "accepted"


def test_a_mail_without_a_subject_is_not_sent(mails: MailService) -> None:
    email_channel()

    with pytest.raises(InvalidInput, match="subject"):
        send(lead(), template(subject="{{ company }}", body="<p>x</p>", variables=["company"]))

    assert mails.sent == []


def test_a_mail_too_large_to_keep_is_not_sent(mails: MailService) -> None:
    email_channel()
    noise = "".join(hashlib.sha256(str(number).encode()).hexdigest() for number in range(2_900))
    template_id = template(subject="x", body=f"<p>{noise}</p>", variables=[])

    with pytest.raises(InvalidInput, match="too large"):
        send(lead(), template(subject="x", body=f"<p>{{% for i in (1..3) %}}{noise}{{% endfor %}}</p>", variables=[]))

    assert send(lead(email="b@example.com"), template_id, ("fits",)).outcome == "accepted"
    assert len(mails.sent) == len(stored("EmailSent")) == 1


def test_a_refusal_is_final(mails: MailService) -> None:
    email_channel()
    lead_id, template_id = lead(), template()
    mails.answers = [400]

    sent = send(lead_id, template_id)

    assert (sent.outcome, sent.wait_until) == ("rejected", None)
    assert "400" in str(sent.reason)
    mail = shown(sent.email_id)
    assert (mail["status"], mail["outcome"], mail["sent_at"]) == ("failed", "rejected", None)
    assert mail["error_message"] == sent.reason
    assert send(lead_id, template_id) == sent
    assert mails.sent == []


@pytest.mark.parametrize(
    ("status", "error"), [(429, RateLimited), (401, CredentialsRefused), (403, CredentialsRefused)]
)
def test_what_was_not_taken_can_be_sent_at_once(mails: MailService, status: int, error: type[Exception]) -> None:
    email_channel()
    lead_id, template_id = lead(), template()
    mails.answers = [status]

    with pytest.raises(error):
        send(lead_id, template_id)

    assert (shown(store.tracking_id(CAUSE))["outcome"], mails.sent) == ("pending", [])
    assert send(lead_id, template_id).outcome == "accepted"
    assert len(mails.sent) == 1


def test_a_provider_that_is_not_there_leaves_the_mail_to_be_sent(
    mails: MailService, monkeypatch: pytest.MonkeyPatch
) -> None:
    email_channel()
    lead_id, template_id = lead(), template()
    monkeypatch.setenv("PROVIDER_BASE_URL", "http://127.0.0.1:9")
    seams.current().forget("settings")

    with pytest.raises(UpstreamUnavailable):
        send(lead_id, template_id)

    monkeypatch.undo()
    seams.current().forget("settings")
    seams.current().kept.pop("http:sendgrid").close()
    assert send(lead_id, template_id).outcome == "accepted"


def test_a_retry_sends_the_words_that_were_claimed(mails: MailService) -> None:
    email_channel()
    lead_id, template_id = lead(), template()
    mails.answers = [429]
    with pytest.raises(RateLimited):
        send(lead_id, template_id)
    call("leads/update_lead", {"name": "Grace"}, path={"lead_id": lead_id})
    call("templates/delete_template", path={"template_id": template_id})

    assert send(lead_id, template_id).outcome == "accepted"

    assert "Dear Ada Lovelace" in html_of(mails.sent[0])


def test_who_unsubscribes_between_two_tries_is_not_mailed(mails: MailService) -> None:
    email_channel()
    lead_id, template_id = lead(), template()
    mails.answers = [429]
    with pytest.raises(RateLimited):
        send(lead_id, template_id)
    suppress()

    assert send(lead_id, template_id).reason == "suppressed:unsubscribe"
    assert mails.sent == []


def test_a_channel_that_is_gone_before_the_retry_is_waited_for(
    mails: MailService, monkeypatch: pytest.MonkeyPatch
) -> None:
    email_channel()
    lead_id, template_id = lead(), template()
    mails.answers = [429]
    with pytest.raises(RateLimited):
        send(lead_id, template_id)
    with monkeypatch.context() as gone:
        gone.setattr("leadflow.channels.service.active_email_channel", lambda: None)
        for _ in range(2):
            with pytest.raises(Conflict):
                send(lead_id, template_id)

    assert send(lead_id, template_id).outcome == "accepted"
