"""Who writes to us: the identity on the channel, and the lead that it belongs to.

The identity is claimed before the lead is made, so that any number of first messages at the same moment make one lead.
"""

from __future__ import annotations

from leadflow.channels import store
from leadflow.channels.rules import people as rules
from leadflow.channels.rules.arrivals import Arrival
from leadflow.channels.service import threads
from leadflow.core import clock, ids, table
from leadflow.core.errors import InProgress, RateLimited
from leadflow.leads import service as leads


def known(arrival: Arrival, channel: store.ChannelConfig) -> store.ChannelIdentity | None:
    """The identity of who wrote, new if need be, with the lead that has their number or address now.

    None for a person who was erased, and for nobody who is known.

    Raises RateLimited when crowded out.
    """
    identity = store.find_identity(channel.id, arrival.person)
    if identity is None:
        owner = leads.holder_of(rules.address_of(arrival))
        if owner is None and not rules.is_somebody(arrival):
            return None
        fresh = store.new_identity(channel.id, channel.channel_type, arrival.person, owner or ids.new_id())
        try:
            identity = table.create(fresh)
        except table.AlreadyThere:
            identity = store.find_identity(channel.id, arrival.person)
            if identity is None:
                raise InProgress("The person is being erased.") from None
        else:
            return identity if owner else settled(identity, arrival)
    elif not identity.erased_at:
        owner = leads.holder_of(rules.address_of(arrival))
        identity = held_by(owner, identity) if owner else identity
    return None if identity.erased_at else identity


def held_by(lead_id: str, identity: store.ChannelIdentity) -> store.ChannelIdentity:
    """The identity of an address that this lead has now; what was said stays with the lead that had it before.

    Raises RateLimited when crowded out. The person may have been erased meanwhile.
    """
    for _ in threads.TURNS:
        if identity.erased_at or identity.lead_id == lead_id or identity.lead_id in leads.known_as(lead_id):
            return identity
        before = threads.with_person(identity)
        ends = {"status": "closed", "ended_at": clock.now_stamp()}
        if before is None or before.status == "closed" or store.change_conversation(before, ends):
            store.belong(identity, lead_id)
            try:
                table.save(identity)
            except table.Stale:
                pass
            else:
                return identity
        identity = store.find_identity(identity.channel_id, str(identity.person)) or identity
    raise RateLimited("The person's address is being changed by many requests at once.")


def settled(identity: store.ChannelIdentity, arrival: Arrival) -> store.ChannelIdentity | None:
    """The identity once its lead is there: made now, or found under the same address; None for an erased person."""
    for _ in threads.TURNS:
        lead_id = identity.lead_id
        if identity.erased_at or lead_id is None:
            return None
        addresses = rules.address_of(arrival)
        found = leads.admit(lead_id, name=rules.name_of(arrival), source=rules.source_of(arrival), addresses=addresses)
        if found == lead_id:
            return identity
        try:
            if found is None:
                forget(identity)
            else:
                store.belong(identity, found)
                table.save(identity)
        except table.Stale:
            identity = store.find_identity(identity.channel_id, arrival.person) or identity
            continue
        return None if found is None else identity
    raise InProgress("The identity is being changed by many requests at once.")


def forget(identity: store.ChannelIdentity) -> None:
    """Leaves of an identity that it was, so that nothing is kept when the person writes again.

    Raises table.Stale when it has changed since it was read.
    """
    store.belong(identity, None)
    identity.person = identity.conversation_id = identity.opt = identity.opt_at = identity.opt_heeded = None
    identity.referral = None
    identity.erased_at = clock.now_stamp()
    table.save(identity)
