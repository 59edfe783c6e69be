"""Which variables of templates leads have no value for, told before their mails are sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from leadflow.campaigns import store
from leadflow.campaigns.rules import numbers, variants
from leadflow.campaigns.service import composing, walking
from leadflow.core import clock, rendering
from leadflow.core.errors import InvalidInput

_NO_MAIL = "preview"
# What a mail has whoever it goes to.
_GIVEN = "given"
# So many different variables of templates are counted for one campaign.
_MOST_COUNTED = 500


class Watch:
    """Looks at the templates of steps with the values of leads; each template is read and compiled once."""

    def __init__(self, steps: Sequence[Mapping[str, Any]]) -> None:
        self._steps = steps
        self._parts: dict[str, list[rendering.Compiled]] = {}
        for template_id in dict.fromkeys(template_id for step in steps for template_id in variants.templates_of(step)):
            template = store.find_template(template_id)
            if template is not None:
                subject = rendering.compile(template.subject, html=False, field="subject")
                self._parts[template_id] = [subject, rendering.compile(template.body, html=True, field="body")]
        self._built_in = composing.built_in(composing.address_of(_NO_MAIL), _GIVEN)

    def missing(self, lead: Mapping[str, Any]) -> Iterator[str]:
        """What the mails of all steps to this lead would leave a gap for, each once, as `<template>#<variable>`.

        A template whose values ask for too much work is passed over: the send says so of each mail.
        """
        context = {**rendering.lead_context(lead, clock.now()), **self._built_in}
        for template_id in dict.fromkeys(variants.chosen(step, str(lead["id"])) for step in self._steps):
            try:
                names = [name for part in self._parts.get(template_id, ()) for name in part.missing(context)]
            except InvalidInput:
                continue
            yield from (f"{template_id}#{name}" for name in dict.fromkeys(names))


def counted(
    known: Mapping[str, int], steps: Sequence[Mapping[str, Any]], leads: Iterable[Mapping[str, Any]]
) -> dict[str, int]:
    """What was known, with what the mails of these steps would leave a gap for with these leads too."""
    watch, found = Watch(steps), Counter(known)
    for lead in leads:
        found.update(name for name in watch.missing(lead) if name in found or len(found) < _MOST_COUNTED)
    return dict(found)


def before_launch(campaign: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What is known of gaps when a campaign is launched, from as many of its leads as there is time to look at."""
    missing: dict[str, int] = {}
    looked_at, page = 0, walking.Page([], 0, None)
    for page in walking.pages(campaign, clock.now(), None, walking.bounds().launch_seconds):
        missing = counted(missing, steps, page.found)
        looked_at += len(page.found)
    return {
        "missing_variables": numbers.missing_variables(missing),
        "leads_looked_at": looked_at,
        "all_looked_at": page.cursor is None,
    }
