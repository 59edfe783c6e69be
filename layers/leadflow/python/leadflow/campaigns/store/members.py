"""What is noted of members of an audience beside their mails."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from leadflow.campaigns.store import tallies
from leadflow.core import parallel, table


class SkippedMember(table.Item, discriminator="SkippedMember"):
    """That a step was skipped for a member of whom there is no mail to write: gone, erased, or without an address.

    pk `CAMP#<campaign>`  sk `SKIP#<step>#<lead>`

    It counts like a mail that was skipped, and goes with its campaign.
    """

    campaign_id = UnicodeAttribute()
    step_number = NumberAttribute()
    skip_reason = UnicodeAttribute()

    counts_when_gone = True

    def adds_to(self) -> dict[str, dict[str, int]]:
        owner = tallies.campaign_owner(self.campaign_id)
        return {owner: tallies.skipped(int(self.step_number), self.skip_reason)}


def note_members(items: Iterable[SkippedMember | Conversion]) -> None:
    """Writes what is not noted yet."""
    parallel.each(_note, items)


def skipped_among(campaign_id: str, step_id: str, lead_ids: Iterable[str]) -> set[str]:
    """Those of these members of whom it is noted that the step was skipped for them."""
    prefix = f"SKIP#{step_id}#"
    found = table.find_many(SkippedMember, [(f"CAMP#{campaign_id}", f"{prefix}{lead_id}") for lead_id in lead_ids])
    return {item.sk.removeprefix(prefix) for item in found}


def skipped_member(campaign_id: str, step_id: str, step_number: int, lead_id: str, reason: str) -> SkippedMember:
    """The item, not written yet; writing it twice is writing it once."""
    item = SkippedMember(pk=f"CAMP#{campaign_id}", sk=f"SKIP#{step_id}#{lead_id}", campaign_id=campaign_id)
    item.step_number, item.skip_reason = step_number, reason
    return item


class Conversion(table.Item, discriminator="Conversion"):
    """That a member of a campaign's audience came to its goal.

    pk `CAMP#<campaign>`  sk `CONV#<lead>`
    """

    campaign_id = UnicodeAttribute()
    at = UnicodeAttribute()

    counts_when_gone = True

    def adds_to(self) -> dict[str, dict[str, int]]:
        return {tallies.campaign_owner(self.campaign_id): {f"{tallies.WHOLE}#converted": 1}}


def conversion(campaign_id: str, lead_id: str, at: str) -> Conversion:
    """The item, not written yet; a lead comes to the goal of a campaign once."""
    return Conversion(pk=f"CAMP#{campaign_id}", sk=f"CONV#{lead_id}", campaign_id=campaign_id, at=at)


def noted_members(campaign_id: str) -> Iterator[SkippedMember | Conversion]:
    """All that is noted of members of a campaign."""
    yield from table.query_items(SkippedMember, f"CAMP#{campaign_id}", prefix="SKIP#")
    yield from table.query_items(Conversion, f"CAMP#{campaign_id}", prefix="CONV#")


def _note(item: SkippedMember | Conversion) -> None:
    with contextlib.suppress(table.AlreadyThere):  # noted before, by a worker that died
        table.create(item)
