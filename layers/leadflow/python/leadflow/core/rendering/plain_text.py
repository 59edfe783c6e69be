"""The plain-text part of a mail, from its HTML."""

from __future__ import annotations

import re
from html import unescape

from leadflow.core.rendering.markup import VOID, Tag, Text, pieces

_HIDDEN = frozenset({"head", "script", "style", "title", "template", "noscript", "textarea", "iframe", "xmp"})
_PARAGRAPHS = frozenset({"p", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "table", "blockquote", "pre", "dl"})
_LINES = frozenset(
    {
        "div",
        "br",
        "li",
        "tr",
        "section",
        "article",
        "header",
        "footer",
        "main",
        "dt",
        "dd",
        "address",
        "figure",
        "center",
    }
)
DEEPEST_INDENT = 8
_INVISIBLE = re.compile(r"[\xad\u034f\u200b\u2060\ufeff]")
_BLANK = re.compile(r"[ \t\r\n\f\v\xa0\u2000-\u200a\u202f\u205f\u3000]+")
_DISPLAY_NONE = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_MAILTO = re.compile(r"mailto:", re.IGNORECASE)


def html_to_text(html: str) -> str:
    """Readable text: paragraphs, list items with `-` or numbers, links as `text (address)`, pictures as their alt.

    Takes any text, in time proportional to it, and never raises. What is not shown (head, style, script,
    `display: none`) is left out. Lines end with a line feed; there is none at the end.
    """
    writer = _Writer()
    for piece in pieces(html):
        if isinstance(piece, Tag):
            writer.tag(piece)
        elif not piece.raw:
            writer.text(piece)
    return writer.result()


class _Writer:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.blank_line_due = False
        self.hidden: list[str] = []  # the hidden element we are in, and those of the same name inside it
        self.marker = ""
        self.lists: list[int | None] = []  # the next number of each open list, None for bullets
        self.link: tuple[str, int] | None = None  # the address, and where its text starts in the line

    def text(self, piece: Text) -> None:
        if not self.hidden:
            self.line.append(_INVISIBLE.sub("", unescape(piece.text)))

    def tag(self, tag: Tag) -> None:
        if self._hides(tag):
            return
        if tag.name == "a":
            self._anchor(tag)
        elif tag.name in ("ul", "ol"):
            self._list(tag)
        elif tag.name in _PARAGRAPHS:
            self._end_line()
            self._separate()
        elif tag.name in _LINES:
            self._end_line()
        elif tag.name in ("td", "th"):
            self.line.append(" ")
        if not tag.closing:
            self._show(tag)

    def result(self) -> str:
        self._end_line()
        return "\n".join(self.lines)

    def _hides(self, tag: Tag) -> bool:
        """Whether this tag belongs to something that is not shown; the body always is."""
        if self.hidden and tag.name == "body":
            self.hidden.clear()
        elif self.hidden:
            if tag.name == self.hidden[0] and tag.closing:
                self.hidden.pop()
            elif tag.name == self.hidden[0]:
                self.hidden.append(tag.name)
            return True
        elif not tag.closing and tag.name not in VOID and _is_unseen(tag):
            self.hidden.append(tag.name)
            return True
        return False

    def _show(self, tag: Tag) -> None:
        if tag.name == "img":
            self.line.append(tag.attribute("alt"))
        elif tag.name == "hr":
            self.line.append("---")
            self._end_line()
            self._separate()
        elif tag.name == "li":
            self.marker = self._next_marker()

    def _anchor(self, tag: Tag) -> None:
        if self.link is not None:
            self._name_address()
        if not tag.closing and tag.attribute("href"):
            self.link = (_INVISIBLE.sub("", tag.attribute("href")).strip(), len(self.line))

    def _name_address(self) -> None:
        """After a link's text, its address; unless there is nothing to go to, or the text says it already."""
        address, start = self.link or ("", 0)
        self.link = None
        label = _squeezed("".join(self.line[start:]))
        shown = _MAILTO.sub("", address)
        if not address.lower().startswith(("http:", "https:", "mailto:", "tel:")) or shown == label:
            return
        self.line.append(f" ({shown})" if label else f"{shown} ")

    def _list(self, tag: Tag) -> None:
        self._end_line()
        if tag.closing and self.lists:
            self.lists.pop()
        self._separate()
        if not tag.closing:
            self.lists.append(1 if tag.name == "ol" else None)

    def _next_marker(self) -> str:
        number = self.lists[-1] if self.lists else None
        if number is None:
            return "- "
        self.lists[-1] = number + 1
        return f"{number}. "

    def _separate(self) -> None:
        """A blank line before what comes next; lists have none inside."""
        self.blank_line_due = bool(self.lines) and not self.lists

    def _end_line(self) -> None:
        text = _squeezed("".join(self.line))
        self.line.clear()
        if self.link is not None:
            self.link = (self.link[0], 0)
        if not text:
            return
        if self.blank_line_due:
            self.lines.append("")
        indent = min(max(len(self.lists) - 1, 0), DEEPEST_INDENT)
        self.lines.append("  " * indent + self.marker + text)
        self.blank_line_due, self.marker = False, ""


def _is_unseen(tag: Tag) -> bool:
    return tag.name in _HIDDEN or _DISPLAY_NONE.search(tag.attribute("style")) is not None


def _squeezed(text: str) -> str:
    return _BLANK.sub(" ", text).strip()
