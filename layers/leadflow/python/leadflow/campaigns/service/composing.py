"""From a template and a lead to the words of a mail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from email.utils import parseaddr
from typing import Any

from leadflow.campaigns import store
from leadflow.campaigns.rules import content
from leadflow.channels import service as channels
from leadflow.channels.mail import ID_ARGUMENT, Address, OutgoingMail, Recipient
from leadflow.core import clock, links, rendering
from leadflow.core.errors import InvalidInput
from leadflow.leads import service as leads

# Stands for the id of a mail that is shown to somebody and belongs to no lead.
NO_MAIL = "preview"


def address_of(mail_id: str) -> str:
    """The address under which a mail's own routes are: its picture, links, view and unsubscribe."""
    return f"{links.public_url()}/t/{mail_id}"


def compose(
    template: store.EmailTemplate, lead: Mapping[str, Any], mail_id: str, postal_address: str | None, *, visitor_id: str
) -> tuple[str, store.EmailBody]:
    """Subject and words of the mail to one lead, with footer and tracking; visits from it are those of `visitor_id`.

    Raises InvalidInput when the subject comes out blank, the values ask for too much work or the mail is too large.
    """
    base = address_of(mail_id)
    token = leads.visit_token(visitor_id)
    context = {**rendering.lead_context(lead, clock.now()), **built_in(base, postal_address), "visit_token": token}
    subject = rendering.render_header(template.subject, context)
    if not subject:
        raise InvalidInput("subject", "comes out blank for this lead")
    page = rendering.compile(template.body, html=True, field="body").render(context)
    page = content.with_footer(page, postal_address=postal_address, unsubscribe_url=f"{base}/unsubscribe")
    html, followed = content.tracked(page, base=base, fixed=content.fixed_addresses(template.body))
    words = store.Content(body=page, html=html, text=rendering.html_to_text(page))
    return subject, store.body_of(mail_id, words, [asdict(link) for link in followed])


def outgoing(mail: store.EmailSent, words: store.Content, channel: Mapping[str, Any]) -> OutgoingMail:
    """The mail as a provider takes it. Raises InvalidInput when its sender is no address."""
    sender = sender_of(mail.sender, channel)
    return OutgoingMail(
        sender=sender,
        recipients=(recipient_of(mail, sender),),
        subject=mail.subject,
        text=words.text,
        html=words.html,
        reply_to=Address(channel["reply_to"]) if channel["reply_to"] else None,
    )


def recipient_of(
    mail: store.EmailSent, sender: Address, substitutions: Mapping[str, str] | None = None, subject: str | None = None
) -> Recipient:
    """The person of a mail, with what every mail to a person carries: our id, and the way out by one click.

    Its Message-ID is of the sender's domain and the same whenever the mail is handed over, so that an answer names the
    mail and a second copy is known for one.
    """
    return Recipient(
        address=mail.recipient_email,
        name=rendering.clean_header(mail.recipient_name or "") or None,
        subject=subject,
        headers={
            "List-Unsubscribe": f"<{address_of(mail.id)}/unsubscribe>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Message-ID": f"<{store.message_id(mail.id)}@{sender.email.rpartition('@')[2]}>",
        },
        custom_args={ID_ARGUMENT: mail.id},
        substitutions=substitutions or {},
    )


def sender_of(chosen: str | None, channel: Mapping[str, Any]) -> Address:
    """Who the mail is from: the channel's sender, or one that was chosen, as `ana@example.com` or `Ana <ana@…>`.

    Raises InvalidInput when what was chosen is no address.
    """
    if chosen is None:
        return Address(channel["from_email"], channel["from_name"])
    name, email = parseaddr(rendering.clean_header(chosen))
    if "@" not in email:
        raise InvalidInput("from", "is not an email address")
    return Address(email, name or channel["from_name"])


def preview(template: store.EmailTemplate, context: Mapping[str, object]) -> dict[str, Any]:
    """Subject, page and text for these values, and the variables that would leave a gap."""
    subject = rendering.compile(template.subject, html=False, field="subject")
    body = rendering.compile(template.body, html=True, field="body")
    html = body.render(context)
    return {
        "subject": rendering.render_header(template.subject, context),
        "html": html,
        "text": rendering.html_to_text(html),
        "missing": list(dict.fromkeys([*subject.missing(context), *body.missing(context)])),
    }


def preview_context(lead_id: str | None, variables: Mapping[str, Any]) -> dict[str, object]:
    """What the template sees: the lead's values, or the ones given. Raises InvalidInput when there is no such lead."""
    values = rendering.lead_context(variables, clock.now()) | dict(variables)
    if lead_id is not None:
        lead = leads.find(lead_id)
        if lead is None:
            raise InvalidInput("lead_id", f"there is no lead {lead_id}")
        values = rendering.lead_context(lead, clock.now())
    channel = channels.active_email_channel()
    return {**values, **built_in(address_of(NO_MAIL), channel["postal_address"] if channel else None)}


def built_in(base: str, postal_address: str | None) -> dict[str, object]:
    """What a template sees of the mail itself, whose routes are under `base`."""
    return {
        "unsubscribe_url": f"{base}/unsubscribe",
        "view_url": f"{base}/view",
        "postal_address": postal_address,
        "visit_token": NO_MAIL,
    }
