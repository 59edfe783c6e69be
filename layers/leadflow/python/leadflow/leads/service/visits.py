"""Visits to a website by people who came there from a mail of ours, and by people whom nobody knows yet.

A known visitor is known by the token in the link they followed, and by nothing else: no cookie, no address, no browser.
So two people who share a browser stay two people, and nobody is merged for what they visited. Who has no token may have
a random word that their page made up; see `visitors`.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from leadflow.core import clock, ids
from leadflow.core.errors import InvalidInput
from leadflow.core.secrets import keyed_hash, same
from leadflow.leads import store
from leadflow.leads.rules import visits as rules
from leadflow.leads.service import visitors
from leadflow.leads.service.collecting import collected, scored, signal_of
from leadflow.leads.service.rating import line_of
from leadflow.leads.service.throttling import Bound
from leadflow.leads.service.writing import TURNS, crowded_out

if TYPE_CHECKING:
    from leadflow.leads.schema import VisitWrite

SENDERS = Bound("visit", limit=120, window=timedelta(minutes=1))
# A lead's pages in an hour: more is no reading, and must not make a score.
PAGES = Bound("visited pages", limit=60, window=timedelta(hours=1))
# The same page within this time after it counted is the same visit.
SAME_FOR = timedelta(hours=1)
_MAC_BYTES = 16


def origins() -> None:
    """The websites that may report visits: any."""


def visit_token(lead_id: str) -> str:
    """What a link carries to say whose visit it leads to. It holds the lead's id and opens nothing else of ours."""
    return f"{lead_id}.{keyed_hash('visit token', lead_id, size=_MAC_BYTES)}"


def track(body: VisitWrite, sender: str) -> None:
    """Keeps a visit that `sender` (a network address) reports, once per lead, page and hour.

    Without a token it is kept for the visitor that it names, until it is said who that is. A token that we did not give
    out, or whose lead is gone, changes nothing and is answered the same. Raises InvalidInput when neither is there,
    RateLimited when too much comes from this address or the lead is crowded.
    """
    if body.token is None and body.visitor is None:
        raise InvalidInput("token", "or visitor must be given")
    SENDERS.admit(rules.neighbourhood(sender))
    lead_id, _, _ = (body.token or "").partition(".")
    if body.token is None:
        visitors.note(str(body.visitor), _page(body))
    elif same(visit_token(lead_id), body.token):
        _keep(lead_id, body)
        if body.visitor:
            visitors.recognise(body.visitor, lead_id)


def _keep(lead_id: str, body: VisitWrite) -> None:
    data = _page(body)
    name = keyed_hash("visit", lead_id, data["url"])
    earlier = store.find_receipt(name)
    if (earlier is not None and earlier.in_force) or not PAGES.admits(lead_id):
        return
    signal_id = ids.new_id()
    for _ in TURNS:
        line, scoring = line_of(lead_id)
        if not line:
            return
        signal = signal_of(line[0], signal_id, "website_visit", data, scoring)
        scored(line, signal, scoring)
        receipt = store.receipt(name, signal, clock.epoch_seconds(clock.now() + SAME_FOR), earlier)
        if collected(partial(store.collect, line, {}, signal, receipt)):
            return
    raise crowded_out(lead_id)


def _page(body: VisitWrite) -> dict[str, Any]:
    """What is kept of a visit."""
    return {"url": rules.page_of(body.url), "title": body.title, "referrer": rules.site_of(body.referrer or "")}
