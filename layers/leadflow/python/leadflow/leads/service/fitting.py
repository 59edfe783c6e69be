"""What enrichment tells about a lead, kept where fit rules ask it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import pairwise
from typing import Any

from leadflow.core.errors import NotFound
from leadflow.leads import store
from leadflow.leads.rules import fit
from leadflow.leads.service.rating import current, rated_again
from leadflow.leads.service.writing import TURNS, crowded_out, written
from leadflow.leads.store import scoring as settings


def note_facts(part_id: str, known: Callable[[], Mapping[str, Any]], *, cause: tuple[str, ...] = ()) -> None:
    """Notes all that is known of a very lead by enrichment, fields by their names; the same again does nothing.

    `known` is asked after the lead was read, so of two who note at once the later knowledge stays. What the lead is
    merged into knows it too. Scores change in the same transaction; the events of that carry `cause`, the workflows
    that led here. Raises NotFound, RateLimited when crowded out.
    """
    for _ in TURNS:
        scoring, line = current(), store.find_line(part_id)
        if not line:
            raise NotFound("lead", part_id)
        facts = fit.facts_of(known()) or None
        if line[0].facts == facts:
            return
        line[0].facts = facts
        for part, whole in pairwise(line):
            whole.merges = [
                {**one, "facts": part.shown_facts} if one["lead_id"] == part.id else one for one in whole.merges or ()
            ]
        for lead in line:
            lead.cause = list(cause)
            rated_again(lead, scoring)
        if written(partial(settings.rescore, line), part_id):
            return
    raise crowded_out(part_id)
