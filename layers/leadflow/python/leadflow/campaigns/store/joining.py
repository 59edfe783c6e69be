"""Who has joined an evergreen campaign, and who of them waits to be put into a cohort."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from pynamodb.attributes import UnicodeAttribute

from leadflow.core import parallel, removal, table

# A transaction takes 100 actions, and each who joins takes three.
_AT_ONCE = 30


class CampaignMember(table.Item, discriminator="CampaignMember"):
    """That a lead has joined an evergreen campaign, which it does once.

    pk `CAMP#<campaign>`  sk `MEMBER#<lead>`
    """


class MemberAddress(table.Item, discriminator="MemberAddress"):
    """By which address somebody joined an evergreen campaign; nobody else joins by it.

    pk `CAMP#<campaign>`  sk `MEMBERA#<channel>#<keyed hash of the address>`  GSI2 `LEAD#<lead>` / `MEM#<campaign>`

    It goes with the person when they are erased.
    """


class Newcomer(table.Item, discriminator="Newcomer"):
    """A member who is not in a cohort yet.

    pk `CAMP#<campaign>`  sk `NEW#<lead>`
    """

    at = UnicodeAttribute()


class Candidate(NamedTuple):
    """Who may join: a lead, all ids that are one with it, and what stands for its address."""

    lead_id: str
    parts: Sequence[str]
    mark: str


def enrol(campaign_id: str, candidates: Iterable[Candidate], at: str) -> list[str]:
    """Lets these join at this RFC 3339 time, each once; gives those who wait for a cohort, also from before.

    Raises table.TransactionRefused when others were in the way all the time.
    """
    asked = list({one.mark: one for one in candidates}.values())
    inside = _inside(campaign_id, asked)
    new = [one for one in asked if one.lead_id not in inside]
    groups = [new[first : first + _AT_ONCE] for first in range(0, len(new), _AT_ONCE)]
    parallel.each(lambda group: _write(campaign_id, group, at), groups)
    keys = [(_pk(campaign_id), _waiting(one.lead_id)) for one in asked]
    return [item.sk.removeprefix("NEW#") for item in table.find_many(Newcomer, keys)]


def newcomers(campaign_id: str, limit: int) -> list[Newcomer]:
    """Members who wait for a cohort, those of the oldest leads first, read consistently."""
    return table.query_items(Newcomer, _pk(campaign_id), prefix="NEW#", limit=limit, newest_first=False)


def waits(campaign_id: str, lead_ids: Iterable[str]) -> bool:
    """Whether one of these ids waits for a cohort."""
    return bool(table.find_many(Newcomer, [(_pk(campaign_id), _waiting(lead_id)) for lead_id in lead_ids]))


def forget_newcomers(campaign_id: str, lead_ids: Sequence[str]) -> None:
    """Takes these out of those who wait. Safe to repeat."""
    keys = [(_pk(campaign_id), _waiting(lead_id)) for lead_id in lead_ids]
    parallel.each(lambda key: removal.remove([key]), keys)


def forget_memberships(lead_id: str) -> int:
    """Removes by which address a lead joined campaigns; gives how many there were."""
    return removal.remove(list(removal.keys_about(lead_id, "MEM#")))


def _inside(campaign_id: str, asked: Sequence[Candidate]) -> set[str]:
    """Those of them who are members, under any of their ids or by their address."""
    pk = _pk(campaign_id)
    members = {item.sk for item in table.find_many(CampaignMember, [(pk, _member(p)) for p in _parts(asked)])}
    addresses = {item.sk for item in table.find_many(MemberAddress, [(pk, _address(one.mark)) for one in asked])}
    return {
        one.lead_id
        for one in asked
        if _address(one.mark) in addresses or not members.isdisjoint(map(_member, one.parts))
    }


def _parts(asked: Sequence[Candidate]) -> Iterator[str]:
    for one in asked:
        yield from one.parts


def _write(campaign_id: str, group: Sequence[Candidate], at: str) -> None:
    """Writes who joins; who has joined meanwhile keeps nobody else from it."""
    try:
        table.save_together([item for one in group for item in _items(campaign_id, one, at)])
    except table.TransactionRefused as refused:
        if len(group) > 1:
            for one in group:
                _write(campaign_id, [one], at)
        elif refused.contended:
            raise


def _items(campaign_id: str, one: Candidate, at: str) -> list[table.Item]:
    pk = _pk(campaign_id)
    address = MemberAddress(pk=pk, sk=_address(one.mark), gsi2pk=f"LEAD#{one.lead_id}", gsi2sk=f"MEM#{campaign_id}")
    waiting = Newcomer(pk=pk, sk=_waiting(one.lead_id), at=at)
    return [CampaignMember(pk=pk, sk=_member(one.lead_id)), address, waiting]


def _pk(campaign_id: str) -> str:
    return f"CAMP#{campaign_id}"


def _member(lead_id: str) -> str:
    return f"MEMBER#{lead_id}"


def _address(mark: str) -> str:
    return f"MEMBERA#{mark}"


def _waiting(lead_id: str) -> str:
    return f"NEW#{lead_id}"
