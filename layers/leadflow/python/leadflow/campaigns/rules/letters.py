"""One template's mails taken apart: what all of them share, and the values that are one person's alone.

A letter is made once for a template. Footer, links and plain text are worked out on it with marks in the places of
values, so that a mail costs no more than its values. A letter cannot be made of every template (conditions around
attributes, elements that begin in one condition and end in another): such mails are composed one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import unescape
from typing import Protocol

from leadflow.campaigns.rules import content
from leadflow.campaigns.rules.content import Link
from leadflow.core.rendering import Compiled, html_to_text
from leadflow.core.rendering.links import ADDRESS_ATTRIBUTES, without_harmful_links
from leadflow.core.rendering.markup import VOID, Attribute, Tag, Text, pieces
from leadflow.core.rendering.shapes import Shape
from leadflow.core.rendering.spots import Spot

# What is the same in all mails made of one letter, the links of the mail itself included.
SHARED_NAMES = frozenset({"postal_address", "unsubscribe_url", "view_url", "now"})
MAIL_ID = 0
_SPOT, _PLACE, _END = "\ue000", "\ue001", "\ue002"
_SPOT_MARK = re.compile(f"{_SPOT}([0-9]+){_END}")
_PLACE_MARK = re.compile(f"{_PLACE}([0-9]+){_END}")
_RUN = re.compile(f"(?:{_PLACE}[0-9]+{_END})+")
_BEFORE_ADDRESS = "http:"
_SHOWN_ADDRESS = re.compile(f"(?P<open> \\()?{_BEFORE_ADDRESS}{_PLACE}(?P<number>[0-9]+){_END}(?(open)\\)| ?)")
_ALONE = re.compile(f"(?m)^{_PLACE}([0-9]+){_END}\n+")
_ENDS = re.compile("[<>\"']")
_BLANK = re.compile(r"[ \t\r\n\f\v\xa0]+")
_SHOWABLE = ("http:", "https:", "mailto:", "tel:")
_MAILTO = re.compile(r"mailto:", re.IGNORECASE)
# So many different texts of one condition are kept at hand.
_MOST_KEPT = 1_000


class Unshared(Exception):
    """A mail that the letter cannot say: it is to be composed by itself."""


@dataclass(frozen=True)
class Values:
    """What of a mail is its own: the values that go into the letter, the mail's id first, and where its links lead.

    The letter's links come first among the links.
    """

    texts: tuple[str, ...]
    links: tuple[Link, ...]


@dataclass(frozen=True)
class Letter:
    """What the mails of a template share: the page, the same as it is sent, the plain text, and the first links."""

    page: Shape
    html: Shape
    text: Shape
    links: tuple[Link, ...]


@dataclass
class Maker:
    """Makes the values of mails for its letter. `mark` stands for a mail's id where a template writes it."""

    letter: Letter
    mark: str
    base: str
    writers: tuple[_Writer, ...]
    runs: tuple[_Run, ...]

    def values(self, mail_id: str, written: Sequence[str]) -> Values:
        """The values of a mail from what its template writes at its spots. Raises Unshared."""
        written = [text.replace(self.mark, mail_id) if self.mark in text else text for text in written]
        base = self.base.replace(self.mark, mail_id)
        texts, links = [mail_id], list(self.letter.links)
        for writer in self.writers:
            said, led = writer.write(written, base, len(links) + 1)
            texts += said
            links += led
        for run in self.runs:
            run.settle(texts)
        return Values(tuple(texts), tuple(links))


@dataclass(frozen=True)
class _Run:
    """Places side by side in the plain text, and the characters around them, if there are any."""

    positions: tuple[int, ...]
    before: str
    after: str

    def settle(self, texts: list[str]) -> None:
        """Takes away the blanks and line breaks at the edges of these texts that are there already."""
        said, last = self.before or "\n", None
        for position in self.positions:
            text = texts[position]
            texts[position] = text.lstrip(" \n") if said[-1] == "\n" else text.lstrip(" ") if said[-1] == " " else text
            if texts[position]:
                said, last = texts[position], position
        if last is not None and (self.after or "\n") in " \n":
            texts[last] = texts[last].rstrip(" " if self.after == " " else " \n")


class _Writer(Protocol):
    """One place of values in the page, as it is sent and as it is read, and in the plain text."""

    position: int
    size: int

    def write(self, written: Sequence[str], base: str, link: int) -> tuple[tuple[str, ...], list[Link]]:
        """The `size` values from `position` on: first for the page as sent, last for the text; and the links in it.

        The first of these links gets the number `link`. Raises Unshared.
        """


@dataclass
class _Value:
    """A value, or a condition without markup. `after` follows what stands in a line of its own, if there is any."""

    position: int
    spot: int
    after: str = ""
    size: int = 2

    def write(self, written: Sequence[str], base: str, link: int) -> tuple[tuple[str, ...], list[Link]]:  # noqa: ARG002
        html = written[self.spot]
        text = _BLANK.sub(" ", unescape(html))
        if self.after:
            text = text.strip() and text.strip() + self.after
        return (html, text), []


