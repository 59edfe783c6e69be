"""The page of a mail: its footer, and our tracking in it. All the rest stays as it is, character for character."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from html import escape
from urllib.parse import quote, urlsplit, urlunsplit

from leadflow.core.rendering.links import safe_url
from leadflow.core.rendering.markup import Tag, pieces
from leadflow.core.rendering.plain_text import html_to_text

# Stands for the number of a link that no person sees.
TRAP = "more"
_TEMPLATE_MARKS = ("{{", "{%")
_FOOTER_STYLE = "margin:24px 0 0;padding:12px 0;font:12px/1.5 sans-serif;color:#666666;text-align:center"
_URL_MARKS = "%/:=&?~#+!$,;'@()*[]"


@dataclass(frozen=True)
class Link:
    """A link of one mail. `label` names it where nothing personal may stand.

    It is the whole address when the template says it as it is, so it is the same for everybody; else only the site.
    """

    url: str
    label: str


def fixed_addresses(template: str) -> frozenset[str]:
    """The link addresses that stand in a template as they are, without any value in them."""
    found = (tag.attribute("href") for tag in pieces(template) if isinstance(tag, Tag) and tag.name == "a")
    return frozenset(href.strip() for href in found if not any(mark in href for mark in _TEMPLATE_MARKS))


def with_footer(html: str, *, postal_address: str | None, unsubscribe_url: str) -> str:
    """The page with what the law wants under a mail: who sends it from where, and a way out; only what it lacks."""
    lines = []
    if postal_address and _squeezed(postal_address) not in _squeezed(html_to_text(html)):
        lines.append(escape(postal_address).replace("\n", "<br>"))
    if unsubscribe_url not in (tag.attribute("href").strip() for tag in _anchors(html)):
        lines.append(f'<a href="{escape(unsubscribe_url)}" style="color:#666666">Unsubscribe</a>')
    if not lines:
        return html
    return _before_end(html, f'<div style="{_FOOTER_STYLE}">{"<br>".join(lines)}</div>')


def tracked(html: str, *, base: str, fixed: Collection[str]) -> tuple[str, list[Link]]:
    """The page as it is sent, and the links whose clicks lead through us, the first being number 1.

    With our picture goes a link that no person can see, reach by keyboard or hear read out: who follows it is no
    person. `base` is the address under which this mail's own routes are.
    """
    html, links = led_through_us(html, base=base, fixed=fixed)
    picture = f'<img src="{base}/open.gif" width="1" height="1" alt="" style="border:0;width:1px;height:1px">'
    trap = f'<a href="{base}/c/{TRAP}" rel="nofollow" aria-hidden="true" tabindex="-1" style="display:none"></a>'
    return _before_end(html, picture + trap), links


def led_through_us(html: str, *, base: str, fixed: Collection[str], first: int = 1) -> tuple[str, list[Link]]:
    """A part of a page with its links led through us, and where they lead; the first gets the number `first`.

    Only web links of `<a>` are led through us, each address under one number; the mail's own routes (unsubscribe,
    view) are not.
    """
    links: list[Link] = []
    numbers: dict[str, int] = {}
    parts: list[str] = []
    position = 0
    for tag in _anchors(html):
        href = next(attribute for attribute in tag.attributes if attribute.name == "href")
        meaning = href.meaning.strip()
        link = followed(meaning, base=base, fixed=fixed)
        if link is None:
            continue
        if link.url not in numbers:
            links.append(link)
            numbers[link.url] = first + len(links) - 1
        ours = f"{base}/c/{numbers[link.url]}"
        parts += [html[position : href.start], ours if href.quoted else f'"{ours}"']
        position = href.start + len(href.value)
    parts.append(html[position:])
    return "".join(parts), links


def followed(address: str, *, base: str, fixed: Collection[str]) -> Link | None:
    """The link to be led through us for an address of an `<a>`; None for one that is left as it is."""
    url = _target(address)
    if url is None or address.startswith(f"{base}/"):
        return None
    return Link(url, url if address in fixed else _site(url))


def _anchors(html: str) -> list[Tag]:
    """The start tags of links that lead somewhere."""
    tags = (piece for piece in pieces(html) if isinstance(piece, Tag))
    return [tag for tag in tags if tag.name == "a" and not tag.closing and tag.attribute("href").strip()]


def _before_end(html: str, addition: str) -> str:
    """The page with something added before the end of its body, or at its end when no body ends."""
    ends = [piece.start for piece in pieces(html) if isinstance(piece, Tag) and piece.closing and piece.name == "body"]
    at = ends[-1] if ends else len(html)
    return html[:at] + addition + html[at:]


def _target(href: str) -> str | None:
    """The web address of a link, fit for a Location header; None when it is none."""
    url = safe_url(href)
    if not url.lower().startswith(("http://", "https://")):
        return None
    if url.isascii():
        return url
    parts = urlsplit(url)
    try:
        host = parts.netloc.encode("idna").decode()
    except UnicodeError:
        return None
    rest = (quote(part, safe=_URL_MARKS) for part in (parts.path, parts.query, parts.fragment))
    return urlunsplit((parts.scheme, host, *rest))


def _site(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}"


def _squeezed(text: str) -> str:
    return " ".join(text.split())
