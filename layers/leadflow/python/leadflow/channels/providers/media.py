"""Files behind addresses that a provider gave, fetched so that nobody leads us inside."""

from __future__ import annotations

from urllib.parse import urljoin

from leadflow.channels.rules.outgoing import Media
from leadflow.core import outbound
from leadflow.core.errors import (
    CredentialsRefused,
    Forbidden,
    InvalidInput,
    OutcomeUnknown,
    PayloadTooLarge,
    RateLimited,
    UpstreamRejected,
    UpstreamUnavailable,
)

SECONDS = 20.0
_MOST_REDIRECTS = 3
_REDIRECTS = (301, 302, 303, 307, 308)


def fetch(url: str, most_bytes: int, headers: tuple[tuple[str, str], ...] = ()) -> Media:
    """The file at an address. `headers` go to that address alone, never to where it sends us on.

    Raises Forbidden for an address that is never called, PayloadTooLarge, UpstreamRejected when it is not there,
    CredentialsRefused when the headers are not accepted, RateLimited, and UpstreamUnavailable: to read again changes
    nothing, so what broke off may be tried again.
    """
    sent = headers
    for _ in range(_MOST_REDIRECTS + 1):
        answer = _get(url, most_bytes, sent)
        if answer.status == 401 and sent:
            raise CredentialsRefused("The provider refused the account for the file.")
        if answer.status not in _REDIRECTS or not answer.headers.get("location"):
            return _media(answer, most_bytes)
        url, sent = urljoin(url, answer.headers["location"]), ()
    raise UpstreamRejected("The file's address sends on and on.")


def _get(url: str, most_bytes: int, headers: tuple[tuple[str, str], ...]) -> outbound.Answer:
    try:
        return outbound.request("GET", url, headers, b"", seconds=SECONDS, most_bytes=most_bytes)
    except InvalidInput as refused:
        raise Forbidden("The file's address is one that is never called.") from refused
    except OutcomeUnknown as broken:
        raise UpstreamUnavailable("The file did not come whole.") from broken


def _media(answer: outbound.Answer, most_bytes: int) -> Media:
    if answer.status == 429:
        raise RateLimited("The provider gives no more files for now.", 60)
    if answer.status >= 500:
        raise UpstreamUnavailable(f"The provider answered {answer.status} for the file.")
    if not 200 <= answer.status < 300:
        raise UpstreamRejected(f"The provider answered {answer.status} for the file.")
    if answer.truncated:
        raise PayloadTooLarge(f"The file has more than {most_bytes} bytes.")
    media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    return Media(answer.body, media_type or "application/octet-stream")