@dataclass
class _Address:
    """An attribute that holds an address; one of a link is `followed`. `parts` are fixed texts and spots."""

    position: int
    name: str
    parts: Shape
    followed: bool
    shown_after: bool = True
    size: int = 3

    def write(self, written: Sequence[str], base: str, link: int) -> tuple[tuple[str, ...], list[Link]]:
        raw = "".join(part if isinstance(part, str) else written[part] for part in self.parts)
        start = f'{self.name}="'
        page = without_harmful_links(f'{start}{raw}"')[len(start) : -1]
        if not self.followed:
            return (page, page, ""), []
        address = unescape(page).strip()
        led = content.followed(address, base=base, fixed=())
        html = page if led is None else f"{base}/c/{link}"
        return (html, page, self._said(address)), [] if led is None else [led]

    def _said(self, address: str) -> str:
        if not address.lower().startswith(_SHOWABLE):
            return ""
        said = _MAILTO.sub("", address)
        return f" ({said})" if self.shown_after else f"{said} "


@dataclass
class _Fragment:
    """A condition or loop with markup in it. Its text begins and ends as it would between other words."""

    position: int
    spot: int
    after: str = ""
    size: int = 3
    _kept: dict[tuple[str, str, int], tuple[tuple[str, ...], list[Link]]] = field(default_factory=dict)

    def write(self, written: Sequence[str], base: str, link: int) -> tuple[tuple[str, ...], list[Link]]:
        raw = written[self.spot]
        # What holds no link is the same in every mail.
        key = (raw, base, link) if "<a" in raw or "<A" in raw else (raw, "", 0)
        if key not in self._kept:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[key] = self._made(raw, base, link)
        return self._kept[key]

    def _made(self, raw: str, base: str, link: int) -> tuple[tuple[str, ...], list[Link]]:
        page = without_harmful_links(raw)
        if not _is_whole(page):
            raise Unshared
        html, led = content.led_through_us(page, base=base, fixed=(), first=link)
        said = html_to_text(f"{_SPOT}{page}{_END}").partition(_SPOT)[2].rpartition(_END)[0]
        if self.after:
            said = said.strip() and said.strip() + self.after
        return (html, page, said), led


def maker(body: Compiled, shared: Mapping[str, object], *, base: str, mark: str) -> Maker:
    """The letter of a template, and the means to make mails of it.

    `shared` are the values of SHARED_NAMES, and `base` is the address of a mail's routes; `mark` stands in both for
    the mail's id. Raises Unshared when the template has no letter, InvalidInput when it passes a limit of rendering.
    """
    draft = _Draft(body, shared)
    page = draft.with_addresses()
    page = content.with_footer(
        without_harmful_links(page),
        postal_address=_text_or_none(shared.get("postal_address")),
        unsubscribe_url=f"{base}/unsubscribe",
    )
    html, links = content.tracked(page, base=base, fixed=_fixed_addresses(page))
    text = draft.plain_text(page)
    shapes = [_shape(shape, mark) for shape in (draft.placed(html, 0), draft.placed(page, 1), draft.placed(text, 2))]
    letter = Letter(html=shapes[0], page=shapes[1], text=shapes[2], links=tuple(links))
    return Maker(letter, mark, base, tuple(draft.writers), draft.runs(text))


