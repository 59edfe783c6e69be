"""HTML taken apart in one pass, as browsers do.

The standard library's parser needs time in the square of the input for some hostile texts and gives up on others;
this one is linear, never raises, and knows only what mail needs: text, tags, attributes, comments and raw elements.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

HOLE = "\0"  # stands where a template writes a value
# Elements that have no end tag.
VOID = frozenset({"br", "hr", "img", "input", "meta", "link", "wbr", "col", "area", "base", "embed", "source", "track"})
_TAG_START = re.compile(rf"</?[a-zA-Z{HOLE}]")
_TAG_NAME = re.compile(r"[^\s/>]*")
_BETWEEN = re.compile(r"[\s/]*")
_ATTRIBUTE_NAME = re.compile(r"[^\s/>][^\s/>=]*")
_EQUALS = re.compile(r"\s*=\s*")
_BARE_VALUE = re.compile(r"[^\s>]*")
_RAW_END = {
    name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE)
    for name in ("script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes")
}


@dataclass(frozen=True, slots=True)
class Attribute:
    """`value` is as written, entities included, from `start` in the page; `quoted`: quotes hold it together."""

    name: str
    value: str
    quoted: bool
    start: int

    @property
    def meaning(self) -> str:
        return unescape(self.value)


@dataclass(frozen=True, slots=True)
class Text:
    """Text as written, entities included; `raw` is what stands in a script, style or the like."""

    text: str
    raw: bool = False


@dataclass(frozen=True, slots=True)
class Tag:
    """A start tag, or with `closing` an end tag, from `start` in the page; the name is in lower case."""

    name: str
    closing: bool
    start: int
    attributes: tuple[Attribute, ...] = ()

    def attribute(self, name: str) -> str:
        """The attribute's text, empty when there is none."""
        return next((attribute.meaning for attribute in self.attributes if attribute.name == name), "")


def pieces(html: str) -> Iterator[Text | Tag]:
    """The text and tags in order; comments and declarations are left out, and what is never closed ends the page."""
    position, text_from = 0, 0
    while (position := html.find("<", position)) != -1:
        if html.startswith(("<!", "<?"), position):
            yield from _text(html, text_from, position)
            position = text_from = _after_declaration(html, position)
        elif _TAG_START.match(html, position):
            yield from _text(html, text_from, position)
            tag, position = _tag(html, position)
            if tag is None:
                return
            yield tag
            if tag.name in _RAW_END and not tag.closing:
                end = _RAW_END[tag.name].search(html, position)
                raw_to = end.start() if end else len(html)
                yield from _text(html, position, raw_to, raw=True)
                position = raw_to
            text_from = position
        else:
            position += 1
    yield from _text(html, text_from, len(html))


def _text(html: str, start: int, end: int, *, raw: bool = False) -> Iterator[Text]:
    if start < end:
        yield Text(html[start:end], raw)


def _after_declaration(html: str, position: int) -> int:
    closing = "-->" if html.startswith("<!--", position) else ">"
    end = html.find(closing, position + 2)
    return len(html) if end == -1 else end + len(closing)


def _tag(html: str, position: int) -> tuple[Tag | None, int]:
    """The tag that starts here and where it ends; no tag when it never does."""
    begin, closing = position, html.startswith("</", position)
    name = _TAG_NAME.match(html, position + (2 if closing else 1))
    assert name is not None  # noqa: S101 - the pattern matches nothing, too
    attributes: list[Attribute] = []
    position = name.end()
    while True:
        position = _end_of(_BETWEEN, html, position)
        if position >= len(html):
            return None, position
        if html[position] == ">":
            return Tag(name.group().lower(), closing, begin, tuple(attributes)), position + 1
        attribute, position = _attribute(html, position)
        if attribute is None:
            return None, position
        attributes.append(attribute)


def _attribute(html: str, position: int) -> tuple[Attribute | None, int]:
    """The attribute that starts here and where it ends; none when its quote is never closed."""
    name_end = _end_of(_ATTRIBUTE_NAME, html, position)
    name = html[position:name_end].lower()
    equals = _EQUALS.match(html, name_end)
    if equals is None:
        return Attribute(name, "", quoted=False, start=name_end), name_end
    start = equals.end()
    quote = html[start : start + 1]
    if quote in ('"', "'"):
        end = html.find(quote, start + 1)
        if end == -1:
            return None, len(html)
        return Attribute(name, html[start + 1 : end], quoted=True, start=start + 1), end + 1
    end = _end_of(_BARE_VALUE, html, start)
    return Attribute(name, html[start:end], quoted=False, start=start), end


def _end_of(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position
