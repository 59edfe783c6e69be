"""What people see who follow a link of a mail: a few plain pages, and the picture that nobody sees."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

HTML = "text/html; charset=utf-8"
PIXEL = base64.b64decode("R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")

_NEVER_KEPT = {"cache-control": "no-store", "referrer-policy": "no-referrer", "x-content-type-options": "nosniff"}
_PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# A mail was written by our user and holds what others said of themselves: it may show itself, run nothing, and not
# speak for our address.
_MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src https: http: data:;"
    " style-src 'unsafe-inline' https:; font-src https: data:; form-action 'none'; base-uri 'none';"
    " frame-ancestors 'none'"
)
_STYLE = (
    "body{font:16px/1.6 system-ui,sans-serif;max-width:32rem;margin:20vh auto 0;padding:0 1rem;color:#222}"
    "h1{font-size:1.3rem}button{font:inherit;padding:.5rem 1rem;cursor:pointer}"
)


@dataclass(frozen=True)
class PublicAnswer:
    """An answer of a public route."""

    status: int
    body: str | bytes = ""
    content_type: str = HTML
    headers: dict[str, str] = field(default_factory=dict)


def pixel() -> PublicAnswer:
    return PublicAnswer(200, PIXEL, "image/gif", dict(_NEVER_KEPT))


def redirect(url: str) -> PublicAnswer:
    return PublicAnswer(302, "", HTML, {**_NEVER_KEPT, "location": url})


def mail(html: str) -> PublicAnswer:
    """The mail as it was sent, in a browser."""
    return PublicAnswer(
        200, html, HTML, {**_NEVER_KEPT, "x-robots-tag": "noindex", "content-security-policy": _MAIL_POLICY}
    )


def not_found() -> PublicAnswer:
    return _page(404, "This page does not exist", "<p>The link may be incomplete or no longer valid.</p>")


def nothing_here() -> PublicAnswer:
    """For who follows the link that no person sees: a page like any other, so that no scanner calls the mail broken."""
    return _page(200, "Nothing to see here", "<p>This page is empty. You can close it.</p>")


def ask_to_unsubscribe() -> PublicAnswer:
    return _page(
        200,
        "Unsubscribe",
        '<p>Do you want to stop getting our emails?</p><form method="post">'
        '<input type="hidden" name="confirm" value="yes"><button type="submit">Unsubscribe</button></form>',
    )


def unsubscribed() -> PublicAnswer:
    return _page(200, "You are unsubscribed", "<p>We will not send emails to this address any more.</p>")


def _page(status: int, title: str, content: str) -> PublicAnswer:
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body><h1>{title}</h1>{content}</body></html>"
    )
    return PublicAnswer(status, html, HTML, {**_NEVER_KEPT, "content-security-policy": _PAGE_POLICY})
