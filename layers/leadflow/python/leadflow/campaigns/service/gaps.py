"""Which variables of templates leads have no value for, told before their mails are sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from leadflow.campaigns import store
from leadflow.campaigns.service import composing
from leadflow.core import clock, rendering
from leadflow.core.errors import InvalidInput

_NO_MAIL = "preview"
# Parts the name of a variable from its template; neither has one.
_BETWEEN = "#"
# What a mail has whoever it goes to.
_GIVEN = "given"


class Watch:
    """Looks at templates with the values of leads; each template is read and compiled once."""

    def __init__(self, template_ids: Sequence[str]) -> None:
        self._parts: dict[str, list[rendering.Compiled]] = {}
        for template_id in dict.fromkeys(template_ids):
            template = store.find_template(template_id)
            if template is not None:
                subject = rendering.compile(template.subject, html=False, field="subject")
                self._parts[template_id] = [subject, rendering.compile(template.body, html=True, field="body")]
        self._built_in = composing.built_in(composing.address_of(_NO_MAIL), _GIVEN)

    def missing(self, lead: Mapping[str, Any], template_ids: Sequence[str]) -> Iterator[str]:
        """What these templates would leave a gap for, each once, as `<template>#<variable>`.

        A template whose values ask for too much work is passed over: the send says so of each mail.
        """
        context = {**rendering.lead_context(lead, clock.now()), **self._built_in}
        for template_id in dict.fromkeys(template_ids):
            try:
                names = [name for part in self._parts.get(template_id, ()) for name in part.missing(context)]
            except InvalidInput:
                continue
            yield from (f"{template_id}{_BETWEEN}{name}" for name in dict.fromkeys(names))


def told(missing: Mapping[str, int]) -> list[dict[str, Any]]:
    """The counts as the API shows them, the most frequent first."""
    ordered = sorted(missing.items(), key=lambda pair: (-pair[1], pair[0]))
    parts = ((*key.split(_BETWEEN, 1), count) for key, count in ordered)
    return [{"template_id": template_id, "variable": name, "count": count} for template_id, name, count in parts]
