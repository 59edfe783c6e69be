"""What a person's answer, or somebody of ours taking over, means beyond its conversation: sequences they are in end.

It is done before the message is on file: who dies in between does it again, and what is on file is not heeded twice.
"""

from __future__ import annotations

from leadflow.channels import store
from leadflow.channels.rules.arrivals import Arrival
from leadflow.leads import service as leads

# How many messages back somebody of us may have spoken last.
_LOOKED_AT = 50


def heed(arrival: Arrival, identity: store.ChannelIdentity, at: str) -> None:
    """Ends the sequences of who wrote, or was written to elsewhere, unless a machine wrote; `at` says when.

    Mails of ours that it answers are noted as answered.
    """
    if arrival.automatic or not identity.lead_id:
        return
    from leadflow.campaigns import service as campaigns

    if arrival.references:
        campaigns.record_reply(identity.lead_id, arrival.references, at)
    elif arrival.channel_type == "email":
        campaigns.record_unnamed_reply(identity.lead_id, arrival.subject, at, _spoke_at(identity.lead_id, at))
    stop(identity.lead_id, at)


def _spoke_at(lead_id: str, until: str) -> str | None:
    """When somebody of us last wrote to a person in a conversation, up to this time, by the last messages there."""
    found = [one for part in leads.known_as(lead_id) for one in store.messages_before(part, None, _LOOKED_AT)]
    ours = (one.occurred_at for one in found if one.direction == "outbound" and one.occurred_at <= until)
    return max(ours, default=None)


def stop(lead_id: str, at: str) -> None:
    """Ends the sequences a person is in at this RFC 3339 time, of campaigns that stop on a reply. Safe to repeat."""
    from leadflow.campaigns import service as campaigns

    lead = leads.find(lead_id)
    if lead is not None:
        campaigns.stop_sequences(lead["id"], "replied", at)
