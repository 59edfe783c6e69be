"""What becomes of the rows of one step of an import, decided on what is on file now. Nothing is written here."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from leadflow.core import clock, ids
from leadflow.core.errors import InvalidInput
from leadflow.leads import store
from leadflow.leads.rules import merged_consent, records
from leadflow.leads.service.import_files import Row
from leadflow.leads.service.rating import current, rated, rated_again
from leadflow.leads.store import imported
from leadflow.leads.store.imported import Writing
from leadflow.leads.store.jobs import ImportJob
from leadflow.leads.store.leads import identity_key

if TYPE_CHECKING:
    from leadflow.leads.schema import LeadCreate

_ERASED = "belongs to a person who was erased, and is not taken again"
_Refusal = tuple[str, str]
# Why the rows of a step failed stands in one item, which holds 400 KB. One row comes to half of that at most.
_MAX_ERROR_BYTES = 200 * 1024


@dataclass
class Plan:
    """What is to be written for the first `rows` rows: counts by verdict, and what is wrong with those that failed."""

    rows: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    writings: list[Writing] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    actions: int = 0
    error_bytes: int = 0

    def add(self, number: int, verdict: str, writing: Writing | None, refusals: Sequence[_Refusal]) -> bool:
        """Whether the row fits into this step; one that does not is left out."""
        errors = [{"row": number, "field": name, "message": message} for name, message in refusals]
        error_bytes = self.error_bytes + (len(json.dumps(errors)) if errors else 0)
        actions = self.actions + (writing.actions if writing else 0)
        if self.rows and (actions > imported.MAX_ACTIONS or error_bytes > _MAX_ERROR_BYTES):
            return False
        self.rows += 1
        self.counts[verdict] += 1
        self.errors += errors
        if writing is not None and writing.actions:
            self.writings.append(writing)
        self.actions, self.error_bytes = actions, error_bytes
        return True


class _Undecided(Exception):
    """A row that cannot be decided in this step: what it is about has just been changed, or is by a row before."""


def plan(job: ImportJob, rows: Sequence[Row]) -> Plan:
    """Decides on rows in order, as many as fit into one transaction; none when the first is about what just changed."""
    decider, made = _Decider(job, rows), Plan()
    for number, row in enumerate(rows, start=int(job.total) + 1):
        try:
            decided = decider.decide(number, row)
        except _Undecided:
            break
        if not made.add(number, *decided):
            break
    return made


class _Decider:
    """Holds what is on file about the people of some rows, and what the rows decided so far make of it."""

    def __init__(self, job: ImportJob, rows: Sequence[Row]) -> None:
        self._job = job
        self._scoring = current()
        keys = [key for row in rows if row.lead for key in _keys(row.lead.email, row.lead.phone).values()]
        self._identities = imported.identities(keys)
        parts = {key: found.lead_id for key, found in self._identities.items() if found.lead_id}
        seen = imported.seen_leads(parts.values())
        self._leads = {lead.id: lead for lead in seen.values()}
        # Of an address of a lead that was merged, it is the lead that people see.
        self._owners = {key: seen[part].id if part in seen else part for key, part in parts.items()}
        if job.dry_run:
            self._owners = {**imported.tried(job.id, keys), **self._owners}
        self._written: set[str] = set()
        self._freed: set[str] = set()

    def decide(self, number: int, row: Row) -> tuple[str, Writing | None, list[_Refusal]]:
        """The verdict on a row, what it writes, and why it failed. Raises _Undecided."""
        if row.lead is None:
            return "failed", None, row.errors
        lead, given = row.lead, row.given
        keys = _keys(lead.email, lead.phone)
        if not self._freed.isdisjoint(keys.values()):
            raise _Undecided
        erased = [name for name, key in keys.items() if self._is_erased(key)]
        if erased:
            return "failed", None, [(name, _ERASED) for name in erased]
        owners = {name: self._owners.get(key) for name, key in keys.items()}
        on_file = owners["email"] or self._without_email(owners.get("phone"))
        if on_file and self._job.on_duplicate == "skip":
            return "skipped", None, []
        other = owners.get("phone")
        if other and other != on_file:
            return "failed", None, [("phone", f"lead {other} has it")]
        if on_file:
            return self._changed(on_file, given, keys)
        return "created", self._create(number, lead, keys), []

    def _is_erased(self, key: str) -> bool:
        return key in self._identities and self._identities[key].erased_at is not None

    def _without_email(self, owner: str | None) -> str | None:
        """The lead that is known by a phone alone: whoever has its number gives it an email."""
        if owner is None or owner not in self._leads:
            return None
        return owner if self._leads[owner].email is None else None

    def _create(self, number: int, new: LeadCreate, keys: dict[str, str]) -> Writing:
        job = self._job
        lead_id = ids.derived_id(clock.parse(str(job.created_at)), "import", job.id, str(number))
        self._owners |= dict.fromkeys(keys.values(), lead_id)
        if job.dry_run:
            return Writing(tried=[imported.mark_tried(job, key, lead_id) for key in keys.values()])
        fields, now = new.model_dump(), clock.now_stamp()
        fields["consent"] = merged_consent({}, fields["consent"], now)
        fields["qualified_at"] = now if fields["status"] == "qualified" else None
        lead = store.Lead(pk=f"LEAD#{lead_id}", sk="#META", id=lead_id, **fields)
        rated(lead, self._scoring)
        if not job.fire_triggers:
            lead.quiet_version = 1
        self._written.add(lead_id)
        return Writing(lead=lead)

    def _changed(
        self, lead_id: str, given: Mapping[str, Any], keys: dict[str, str]
    ) -> tuple[str, Writing | None, list[_Refusal]]:
        try:
            return "updated", self._update(lead_id, given, keys), []
        except InvalidInput as error:
            return "failed", None, error.errors

    def _update(self, lead_id: str, given: Mapping[str, Any], keys: dict[str, str]) -> Writing:
        """What a row makes of a lead that is on file. Raises _Undecided, InvalidInput when that is too much."""
        job = self._job
        if job.dry_run:
            return self._try(lead_id, given, keys)
        if lead_id in self._written or lead_id not in self._leads:
            raise _Undecided
        lead = self._leads[lead_id]
        changes = self._changes(lead, given, keys)
        if not changes:
            return Writing()
        self._written.add(lead_id)
        self._owners |= dict.fromkeys(keys.values(), lead_id)
        writing = Writing(lead=lead, before=lead.identities(), status_before=lead.status)
        for name, value in changes.items():
            if name in store.ADDRESSES:
                store.show_address(lead, name, value)
            else:
                setattr(lead, name, value)
        kept = {identity.pk for identity in lead.identities().values()}
        self._freed |= {identity.pk for identity in writing.before.values()} - kept
        lead.cause = []
        rated_again(lead, self._scoring)
        if not job.fire_triggers:
            lead.quiet_version = (lead.v or 0) + 1
        return writing

    def _try(self, lead_id: str, given: Mapping[str, Any], keys: dict[str, str]) -> Writing:
        """The same in a dry run; of a lead that no row has made, what is on file has to hold what the row adds."""
        if lead_id in self._leads:
            self._changes(self._leads[lead_id], given, keys)
        fresh = [key for key in keys.values() if key not in self._owners]
        self._owners |= dict.fromkeys(fresh, lead_id)
        return Writing(tried=[imported.mark_tried(self._job, key, lead_id) for key in fresh])

    def _changes(self, lead: store.Lead, given: Mapping[str, Any], keys: dict[str, str]) -> dict[str, Any]:
        """What a row changes on a lead. Raises InvalidInput when that is more than a lead may carry."""
        if lead.merges:
            # An address that leads here already, perhaps by a lead that was merged into this one, stays where it is.
            given = {name: value for name, value in given.items() if self._owners.get(keys.get(name, "")) != lead.id}
        changes = records.updated(lead.record(), given, clock.now_stamp())
        _check_size(changes.get("custom", {}))
        return changes


def _check_size(custom: Mapping[str, Any]) -> None:
    from leadflow.core.schema import MAX_CUSTOM_BYTES

    if len(json.dumps(custom, ensure_ascii=False).encode()) > MAX_CUSTOM_BYTES:
        raise InvalidInput("custom", f"would be over {MAX_CUSTOM_BYTES // 1024} KB with what is on file")


def _keys(email: str, phone: str | None) -> dict[str, str]:
    values = {"email": email, "phone": phone}
    return {name: identity_key(name, value) for name, value in values.items() if value is not None}
