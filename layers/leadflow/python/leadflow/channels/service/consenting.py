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
    """Writes down that a person wants messages by this channel or does not. Raises RateLimited or InProgress."""
    from leadflow.campaigns import service as campaigns

    if not _is_latest(identity, "in" if wants else "out", clock.stamp(at)):
        return
    channel, person = identity.channel_type, str(identity.person)
    if not wants:
        campaigns.suppress(channel, person, "stop_keyword", source=source)
    elif not campaigns.lift_suppression(channel, person, "stop_keyword"):
        # Who says yes to something else has not been asked about messages.
        return
    if not identity.lead_id:
        return
    consent = {"consent": {channel: {"opted_in": wants, "at": clock.stamp(at)}}}
    try:
        leads.apply(identity.lead_id, set_fields=consent, add_tags=[], remove_tags=[], cause=())
    except (NotFound, Conflict, InvalidInput):
        # The lead is gone. The suppression holds by itself.
        return


def _is_latest(identity: store.ChannelIdentity, word: str, at: str) -> bool:
    """Whether nothing was said later; the word is then on the identity."""
    for _ in _TURNS:
        if identity.erased_at or identity.person is None or at < (identity.opt_at or ""):
            return False
        if (identity.opt, identity.opt_at) == (word, at):
            return True
        identity.opt, identity.opt_at = word, at
        try:
            table.save(identity)
        except table.Stale:
            identity = store.find_identity(identity.channel_id, identity.person) or identity
            continue
        return True
    raise InProgress("The identity is being changed by many requests at once.")
