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
# Whatever fonts and colours the reader has; every pair of colours has a contrast of 7:1 at least.
_STYLE = (
    ":root{color-scheme:light dark;--ink:#1f2328;--paper:#fff;--button:#174ea6;--label:#fff}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e6e8ea;--paper:#16181b;--button:#a8c7fa;--label:#10141a}}"
    "body{font:1rem/1.6 system-ui,sans-serif;margin:0;color:var(--ink);background:var(--paper)}"
    "main{max-width:32rem;margin:18vh auto 2rem;padding:0 1.25rem}"
    "h1{font-size:1.5rem;line-height:1.25;margin:0 0 .5rem}p{margin:0 0 1.25rem}"
    "button{font:inherit;font-weight:600;padding:.65rem 1.25rem;border:2px solid var(--button);border-radius:.4rem;"
    "background:var(--button);color:var(--label);cursor:pointer}"
    "button.quiet{background:none;color:var(--ink);border-color:var(--ink);font-weight:400}"
    "button:focus-visible{outline:3px solid var(--ink);outline-offset:3px}"
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
        f"<p>Do you want to stop getting our emails?</p>{_form('confirm', 'Unsubscribe')}",
    )


def unsubscribed(*, may_take_back: bool) -> PublicAnswer:
    """What who has left sees; whoever did it by mistake just now may take it back."""
    said = "<p>We will not send emails to this address any more.</p>"
    if may_take_back:
        said += f"<p>Was that a mistake?</p>{_form('undo', 'Keep getting emails', quiet=True)}"
    return _page(200, "You are unsubscribed", said)


def subscribed_again() -> PublicAnswer:
    return _page(200, "You are subscribed again", "<p>You will keep getting our emails.</p>")


def wants_to_take_back(body: bytes) -> bool:
    """Whether this is what the form of `unsubscribed` posts, and nothing else: all other posts unsubscribe."""
    return body == b"undo=yes"


def _form(name: str, label: str, *, quiet: bool = False) -> str:
    """A form of one button that posts `<name>=yes` to the address of the page it stands in."""
    looks = ' class="quiet"' if quiet else ""
    return (
        f'<form method="post"><input type="hidden" name="{name}" value="yes">'
        f'<button type="submit"{looks}>{label}</button></form>'
    )


def _page(status: int, title: str, content: str) -> PublicAnswer:
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body><main><h1>{title}</h1>{content}</main></body></html>"
    )
    headers = {**_NEVER_KEPT, "x-robots-tag": "noindex", "content-security-policy": _PAGE_POLICY}
    return PublicAnswer(status, html, HTML, headers)
