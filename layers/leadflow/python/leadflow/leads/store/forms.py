"""Where forms are kept, and what keeps one submission or visit from counting twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pynamodb.attributes import JSONAttribute, UnicodeAttribute
from pynamodb.transactions import TransactWrite

from leadflow.core import clock, table
from leadflow.leads.store.leads import IdentityTaken, Lead, UniqueIdentity, attempt
from leadflow.leads.store.signals import IntentSignal


class Form(table.Item, discriminator="Form"):
    """What our user settled about a form. A form works without: this exists only once it was put.

    pk `FRM#<form id>`  sk `#`

    `allowed_origins` is null where any website may post.
    """

    record_fields = ("id", "allowed_origins", "honeypot_field", "created_at", "updated_at")

    id = UnicodeAttribute()
    allowed_origins = JSONAttribute(null=True)
    honeypot_field = UnicodeAttribute(null=True)


class Receipt(table.Item, discriminator="Receipt"):
    """That these words of this person came by a public door, for as long as a repetition counts as the same.

    pk `RCT#<keyed hash of door, person and content>`  sk `#`
    """

    signal_id = UnicodeAttribute()

    @property
    def in_force(self) -> bool:
        """Whether it still counts; an expired item stays in the table for a while."""
        return (self.expires_at or 0) > clock.epoch_seconds(clock.now())


def find_form(form_id: str) -> Form | None:
    return table.find(Form, f"FRM#{form_id}", "#")


def find_receipt(name: str) -> Receipt | None:
    return table.find(Receipt, f"RCT#{name}", "#")


def receipt(name: str, signal: IntentSignal, expires_at: int, expired: Receipt | None) -> Receipt:
    """A receipt that is about to be written, in place of an expired one; `expires_at` in epoch seconds."""
    made = Receipt(pk=f"RCT#{name}", sk="#", signal_id=signal.id, expires_at=expires_at)
    if expired is not None:
        made.v = expired.v
    return made


def collect(
    line: Sequence[Lead], identities: Mapping[str, UniqueIdentity], signal: IntentSignal, receipt: Receipt
) -> None:
    """Writes what came by a public door, all or nothing: the line of `find_line` or one new lead, signal, receipt.

    `identities` are those that the first lead takes with this write. Raises table.AlreadyThere when such a receipt
    has been written meanwhile, table.Stale when a lead has changed or gone since, IdentityTaken, or
    table.TransactionRefused when others were in the way.
    """
    is_new, is_first = line[0].v is None, receipt.v is None
    for item in (*line, signal, receipt, *identities.values()):
        item.touch()
    for lead in line:
        lead.place()

    def add(writes: TransactWrite) -> None:
        writes.save(receipt, condition=Receipt.pk.does_not_exist() if is_first else None)
        writes.save(signal, condition=IntentSignal.pk.does_not_exist())
        for lead in line:
            writes.save(lead, condition=Lead.pk.does_not_exist() if is_new else None)
        for identity in identities.values():
            writes.save(identity, condition=UniqueIdentity.pk.does_not_exist())

    refused = attempt(add)
    if refused is not None:
        _tell(refused, line, identities, receipt)


def _tell(
    refused: table.TransactionRefused, line: Sequence[Lead], identities: Mapping[str, UniqueIdentity], receipt: Receipt
) -> None:
    if refused.failed(0):
        raise table.AlreadyThere(receipt.pk) from refused
    first_identity = 2 + len(line)
    if any(refused.failed(position) for position in range(1, first_identity)):
        raise table.Stale(line[0].pk) from refused
    for position, (field, identity) in enumerate(identities.items(), start=first_identity):
        if refused.failed(position):
            raise IdentityTaken(field, identity) from refused
    raise refused
