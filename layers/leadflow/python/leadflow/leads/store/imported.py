"""One step of an import: its rows, why some failed, and how far the file is read, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from pynamodb.transactions import TransactWrite

from leadflow.core import table
from leadflow.leads.store.jobs import ImportErrors, ImportJob, TriedIdentity
from leadflow.leads.store.leads import (
    Lead,
    StatusChange,
    UniqueIdentity,
    attempt,
    find_parts,
    status_change,
    take,
)

# DynamoDB takes 100 actions in a transaction; two are the job's own.
MAX_ACTIONS = 98


@dataclass
class Writing:
    """What one row writes: a new lead, a changed one with what it was before, or marks of a dry run."""

    lead: Lead | None = None
    before: dict[str, UniqueIdentity] = field(default_factory=dict)
    status_before: str | None = None
    tried: list[TriedIdentity] = field(default_factory=list)

    @property
    def actions(self) -> int:
        """How many actions of a transaction that is."""
        if self.lead is None:
            return len(self.tried)
        taken, freed = self._moved
        return 1 + len(taken) + len(freed) + (self.status_before not in (None, self.lead.status))

    def add_to(self, writes: TransactWrite) -> None:
        for mark in self.tried:
            mark.touch()
            writes.save(mark)
        if self.lead is None:
            return
        lead, (taken, freed) = self.lead, self._moved
        lead.touch()
        lead.place()
        for identity in freed:
            writes.delete(identity, condition=UniqueIdentity.lead_id == lead.id, add_version_condition=False)
        writes.save(lead, condition=Lead.pk.does_not_exist() if self.status_before is None else None)
        take(writes, taken)
        if self.status_before not in (None, lead.status):
            change = status_change(lead, str(self.status_before))
            writes.save(change, condition=StatusChange.pk.does_not_exist())

    @cached_property
    def _moved(self) -> tuple[dict[str, UniqueIdentity], list[UniqueIdentity]]:
        """What the lead takes and lets go; to be asked when it is what will be written."""
        after = self.lead.identities() if self.lead else {}
        taken = {name: new for name, new in after.items() if name not in self.before or self.before[name].pk != new.pk}
        return taken, [old for name, old in self.before.items() if name not in after or name in taken]


def identities(keys: Iterable[str]) -> dict[str, UniqueIdentity]:
    """Whose these emails and phones are, by key; tombstones too."""
    return {found.pk: found for found in table.find_many(UniqueIdentity, [(key, "#") for key in keys])}


def tried(import_id: str, keys: Iterable[str]) -> dict[str, str]:
    """The leads that a dry run would have made with these emails and phones, by key."""
    found = table.find_many(TriedIdentity, [(f"IMP#{import_id}", key) for key in keys])
    return {mark.sk: mark.lead_id for mark in found}


def mark_tried(job: ImportJob, key: str, lead_id: str) -> TriedIdentity:
    return TriedIdentity(pk=job.pk, sk=key, lead_id=lead_id, expires_at=job.expires_at)


def seen_leads(lead_ids: Iterable[str]) -> dict[str, Lead]:
    """The leads that people see under these ids: themselves, or those they were merged into. One that has gone, or is
    being merged just now, is left out."""
    asked = set(lead_ids)
    very: dict[str, Lead] = {}
    wanted = asked
    while wanted:
        very |= {lead.id: lead for lead in find_parts(sorted(wanted))}
        wanted = {lead.merged_into for lead in very.values() if lead.merged_into} - very.keys() - wanted
    return {lead_id: lead for lead_id in asked if (lead := _at_the_end(very, lead_id)) is not None}


def _at_the_end(very: Mapping[str, Lead], lead_id: str) -> Lead | None:
    lead = very.get(lead_id)
    for _ in very:
        if lead is None or not lead.merged_into:
            return lead
        lead = very.get(lead.merged_into)
    return None


def commit(job: ImportJob, writings: Sequence[Writing], first_row: int, errors: list[dict[str, object]]) -> None:
    """Writes what rows make and how far the job is with them, all or nothing.

    Raises table.TransactionRefused when a lead, an identity or the job is not what it was any more.
    """
    job.touch()

    def step(writes: TransactWrite) -> None:
        for writing in writings:
            writing.add_to(writes)
        if errors:
            page = ImportErrors(pk=job.pk, sk=f"ERR#{first_row:09d}", errors=errors, expires_at=job.expires_at)
            page.touch()
            writes.save(page)
        writes.save(job)

    refused = attempt(step)
    if refused is not None:
        raise refused
