"""The public routes of a mail: its picture, its links, the page in the browser, the way out.

What a reader comes for is given whatever happens to our own books: a visit that cannot be written down now is lost
and logged, the picture and the redirect are not. The mail's id is the token of all of them, so it cannot be guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

from leadflow.campaigns import store
from leadflow.campaigns.rules import content, pages, states
from leadflow.campaigns.rules.pages import PublicAnswer
from leadflow.campaigns.rules.visitors import Visit as Visit  # doors make them
from leadflow.campaigns.rules.visitors import judge
from leadflow.campaigns.service import visits
from leadflow.campaigns.service.ledger import moved, state_of
from leadflow.campaigns.service.suppressions import suppress
from leadflow.campaigns.service.visits import Seen
from leadflow.core import clock, table
from leadflow.core.errors import LeadflowError
from leadflow.core.observability import logger

# A mistake shows at once; later only those who keep the list can take the address back.
TAKEN_BACK_WITHIN = timedelta(minutes=30)
_TRACKING_ID = re.compile(r"[A-Za-z0-9_-]{10,64}")
_LINK_NUMBER = re.compile(r"[1-9][0-9]{0,4}")
_LONGEST_AGENT = 500


def open_mail(tracking_id: str, visit: Visit) -> PublicAnswer:
    """Always the picture; of a mail that was sent, the open is recorded."""
    with _reader_first("open"):
        mail = _sent_mail(tracking_id)
        if mail is not None:
            visits.opened(mail, _seen(visit))
    return pages.pixel()


def click(tracking_id: str, link: str, visit: Visit) -> PublicAnswer:
    """A redirect to the address kept with the mail under this number, or the page that says there is none."""
    if link == content.TRAP:
        return _trapped(tracking_id, visit)
    mail = _mail(tracking_id) if _LINK_NUMBER.fullmatch(link) else None
    words = store.words_of(mail.kept) if mail else None
    links = words.links if words else []
    number = int(link) if links else 0
    if mail is None or not 0 < number <= len(links):
        return pages.not_found()
    with _reader_first("click"):
        if state_of(mail).may_have_left:
            visits.clicked(mail, number, links[number - 1]["label"], _seen(visit, link=number))
    return pages.redirect(links[number - 1]["url"])


def view(tracking_id: str) -> PublicAnswer:
    """The mail as it was sent."""
    mail = _sent_mail(tracking_id)
    words = store.words_of(mail.kept) if mail else None
    return pages.mail(words.content.html) if words else pages.not_found()


def unsubscribe_page(tracking_id: str) -> PublicAnswer:
    """A page that asks; it changes nothing, since scanners follow every link."""
    return pages.ask_to_unsubscribe() if _mail(tracking_id) else pages.not_found()


def unsubscribe(tracking_id: str, visit: Visit, body: bytes) -> PublicAnswer:
    """Takes the mail's address out of all mailing, by one click in a mail client or by the page; safe to repeat.

    Whatever is posted unsubscribes but for what the page's own button posts that takes it back; it does so for
    TAKEN_BACK_WITHIN, and only what this very mail did.
    """
    mail = _mail(tracking_id)
    if mail is None:
        return pages.not_found()
    if pages.wants_to_take_back(body):
        return _taken_back(mail, visit)
    found = suppress("email", mail.recipient_email, "unsubscribe", source=mail.id)
    with _reader_first("unsubscribe"):
        seen = _seen(visit)
        mail = moved(mail, partial(states.unsubscribed, at=seen.at), because=seen.event(mail.id, "unsubscribe"))
    return pages.unsubscribed(may_take_back=_may_take_back(mail, found))


def _taken_back(mail: store.EmailSent, visit: Visit) -> PublicAnswer:
    """Ends what unsubscribing by this mail began, if that is still allowed; safe to repeat."""
    found = store.find_suppression("email", mail.recipient_email)
    if found is not None:
        if not _may_take_back(mail, found):
            return pages.unsubscribed(may_take_back=False)
        try:
            store.end_suppression(found)
        except table.Stale:
            # Something has just been said about the address: who still wants to, says so again.
            return pages.unsubscribed(may_take_back=True)
    if mail.unsubscribed_at is not None:
        moved(mail, states.resubscribed, because=_seen(visit).event(mail.id, "resubscribe"))
    return pages.subscribed_again()


def _may_take_back(mail: store.EmailSent, found: store.Suppression) -> bool:
    """Whether the suppression came of this mail just now, and of nothing that weighs more."""
    is_ours = found.reason == "unsubscribe" and found.source == mail.id and mail.unsubscribed_at is not None
    return is_ours and clock.parse(str(mail.unsubscribed_at)) + TAKEN_BACK_WITHIN >= clock.now()


def _trapped(tracking_id: str, visit: Visit) -> PublicAnswer:
    """A page without anything, for the link that no person sees."""
    mail = _sent_mail(tracking_id)
    if mail is None:
        return pages.not_found()
    with _reader_first("trap"):
        visits.trapped(mail, _seen(visit))
    return pages.nothing_here()


@contextmanager
def _reader_first(what: str) -> Iterator[None]:
    """Lets the reader have what they came for when the table has trouble; the log says that a visit was lost."""
    try:
        yield
    except (*store.TROUBLE, LeadflowError) as error:
        logger().error("visit lost", visit=what, error_type=type(error).__name__)


def _seen(visit: Visit, **more: object) -> Seen:
    told = {
        "method": visit.method,
        "user_agent": (visit.user_agent or "")[:_LONGEST_AGENT],
        "ip": visit.source_ip,
        "request_id": visit.request_id,
    }
    return Seen(clock.now_stamp(), "tracking", judge(visit), {**more, **told})


def _mail(tracking_id: str) -> store.EmailSent | None:
    return store.find_mail(tracking_id) if _TRACKING_ID.fullmatch(tracking_id) else None


def _sent_mail(tracking_id: str) -> store.EmailSent | None:
    """The mail, if it may have reached anybody."""
    mail = _mail(tracking_id)
    return mail if mail is not None and state_of(mail).may_have_left else None
