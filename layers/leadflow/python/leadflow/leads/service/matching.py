"""Who another system means by an id, an email or a phone number."""

from __future__ import annotations

import json
from typing import NamedTuple

from leadflow.core.errors import InvalidInput
from leadflow.core.table import Record
from leadflow.leads import store
from leadflow.leads.service.erasing import was_erased
from leadflow.leads.service.leads import find


class Match(NamedTuple):
    """The lead that is meant, or none; `erased` when it was a person of whom nothing may be kept."""

    lead: Record | None
    erased: bool


def match(field: str, value: str) -> Match:
    """Whom `value` means; `field` is lead_id, email or phone. What is no address or number means nobody."""
    if field == "lead_id":
        lead = find(value)
        return Match(lead, lead is None and was_erased(value))
    from leadflow.core.schema import checked
    from leadflow.leads.schema import LeadUpdate

    try:
        address = getattr(checked(LeadUpdate, json.dumps({field: value})), field)
    except InvalidInput:
        return Match(None, erased=False)
    owner = store.owner_of_value(field, address)
    lead = find(owner) if owner else None
    return Match(lead, lead is None and store.is_erased_value(field, address))