class _Draft:
    """A letter in the making: its page with a mark for every place of values, and what writes those."""

    def __init__(self, body: Compiled, shared: Mapping[str, object]) -> None:
        layout = body.layout()
        fixed = "".join(part if isinstance(part, str) else part.markup for part in layout)
        if any(sign in fixed for sign in (_SPOT, _PLACE, _END)):
            raise Unshared
        said = body.at_spots(shared)
        self.spots = [part for part in layout if isinstance(part, Spot)]
        self.writers: list[_Value | _Address | _Fragment] = []
        self.next_position = MAIL_ID + 1
        numbers = iter(range(len(self.spots)))
        self.page = "".join(part if isinstance(part, str) else self._spot(next(numbers), said) for part in layout)

    def _spot(self, number: int, said: Sequence[str]) -> str:
        """What stands in the page for a spot: what it says in every mail, or a mark."""
        if self.spots[number].names <= SHARED_NAMES:
            return said[number]
        return f"{_SPOT}{number}{_END}"

    def with_addresses(self) -> str:
        """The page with a place of values for each spot, and one for each whole address that has spots in it."""
        parts: list[str] = []
        position = 0
        for tag, attribute in self._marked_attributes():
            parts.append(self.page[position : attribute.start])
            followed = tag.name == "a" and attribute.name == "href"
            if followed or attribute.name.endswith(ADDRESS_ATTRIBUTES):
                pieces_of_it = _split(attribute.value, _SPOT_MARK)
                parts.append(self._place(_Address(self.next_position, attribute.name, pieces_of_it, followed)))
            else:
                parts.append(_SPOT_MARK.sub(self._value, attribute.value))
            position = attribute.start + len(attribute.value)
        parts.append(self.page[position:])
        return _SPOT_MARK.sub(self._value_or_fragment, "".join(parts))

    def plain_text(self, page: str) -> str:
        """The plain text of the page, with a mark for each place."""
        addresses = "|".join(str(n) for n, writer in enumerate(self.writers) if isinstance(writer, _Address))
        if addresses:
            page = re.sub(f"({_PLACE}(?:{addresses}){_END})", rf"{_BEFORE_ADDRESS}\1", page)
        text = _SHOWN_ADDRESS.sub(self._shown_address, html_to_text(page) + "\n")
        return _ALONE.sub(self._alone, text).rstrip("\n")

    def runs(self, text: str) -> tuple[_Run, ...]:
        """The runs of places in the plain text that have a condition or loop with markup among them."""
        found = []
        for run in _RUN.finditer(text):
            writers = [self.writers[int(number)] for number in _PLACE_MARK.findall(run[0])]
            if any(isinstance(writer, _Fragment) and not writer.after for writer in writers):
                positions = tuple(writer.position + writer.size - 1 for writer in writers)
                found.append(_Run(positions, text[: run.start()][-1:], text[run.end() :][:1]))
        return tuple(found)

    def placed(self, text: str, what: int) -> Shape:
        """A text as a shape: fixed parts and positions of values, for the page as sent (0) or read (1), or text (2)."""

        def position(number: int) -> int:
            writer = self.writers[number]
            return writer.position + (0 if what == 0 else writer.size - 1 if what == 2 else writer.size - 2)

        return tuple(part if isinstance(part, str) else position(part) for part in _split(text, _PLACE_MARK))

    def _marked_attributes(self) -> Iterator[tuple[Tag, Attribute]]:
        """Attributes with spots in them. Raises Unshared for spots where only the whole page says what they do."""
        in_text: set[str] = set()
        for piece in pieces(self.page):
            if isinstance(piece, Text):
                in_text.update(() if piece.raw else _SPOT_MARK.findall(piece.text))
                continue
            if _SPOT in piece.name or any(_SPOT in attribute.name for attribute in piece.attributes):
                raise Unshared
            for attribute in piece.attributes:
                if _SPOT in attribute.value:
                    self._check_attribute(attribute)
                    yield piece, attribute
        for number, spot in enumerate(self.spots):
            if "<" in spot.markup and not spot.names <= SHARED_NAMES and str(number) not in in_text:
                raise Unshared

    def _check_attribute(self, attribute: Attribute) -> None:
        """Raises Unshared for an attribute that a condition may end or that decides what is shown."""
        spots = [self.spots[int(number)] for number in _SPOT_MARK.findall(attribute.value)]
        if not attribute.quoted or attribute.name == "style" or any(_ENDS.search(spot.markup) for spot in spots):
            raise Unshared

    def _value(self, match: re.Match[str]) -> str:
        return self._place(_Value(self.next_position, int(match[1])))

    def _value_or_fragment(self, match: re.Match[str]) -> str:
        number = int(match[1])
        kind = _Fragment if "<" in self.spots[number].markup else _Value
        return self._place(kind(self.next_position, number))

    def _place(self, writer: _Value | _Address | _Fragment) -> str:
        self.writers.append(writer)
        self.next_position += writer.size
        return f"{_PLACE}{len(self.writers) - 1}{_END}"

    def _shown_address(self, match: re.Match[str]) -> str:
        writer = self.writers[int(match["number"])]
        if isinstance(writer, _Address):
            writer.shown_after = match["open"] is not None
        return f"{_PLACE}{match['number']}{_END}"

    def _alone(self, match: re.Match[str]) -> str:
        """A place in a line of its own takes the line's end with it, so that nothing stays where it has no text."""
        writer = self.writers[int(match[1])]
        if isinstance(writer, _Address):
            return match[0]
        mark = f"{_PLACE}{match[1]}{_END}"
        writer.after = match[0][len(mark) :]
        return mark


def _split(text: str, mark: re.Pattern[str]) -> Shape:
    """The text between marks, and the numbers in them."""
    parts = mark.split(text)
    return tuple(int(part) if index % 2 else part for index, part in enumerate(parts) if index % 2 or part)


def _shape(shape: Shape, mark: str) -> Shape:
    """The shape with the mail's id where its mark stands."""
    parts: list[str | int] = []
    for part in shape:
        if isinstance(part, int):
            parts.append(part)
            continue
        first, *others = part.split(mark)
        parts += [first] if first else []
        for other in others:
            parts += [MAIL_ID, other] if other else [MAIL_ID]
    return tuple(parts)


def _is_whole(html: str) -> bool:
    """Whether every element that begins in this part of a page ends in it, and none ends that began elsewhere."""
    open_tags: list[str] = []
    for piece in pieces(html):
        if isinstance(piece, Text) or piece.name in VOID:
            continue
        if not piece.closing:
            open_tags.append(piece.name)
        elif not open_tags or open_tags.pop() != piece.name:
            return False
    return not open_tags and html.count("<") == html.count(">")


def _fixed_addresses(page: str) -> frozenset[str]:
    tags = (piece for piece in pieces(page) if isinstance(piece, Tag) and piece.name == "a")
    return frozenset(tag.attribute("href").strip() for tag in tags)


def _text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) else None
