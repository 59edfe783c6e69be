"""Use cases of leads and their signals, a module each, so that a door loads what it needs.

What doors and other wings call is found here under one name, and loaded when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leadflow.leads.service.admitting import admit, holder_of
    from leadflow.leads.service.erasing import (
        erase,
        erase_person,
        erasure_marks,
        get_erasure,
        is_erased,
        mark_of,
        was_erased,
    )
    from leadflow.leads.service.events import events_of
    from leadflow.leads.service.fitting import note_facts
    from leadflow.leads.service.imagining import made_up, would_apply
    from leadflow.leads.service.leads import (
        apply,
        create,
        fill,
        find,
        find_known,
        find_reached,
        get,
        hold,
        known_as,
        page,
        parts_of,
        update,
    )
    from leadflow.leads.service.matching import Match, match
    from leadflow.leads.service.merging import merge, unmerge
    from leadflow.leads.service.reaching import Reached, reach_all
    from leadflow.leads.service.recovery import reconcile
    from leadflow.leads.service.signals import add_signal, page_of_signals, record_signal
    from leadflow.leads.service.visits import visit_token

__all__ = [
    "Match",
    "Reached",
    "add_signal",
    "admit",
    "apply",
    "create",
    "erase",
    "erase_person",
    "erasure_marks",
    "events_of",
    "fill",
    "find",
    "find_known",
    "find_reached",
    "get",
    "get_erasure",
    "hold",
    "holder_of",
    "is_erased",
    "known_as",
    "made_up",
    "mark_of",
    "match",
    "merge",
    "note_facts",
    "page",
    "page_of_signals",
    "parts_of",
    "reach_all",
    "reconcile",
    "record_signal",
    "unmerge",
    "update",
    "visit_token",
    "was_erased",
    "would_apply",
]

_HOMES = {
    "Match": "leadflow.leads.service.matching",
    "Reached": "leadflow.leads.service.reaching",
    "add_signal": "leadflow.leads.service.signals",
    "admit": "leadflow.leads.service.admitting",
    "apply": "leadflow.leads.service.leads",
    "create": "leadflow.leads.service.leads",
    "erase": "leadflow.leads.service.erasing",
    "erase_person": "leadflow.leads.service.erasing",
    "erasure_marks": "leadflow.leads.service.erasing",
    "events_of": "leadflow.leads.service.events",
    "fill": "leadflow.leads.service.leads",
    "find": "leadflow.leads.service.leads",
    "find_known": "leadflow.leads.service.leads",
    "find_reached": "leadflow.leads.service.leads",
    "get": "leadflow.leads.service.leads",
    "get_erasure": "leadflow.leads.service.erasing",
    "hold": "leadflow.leads.service.leads",
    "holder_of": "leadflow.leads.service.admitting",
    "is_erased": "leadflow.leads.service.erasing",
    "known_as": "leadflow.leads.service.leads",
    "made_up": "leadflow.leads.service.imagining",
    "mark_of": "leadflow.leads.service.erasing",
    "match": "leadflow.leads.service.matching",
    "merge": "leadflow.leads.service.merging",
    "note_facts": "leadflow.leads.service.fitting",
    "page": "leadflow.leads.service.leads",
    "page_of_signals": "leadflow.leads.service.signals",
    "parts_of": "leadflow.leads.service.leads",
    "reach_all": "leadflow.leads.service.reaching",
    "reconcile": "leadflow.leads.service.recovery",
    "record_signal": "leadflow.leads.service.signals",
    "unmerge": "leadflow.leads.service.merging",
    "update": "leadflow.leads.service.leads",
    "visit_token": "leadflow.leads.service.visits",
    "was_erased": "leadflow.leads.service.erasing",
    "would_apply": "leadflow.leads.service.imagining",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(name)
    return getattr(import_module(_HOMES[name]), name)
