"""The words of many mails from one template: what they share once, what is a person's own for each."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from leadflow.campaigns import store
from leadflow.campaigns.rules import letters
from leadflow.campaigns.service import composing
from leadflow.core import clock, rendering
from leadflow.core.errors import InvalidInput
from leadflow.leads import service as leads

_MARK_LENGTH = 23


class Writer:
    """Writes the mails of one template, as it is now, for one channel."""

    def __init__(self, template: store.EmailTemplate, postal_address: str | None) -> None:
        self._template = template
        self._postal_address = postal_address
        self._subject = rendering.compile(template.subject, html=False, field="subject")
        self._body = rendering.compile(template.body, html=True, field="body")
        self._has_token = any("visit_token" in compiled.variables for compiled in (self._subject, self._body))
        # As long as a mail's id and made of the same characters; nobody who writes a value knows it.
        self._mark = hashlib.sha256(template.body.encode()).hexdigest()[:_MARK_LENGTH]
        self._base = composing.address_of(self._mark)
        self._shared = {"now": clock.now(), **composing.built_in(self._base, postal_address)}
        self._letter_id: str | None = None
        self._maker = self._made()

    def write(self, mail: store.EmailSent, lead: Mapping[str, Any]) -> store.EmailBody | None:
        """Gives a mail its subject and its words; those that do not fit a letter come back, to be kept by themselves.

        Raises InvalidInput when this lead's mail cannot be written.
        """
        if self._maker is not None:
            try:
                self._write_in_letter(mail, lead, self._maker)
            except letters.Unshared:
                pass
            else:
                return None
        mail.subject, body = composing.compose(
            self._template, lead, mail.id, self._postal_address, visitor_id=mail.lead_id
        )
        return body

    def _write_in_letter(self, mail: store.EmailSent, lead: Mapping[str, Any], maker: letters.Maker) -> None:
        context = {**rendering.lead_context(lead), **self._shared}
        if self._has_token:
            context["visit_token"] = leads.visit_token(mail.lead_id)
        subject = rendering.clean_header(self._subject.render(context)).replace(self._mark, mail.id)
        if not subject:
            raise InvalidInput("subject", "comes out blank for this lead")
        values = maker.values(mail.id, self._body.at_spots(context))
        mail.subject, mail.letter_id = subject, self._letter_id
        mail.packed = store.packed_words(store.OwnWords(values.texts, [asdict(link) for link in values.links]))

    def _made(self) -> letters.Maker | None:
        """The maker of this template's mails, its letter kept; none when the template has no letter."""
        try:
            maker = letters.maker(self._body, self._shared, base=self._base, mark=self._mark)
            letter = maker.letter
            self._letter_id = store.keep_letter(store.LetterTexts(letter.page, letter.html, letter.text))
        except (letters.Unshared, InvalidInput):
            return None
        return maker
