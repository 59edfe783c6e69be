"""What a person's answer, or somebody of ours taking over, means beyond its conversation: sequences they are in end.

It is done before the message is on file: who dies in between does it again, and what is on file is not heeded twice.
"""

from __future__ import annotations

from leadflow.channels import store
from leadflow.channels.rules.arrivals import Arrival
from leadflow.leads import service as leads


def heed(arrival: Arrival, identity: store.ChannelIdentity, at: str) -> None:
    """Ends the sequences of who wrote, or was written to elsewhere, unless a machine wrote; `at` says when.

    Mails of ours that it answers are noted as answered.
    """
    if not arrival.automatic and identity.lead_id:
        from leadflow.campaigns import service as campaigns

        campaigns.record_reply(identity.lead_id, arrival.references, at)
        stop(identity.lead_id, at)


def stop(lead_id: str, at: str) -> None:
    """Ends the sequences a person is in at this RFC 3339 time, of campaigns that stop on a reply. Safe to repeat."""
    from leadflow.campaigns import service as campaigns

    lead = leads.find(lead_id)
    if lead is not None:
        campaigns.stop_sequences(lead["id"], "replied", at)
