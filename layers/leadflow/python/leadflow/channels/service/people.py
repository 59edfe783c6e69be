"""Who writes to us: the identity on the channel, and the lead that it belongs to.

The identity is claimed before the lead is made, so that any number of first messages at the same moment make one lead.
"""

from __future__ import annotations

from leadflow.channels import store
from leadflow.channels.rules import people as rules
from leadflow.channels.rules.arrivals import Arrival
from leadflow.channels.service.threads import TURNS
from leadflow.core import clock, ids, table
from leadflow.core.errors import InProgress
from leadflow.leads import service as leads


def known(arrival: Arrival, channel: store.ChannelConfig) -> store.ChannelIdentity | None:
    """The identity of who wrote, new if need be; None for a person who was erased, and for nobody who is known.

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
    return None if identity.erased_at else identity


def settled(identity: store.ChannelIdentity, arrival: Arrival) -> store.ChannelIdentity | None:
    """The identity once its lead is there: made now, or found under the same address; None for an erased person."""
    for _ in TURNS:
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
