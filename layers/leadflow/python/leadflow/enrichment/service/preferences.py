"""The settings of enrichment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leadflow.core import table
from leadflow.core.errors import PreconditionFailed, RateLimited
from leadflow.core.table import Record
from leadflow.core.turns import Turns
from leadflow.enrichment.rules.money import micros, usd
from leadflow.enrichment.store import sources as store

if TYPE_CHECKING:
    from leadflow.enrichment.schema import EnrichmentSettingsWrite

_TURNS = Turns(6, longest_pause_seconds=0.5)
_OFF = {"enabled": False}


def get() -> Record:
    """The settings in force: with everything automatic switched off where nobody has set any."""
    return _shown(store.settings())


def put(body: EnrichmentSettingsWrite, if_match: int | None) -> Record:
    """Raises PreconditionFailed, RateLimited when crowded out."""
    fields = body.model_dump(mode="json")
    if fields["max_cost_per_lead"] is not None:
        fields["max_cost_per_lead"] = micros(fields["max_cost_per_lead"])
    for _ in _TURNS:
        found = store.find_settings()
        if if_match is not None and if_match != (0 if found is None else found.v):
            raise PreconditionFailed("The settings are at another version; read them again.")
        item = found or store.settings()
        for name, value in fields.items():
            setattr(item, name, value)
        try:
            store.write(item, is_new=found is None)
        except (table.AlreadyThere, table.Stale):
            continue
        return _shown(item)
    raise RateLimited("The settings are being changed by many requests at once.")


def _shown(item: store.EnrichmentSettings) -> Record:
    shown = item.record()
    shown["auto_enrich"], shown["refresh"] = item.auto_enrich or _OFF, item.refresh or _OFF
    if item.max_cost_per_lead is not None:
        shown["max_cost_per_lead"] = usd(int(item.max_cost_per_lead))
    return shown
