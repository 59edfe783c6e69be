"""What people say about being written to, kept as a suppression of the address and as the lead's consent.

By whatever way it is heard (a keyword, an error of the provider, a webhook), the latest word counts: `opt_at` of the
identity keeps an old one that is read again from undoing a newer one.
"""

from __future__ import annotations

from datetime import datetime

from leadflow.channels import store
from leadflow.core import clock, table
from leadflow.core.errors import Conflict, InProgress, InvalidInput, NotFound
from leadflow.core.turns import Turns
from leadflow.leads import service as leads

_TURNS = Turns(8, longest_pause_seconds=0.2)


def heed(identity: store.ChannelIdentity, *, wants: bool, at: datetime, source: str | None) -> None:
    """Writes down that a person wants messages by this channel or does not. Raises RateLimited or InProgress.

    What was heeded to the end is not heeded again, so that reading it once more undoes nothing that we did since.
    """
    from leadflow.campaigns import service as campaigns

    said = ("in" if wants else "out", clock.stamp(at))
    if identity.opt_heeded == "@".join(said):
        return
    said_no = (identity.opt_heeded or "").startswith("out")
    latest = _latest(identity, *said)
    channel, person = identity.channel_type, str(identity.person)
    if latest == said and not wants:
        campaigns.suppress(channel, person, "stop_keyword", source=source)
    elif latest == said and not (campaigns.lift_suppression(channel, person, "stop_keyword") or said_no):
        # Who says yes to something else has not been asked about messages.
        return
    elif latest != said and (wants or latest is None or latest[0] == "out"):
        return
    # What is left: the latest word, or a no that comes late, by which a later yes was an answer after all.
    if identity.lead_id and latest is not None:
        _consent(identity.lead_id, channel, latest[0] == "in", latest[1])
        store.note_heeded(identity, "@".join(latest))


def _consent(lead_id: str, channel: str, opted_in: bool, at: str) -> None:
    """Puts it on the lead, unless something was said about it later."""
    lead = leads.find(lead_id)
    if lead is None or str((lead["consent"].get(channel) or {}).get("at") or "") > at:
        return
    consent = {"consent": {channel: {"opted_in": opted_in, "at": at}}}
    try:
        leads.apply(lead_id, set_fields=consent, add_tags=[], remove_tags=[], cause=())
    except (NotFound, Conflict, InvalidInput):
        # The lead is gone. The suppression holds by itself.
        return


def _latest(identity: store.ChannelIdentity, word: str, at: str) -> tuple[str, str] | None:
    """The latest that was said and when, this word included, which is then on the identity; None of who is erased."""
    for _ in _TURNS:
        if identity.erased_at or identity.person is None:
            return None
        if identity.opt and at < (identity.opt_at or ""):
            return identity.opt, str(identity.opt_at)
        if (identity.opt, identity.opt_at) == (word, at):
            return word, at
        identity.opt, identity.opt_at = word, at
        try:
            table.save(identity)
        except table.Stale:
            identity = store.find_identity(identity.channel_id, identity.person) or identity
            continue
        return word, at
    raise InProgress("The identity is being changed by many requests at once.")
