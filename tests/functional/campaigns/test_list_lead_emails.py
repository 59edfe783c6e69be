"""GET /leads/{lead_id}/emails."""

from __future__ import annotations

from typing import Any

from leadflow.campaigns.schema import EmailSent
from tests.functional.campaigns.mailing import MailService, email_channel, lead, send, shown, template
from tests.harness import Clock, call


def listed(lead_id: str, **query: str) -> dict[str, Any]:
    answer = call("campaigns/list_lead_emails", path={"lead_id": lead_id}, query=query, scopes="campaigns:read")
    assert answer.status == 200, answer.text
    page: dict[str, Any] = answer.json
    return page


def test_a_leads_mails_come_newest_first_page_by_page(mails: MailService, clock: Clock) -> None:
    email_channel()
    lead_id, other, template_id = lead(), lead(email="other@example.com"), template()
    made = []
    for number in range(3):
        clock.advance(seconds=1)
        made.append(send(lead_id, template_id, ("WX", str(number))).email_id)
        send(other, template_id, ("WX", "other", str(number)))

    first = listed(lead_id, limit="2")
    last = listed(lead_id, limit="2", cursor=first["next_cursor"])

    assert [mail["id"] for mail in [*first["items"], *last["items"]]] == made[::-1]
    assert last["next_cursor"] is None
    assert first["items"][0] == shown(made[2])
    EmailSent.model_validate(first["items"][0])


def test_a_skipped_mail_is_listed_with_its_reason(mails: MailService) -> None:
    lead_id = lead(consent={"email": {"opted_in": False}})
    send(lead_id, template())

    [mail] = listed(lead_id)["items"]

    assert (mail["outcome"], mail["status"], mail["skip_reason"]) == ("skipped", "queued", "opted_out")
    assert mail["sent_at"] is None


def test_a_page_of_very_large_mails_ends_early_and_goes_on(mails: MailService, clock: Clock) -> None:
    email_channel()
    lead_id = lead()
    template_id = template(
        subject="x", body="<p>{% for i in (1..10000) %}{{ lead.notes | slice: 0, 90 }}{% endfor %}</p>", variables=[]
    )
    call("leads/update_lead", {"notes": "n" * 100}, path={"lead_id": lead_id})
    made = []
    for number in range(6):
        clock.advance(seconds=1)
        made.append(send(lead_id, template_id, ("WX", str(number))).email_id)

    seen, cursor = [], None
    while True:
        page = listed(lead_id, limit="100", **({"cursor": cursor} if cursor else {}))
        assert len(page["items"]) < 6
        seen += [mail["id"] for mail in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert seen == made[::-1]


def test_a_lead_without_mails_has_an_empty_list() -> None:
    assert listed(lead()) == {"items": [], "next_cursor": None}


def test_no_such_lead_is_not_found() -> None:
    assert call("campaigns/list_lead_emails", path={"lead_id": "01NOPE"}).status == 404
