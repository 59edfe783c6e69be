"""Where leads and their identities are kept."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.transactions import TransactWrite

from leadflow.core import ids, listing, table
from leadflow.core.secrets import keyed_hash

SHARDS = 8
# What tells one person from another.
ADDRESSES = ("email", "phone")


class Lead(table.Item, discriminator="Lead"):
    """One lead.

    pk `LEAD#<id>`  sk `#META`
    GSI1 `LS#<status>#<shard>` / `<score, 3 digits>#<created_at>#<id>`  leads of a status, by score
    GSI2 `LA#<shard>` / `<created_at>#<id>`  all leads, by time
    GSI3 `LC#<status>#<shard>` / `<created_at>#<id>`  leads of a status, by time

    `engagement` is the sum of what the signals weigh, by type, whole numbers in decimal digits; `score` is what it
    came to at `scored_at`, the last time a signal changed it, with `fit`, the points of the fit rules that hold for the
    lead and its `facts`, what its enrichment told. `scored_by` is the revision of the scoring settings that all of
    this was made by. `cause` lists the workflows whose action made the latest change, oldest first; it is empty when
    somebody else made it. `quiet_version` is the version whose change starts no trigger, of an import that was asked to
    be quiet or when other settings made another score.

    A lead that was merged into another stands in no list and names it in `merged_into`; it stays as it was, but for
    what comes by it. The other one has an entry for it in `merges`, in the order of the merges: `lead_id`, `merge_id`,
    the `score` and `facts` it had, and `parts`, itself and all leads that had been merged into it. `engagement` is then
    the sum over all parts, `own` holds the lead's own values where merging changed what is shown (`email` and `phone`:
    where a part's is shown), and `own_scored_at` the time of its own last signal.
    """

    record_fields = (
        *("id", "name", "email", "company", "phone", "status", "score", "source", "budget", "timeline", "interests"),
        *("tags", "notes", "custom", "timezone", "consent", "qualified_at", "created_at", "updated_at"),
    )

    id = UnicodeAttribute()
    name = UnicodeAttribute()
    email = UnicodeAttribute(null=True)
    company = UnicodeAttribute(null=True)
    phone = UnicodeAttribute(null=True)
    status = UnicodeAttribute(default="new")
    score = NumberAttribute(default=0)
    source = UnicodeAttribute()
    budget = UnicodeAttribute(null=True)
    timeline = UnicodeAttribute(null=True)
    interests = JSONAttribute(default=list)
    tags = JSONAttribute(default=list)
    notes = UnicodeAttribute(null=True)
    custom = JSONAttribute(default=dict)
    timezone = UnicodeAttribute(null=True)
    consent = JSONAttribute(default=dict)
    qualified_at = UnicodeAttribute(null=True)
    engagement = JSONAttribute(default=dict)
    fit = NumberAttribute(default=0)
    facts = JSONAttribute(null=True)
    scored_by = NumberAttribute(default=0)
    scored_at = UnicodeAttribute(null=True)
    cause = JSONAttribute(default=list)
    quiet_version = NumberAttribute(null=True)
    merged_into = UnicodeAttribute(null=True)
    merges = JSONAttribute(null=True)
    own = JSONAttribute(null=True)
    own_scored_at = UnicodeAttribute(null=True)

    @property
    def parts(self) -> list[str]:
        """The ids of all leads this one consists of, its own first."""
        return [self.id, *(part for merge in self.merges or () for part in merge["parts"])]

    @property
    def sums(self) -> dict[str, int]:
        """The engagement as numbers."""
        return {kind: int(value) for kind, value in self.engagement.items()}

    @sums.setter
    def sums(self, values: Mapping[str, int]) -> None:
        self.engagement = {kind: str(value) for kind, value in values.items() if value}

    @property
    def shown_facts(self) -> dict[str, Any]:
        """What is known by enrichment: of the lead itself, else of what was merged into it, in that order."""
        known: dict[str, Any] = {}
        for facts in (self.facts, *(merge.get("facts") for merge in self.merges or ())):
            known = {**(facts or {}), **known}
        return known

    def own_value(self, field: str) -> Any:
        """What the lead itself has in a field, whatever the leads merged into it brought."""
        own: dict[str, Any] = self.own or {}
        return own[field] if field in own else getattr(self, field)

    def lend(self, changes: Mapping[str, Any]) -> None:
        """Shows values that a part brought; what the lead itself had is kept beside them."""
        kept = {field: getattr(self, field) for field in changes}
        self.own = {**kept, **(self.own or {})}
        for field, value in changes.items():
            setattr(self, field, value)

    def place(self) -> None:
        """Puts the lead where the lists look for it, by its status, score and time of creation; nowhere if merged."""
        if self.merged_into:
            self.gsi1pk = self.gsi1sk = self.gsi2pk = self.gsi2sk = self.gsi3pk = self.gsi3sk = None
            return
        shard = ids.shard(self.id, SHARDS)
        by_time = f"{self.created_at}#{self.id}"
        self.gsi1pk, self.gsi1sk = f"LS#{self.status}#{shard}", f"{self.score:03d}#{by_time}"
        self.gsi2pk, self.gsi2sk = f"LA#{shard}", by_time
        self.gsi3pk, self.gsi3sk = f"LC#{self.status}#{shard}", by_time

    def counted_as(self) -> dict[str, str]:
        return {} if self.merged_into else {"status": self.status, "source": self.source}

    def identities(self) -> dict[str, UniqueIdentity]:
        """What no other lead may have, by field: the addresses that are its own, not those of its other parts."""
        return {
            field: UniqueIdentity(pk=identity_key(field, value), sk="#", lead_id=self.id)
            for field, value in ((field, self.own_value(field)) for field in ADDRESSES)
            if value is not None
        }


class UniqueIdentity(table.Item, discriminator="UniqueIdentity"):
    """Says whose an email address or phone number is; written and removed in one transaction with the lead's own.

    pk `UQ#EM#<keyed hash>` or `UQ#PH#<keyed hash>`  sk `#`

    Of a lead that was merged into another it stays with the lead that had it: that is the identity it came by.
    Of a person who was erased it stays as a tombstone: `erased_at` and no lead.
    """

    lead_id = UnicodeAttribute(null=True)
    erased_at = UnicodeAttribute(null=True)


class StatusChange(table.Item, discriminator="StatusChange"):
    """That a lead went from one status to another, kept for its timeline.

    pk `LEAD#<lead>`  sk `STS#<at>#<version of the lead, 9 digits>`
    """

    lead_id = UnicodeAttribute()
    from_status = UnicodeAttribute(attr_name="from")
    to_status = UnicodeAttribute(attr_name="to")
    at = UnicodeAttribute()


class IdentityTaken(Exception):
    """A write would have given a lead what is on file for another; says which field."""

    def __init__(self, field: str, identity: UniqueIdentity) -> None:
        super().__init__(field)
        self.field = field
        self.identity = identity


def find_lead(lead_id: str) -> Lead | None:
    """The lead that people see under this id: itself, or the one it was merged into."""
    line = find_line(lead_id)
    return line[-1] if line else None


def find_part(lead_id: str) -> Lead | None:
    """The very lead of this id, also when it was merged into another."""
    return table.find(Lead, f"LEAD#{lead_id}", "#META")


def require(writes: TransactWrite, lead_id: str) -> None:
    """Adds to a transaction that this lead is there."""
    writes.condition_check(Lead, f"LEAD#{lead_id}", "#META", condition=Lead.pk.exists())


def find_parts(lead_ids: Iterable[str]) -> list[Lead]:
    """The very leads of these ids, in this order."""
    return table.find_many(Lead, [(f"LEAD#{lead_id}", "#META") for lead_id in lead_ids])


def find_line(lead_id: str) -> list[Lead]:
    """The very lead of this id, the one it was merged into, and so on: the one people see is last. Empty when gone."""
    line: list[Lead] = []
    wanted: str | None = lead_id
    while wanted is not None:
        lead = find_part(wanted)
        if lead is None:
            return []
        if any(lead.id == one.id for one in line):
            # It was separated and merged the other way round while we looked.
            line, wanted = [], lead_id
            continue
        line.append(lead)
        wanted = lead.merged_into
    return line


def find_shown(lead_ids: Iterable[str]) -> dict[str, Lead]:
    """The leads that people see under these ids, those that are gone left out; merged ones cost another read."""
    asked = list(dict.fromkeys(lead_ids))
    found: dict[str, Lead] = {}
    wanted = {lead_id: lead_id for lead_id in asked}
    while wanted:
        very = {lead.id: lead for lead in find_parts(wanted.values())}
        merged: dict[str, str] = {}
        for lead_id, part in wanted.items():
            lead = very.get(part)
            if lead is not None and lead.merged_into:
                merged[lead_id] = lead.merged_into
            elif lead is not None:
                found[lead_id] = lead
        wanted = merged
    return found


def owners_of(field: str, values: Iterable[str]) -> dict[str, UniqueIdentity]:
    """By email or phone (`field` says which), who has it or that it belonged to somebody who was erased."""
    keys = {value: identity_key(field, value) for value in values}
    found = {item.pk: item for item in table.find_many(UniqueIdentity, [(key, "#") for key in keys.values()])}
    return {value: found[key] for value, key in keys.items() if key in found}


def show_address(lead: Lead, field: str, value: str | None) -> None:
    """Changes the email or phone of a lead that people see: to its own, or to one that a part of it has.

    The lead's own stays its own in the second case, so that both go on leading to it.
    """
    if value is not None and lead.merges and owner_of_value(field, value) in lead.parts[1:]:
        lead.lend({field: value})
        return
    lead.own = {name: own for name, own in (lead.own or {}).items() if name != field} or None
    setattr(lead, field, value)


def owner_of(identity: UniqueIdentity) -> str | None:
    """The id of the very lead that has this identity now; nobody has that of an erased person."""
    found = table.find(UniqueIdentity, identity.pk, identity.sk)
    return None if found is None else found.lead_id


def owner_of_value(field: str, value: str) -> str | None:
    """The id of the very lead that has this email or phone (`field` says which)."""
    found = table.find(UniqueIdentity, identity_key(field, value), "#")
    return None if found is None else found.lead_id


def is_tombstone(identity: UniqueIdentity) -> bool:
    """Whether this identity belonged to a person who was erased."""
    found = table.find(UniqueIdentity, identity.pk, identity.sk)
    return found is not None and found.erased_at is not None


def is_erased_value(field: str, value: str) -> bool:
    """Whether this email or phone (`field` says which) belonged to a person who was erased."""
    return is_tombstone(UniqueIdentity(pk=identity_key(field, value), sk="#"))


def insert(lead: Lead) -> None:
    """Writes a new lead with its identities.

    Raises table.AlreadyThere when its id is taken, IdentityTaken, or table.TransactionRefused when others were in
    the way.
    """
    lead.touch()
    lead.place()
    identities = lead.identities()

    def add(writes: TransactWrite) -> None:
        writes.save(lead, condition=Lead.pk.does_not_exist())
        take(writes, identities)

    refused = attempt(add)
    if refused is None:
        return
    if refused.failed(0):
        raise table.AlreadyThere(lead.pk) from refused
    _raise_taken(refused, identities, first=1)
    raise refused


def replace(lead: Lead, before: dict[str, UniqueIdentity], status_before: str) -> None:
    """Writes back a lead that was read, moving its identities and keeping its change of status, all or nothing.

    Raises table.Stale when the lead has changed or gone since, IdentityTaken, or table.TransactionRefused when others
    were in the way.
    """
    lead.touch()
    lead.place()
    after = lead.identities()
    taken = {field: new for field, new in after.items() if field not in before or before[field].pk != new.pk}
    freed = [old for field, old in before.items() if field not in after or field in taken]

    def change(writes: TransactWrite) -> None:
        for identity in freed:
            writes.delete(identity, condition=UniqueIdentity.lead_id == lead.id, add_version_condition=False)
        writes.save(lead)
        take(writes, taken)
        if lead.status != status_before:
            writes.save(status_change(lead, status_before), condition=StatusChange.pk.does_not_exist())

    refused = attempt(change)
    if refused is None:
        return
    if refused.failed(len(freed)):
        raise table.Stale(lead.pk) from refused
    _raise_taken(refused, taken, first=len(freed) + 1)
    raise refused


def page_by_time(
    *,
    status: str | None,
    keep: Callable[[Lead], bool],
    limit: int,
    cursor: str | None,
    name: str,
) -> dict[str, Any]:
    """Leads, newest first; `keep` has the last word, on the leads as they are now."""
    index, prefix = ("GSI3", f"LC#{status}") if status else ("GSI2", "LA")
    return listing.page(Lead, index, _sharded([prefix]), limit=limit, cursor=cursor, listing=name, keep=keep)


def page_by_score(
    *,
    statuses: Sequence[str],
    lowest: int,
    keep: Callable[[Lead], bool],
    limit: int,
    cursor: str | None,
    name: str,
) -> dict[str, Any]:
    """Leads of these statuses, highest score first, down to the lowest one asked for."""
    partitions = _sharded([f"LS#{status}" for status in statuses])
    return listing.page(
        Lead, "GSI1", partitions, limit=limit, cursor=cursor, listing=name, until=f"{lowest:03d}", keep=keep
    )


def _sharded(prefixes: Sequence[str]) -> list[str]:
    return [f"{prefix}#{shard}" for prefix in prefixes for shard in range(SHARDS)]


def identity_key(field: str, value: str) -> str:
    """The key of the item that says whose this email or phone is."""
    return f"UQ#{'EM' if field == 'email' else 'PH'}#{identity_hash(field, value)}"


def identity_hash(field: str, value: str) -> str:
    """The keyed hash of an address, the same for all spellings that mean the same."""
    return keyed_hash("identity", field, unicodedata.normalize("NFC", value.lower()))


def take(writes: TransactWrite, identities: dict[str, UniqueIdentity]) -> None:
    """Adds that these identities, which nobody may have, are taken."""
    for identity in identities.values():
        identity.touch()
        writes.save(identity, condition=UniqueIdentity.pk.does_not_exist())


def status_change(lead: Lead, status_before: str) -> StatusChange:
    """The record of a change of status that is about to be written with the lead."""
    at = str(lead.updated_at)
    change = StatusChange(pk=lead.pk, sk=f"STS#{at}#{(lead.v or 0) + 1:09d}", lead_id=lead.id, at=at)
    change.from_status, change.to_status = status_before, lead.status
    change.touch()
    return change


def attempt(fill: Callable[[TransactWrite], None]) -> table.TransactionRefused | None:
    """Commits what `fill` adds, or gives back why nothing was done."""
    try:
        with table.transaction() as writes:
            fill(writes)
    except table.TransactionRefused as refused:
        return refused
    return None


def _raise_taken(refused: table.TransactionRefused, identities: dict[str, UniqueIdentity], first: int) -> None:
    for position, (field, identity) in enumerate(identities.items(), start=first):
        if refused.failed(position):
            raise IdentityTaken(field, identity) from refused
