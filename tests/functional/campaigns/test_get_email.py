"""GET /emails/{email_id}."""

from __future__ import annotations

from leadflow.campaigns.schema import EmailSent
from tests.functional.campaigns.mailing import MailService, sent_mail, shown
from tests.harness import call


def test_a_mail_is_shown_as_the_data_model_says(mails: MailService) -> None:
    email_id = sent_mail(company="Engines")

    mail = shown(email_id)

    EmailSent.model_validate(mail)
    assert mail["id"] == mail["tracking_id"] == email_id
    assert (mail["status"], mail["outcome"], mail["attempt"]) == ("sent", "accepted", 1)
    assert (mail["recipient_email"], mail["subject"]) == ("ada@example.com", "Hello Ada Lovelace")
    assert mail["sent_at"] == mail["created_at"] == "2026-03-02T09:00:00.000Z"
    assert mail["provider_message_id"] == "provider-1"
    assert (mail["open_count"], mail["click_count"]) == (0, 0)
    for empty in ("campaign_id", "step_number", "delivered_at", "opened_at", "clicked_at", "skip_reason", "metadata"):
        assert mail[empty] is None


def test_its_body_is_what_the_person_reads_without_our_tracking(mails: MailService) -> None:
    body = shown(sent_mail())["body"]

    assert "Dear Ada Lovelace" in body
    assert "https://example.com/pricing" in body
    assert "1 Main Street" in body
    assert "open.gif" not in body
    assert "/c/1" not in body


def test_no_such_mail_is_not_found() -> None:
    assert call("campaigns/get_email", path={"email_id": "1nope"}).status == 404


def test_reading_needs_the_scope() -> None:
    assert call("campaigns/get_email", path={"email_id": "x"}, scopes="leads:read").status == 403
