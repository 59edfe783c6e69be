"""A workflow's diagram as SVG and as Mermaid text: pure, and safe whatever names and configurations hold.

SVG is built as a tree of elements, so texts and attributes are escaped by the serialiser. Mermaid has no quoting of its
own: in labels everything but letters, digits and spaces is written as the code of its character
(https://mermaid.js.org/syntax/flowchart.html#entity-codes-to-escape-characters).
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as Xml

from leadflow.workflows.rules_layout import BOX_WIDTH, END, START, Box, Layout, Line

_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', Arial, sans-serif"
# Boxes are light with dark text and lines a middle grey, so the picture reads on light pages and on dark ones.
_INK, _QUIET, _LINE, _TAKEN = "#111827", "#4b5563", "#6b7280", "#16a34a"
_COLOURS = {
    None: ("#ffffff", "#6b7280"),
    "completed": ("#dcfce7", "#15803d"),
    "failed": ("#fee2e2", "#b91c1c"),
    "skipped": ("#f3f4f6", "#9ca3af"),
    "pending": ("#fef3c7", "#b45309"),
    "running": ("#fef3c7", "#b45309"),
}
_TITLE_LENGTH, _LINE_LENGTH, _LONGEST = 31, 38, 500
_LINE_HEIGHT, _HEADING = 17, 28
_PLAIN = frozenset(" ,.ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")


@dataclass(frozen=True)
class Label:
    """What a box says; `status` is a log's, None where nothing ran."""

    title: str
    lines: tuple[str, ...] = ()
    status: str | None = None


@dataclass(frozen=True)
class Picture:
    """A diagram: where things stand, what they say, which lines a run took."""

    name: str
    layout: Layout
    labels: Mapping[str, Label]
    taken: frozenset[tuple[str, str | None, str]] = frozenset()

    def is_taken(self, line: Line) -> bool:
        return (line.source, line.side, line.target) in self.taken


def box_height(labels: Sequence[Label]) -> float:
    """How high boxes have to be for these labels."""
    return _HEADING + _LINE_HEIGHT * max((len(label.lines) for label in labels), default=0) + 6


def clipped(text: str, length: int) -> str:
    """The text on one line, at most `length` wide (a wide character counts twice), without what XML cannot hold."""
    text = " ".join(_clean(text).split())
    used = 0
    for place, character in enumerate(text):
        used += 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if used > length:
            return text[: max(0, place - 1)] + "…"
    return text


def to_svg(picture: Picture) -> str:
    """The picture as a document of its own."""
    width, height = picture.layout.width, picture.layout.height
    root = Xml.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "width": _number(width),
            "height": _number(height),
            "viewBox": f"0 0 {_number(width)} {_number(height)}",
            "font-family": _FONT,
            "role": "img",
        },
    )
    _text_of(root, "title", clipped(picture.name, _LONGEST))
    _arrow_heads(root)
    for line in sorted(picture.layout.lines, key=picture.is_taken):
        _draw_line(root, line, picture.is_taken(line))
    for box in picture.layout.boxes:
        _draw_box(root, box, picture.layout.box_height, picture.labels[box.id])
    return Xml.tostring(root, encoding="unicode") + "\n"


def to_mermaid(picture: Picture) -> str:
    """The picture as Mermaid flowchart text."""
    names = {box.id: f"n{number}" for number, box in enumerate(picture.layout.boxes)}
    title = json.dumps(clipped(picture.name, _LONGEST), ensure_ascii=False).replace("%", "\\u0025")
    rows = ["---", f"title: {title}", "---", "flowchart TD"]
    rows += [f"  {names[box.id]}{_shaped(box.id, picture.labels[box.id])}" for box in picture.layout.boxes]
    for line in picture.layout.lines:
        side = f"|{line.side}|" if line.side else ""
        rows.append(f"  {names[line.source]} -->{side} {names[line.target]}")
    for status, (fill, stroke) in _COLOURS.items():
        ids = [names[one] for one, label in picture.labels.items() if status and label.status == status]
        if ids:
            rows.append(f"  classDef {status} fill:{fill},stroke:{stroke},color:{_INK}")
            rows.append(f"  class {','.join(ids)} {status}")
    taken = [str(number) for number, line in enumerate(picture.layout.lines) if picture.is_taken(line)]
    if taken:
        rows.append(f"  linkStyle {','.join(taken)} stroke:{_TAKEN},stroke-width:3px")
    return "\n".join(rows) + "\n"


def _shaped(box_id: str, label: Label) -> str:
    text = "<br/>".join(_coded(clipped(line, 80)) for line in (label.title, *label.lines))
    return f'(["{text}"])' if box_id in (START, END) else f'["{text}"]'


def _coded(text: str) -> str:
    return "".join(one if one in _PLAIN or ord(one) > 127 else f"#{ord(one)};" for one in text)


def _clean(text: str) -> str:
    """Without control characters, halves of surrogate pairs and marks that turn the direction of writing."""
    return "".join(" " if unicodedata.category(one) in ("Cc", "Cs", "Cn") or one in _TURNING else one for one in text)


_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _arrow_heads(root: Xml.Element) -> None:
    place = Xml.SubElement(root, "defs")
    for name, colour in (("arrow", _LINE), ("arrow-taken", _TAKEN)):
        marker = {"id": name, "viewBox": "0 0 8 8", "refX": "7", "refY": "4", "markerWidth": "8", "markerHeight": "8"}
        head = Xml.SubElement(place, "marker", {**marker, "markerUnits": "userSpaceOnUse", "orient": "auto"})
        Xml.SubElement(head, "path", {"d": "M0 0L8 4L0 8z", "fill": colour})


def _draw_line(root: Xml.Element, line: Line, taken: bool) -> None:
    colour = _TAKEN if taken else _LINE
    attributes = {
        "points": " ".join(f"{_number(x)},{_number(y)}" for x, y in line.points),
        "fill": "none",
        "stroke": colour,
        "stroke-width": "3" if taken else "1.5",
        "stroke-linejoin": "round",
        "marker-end": "url(#arrow-taken)" if taken else "url(#arrow)",
    }
    Xml.SubElement(root, "polyline", attributes)
    if line.side and line.label_at:
        _words(root, line.side, *line.label_at, size=12, colour=colour, weight="600")


def _draw_box(root: Xml.Element, box: Box, height: float, label: Label) -> None:
    fill, stroke = _COLOURS[label.status]
    group = Xml.SubElement(root, "g", {"class": label.status or "planned"})
    _text_of(group, "title", clipped(" · ".join((label.title, *label.lines)), _LONGEST))
    attributes = {
        "x": _number(box.x),
        "y": _number(box.y),
        "width": str(BOX_WIDTH),
        "height": _number(height),
        "rx": _number(height / 2) if box.id in (START, END) else "8",
        "fill": fill,
        "stroke": stroke,
        "stroke-width": "1.5",
    }
    if label.status == "skipped":
        attributes["stroke-dasharray"] = "5 4"
    Xml.SubElement(group, "rect", attributes)
    # A short label stands in the middle of its box.
    y = box.y + (height - 6 - _HEADING - _LINE_HEIGHT * len(label.lines)) / 2
    _words(group, clipped(label.title, _TITLE_LENGTH), box.middle, y + 21, size=14, weight="600", anchor="middle")
    for number, line in enumerate(label.lines, start=1):
        shown = clipped(line, _LINE_LENGTH)
        at = y + 21 + _LINE_HEIGHT * number
        _words(group, shown, box.middle, at, size=12, colour=_QUIET, anchor="middle")


def _words(
    parent: Xml.Element,
    text: str,
    x: float,
    y: float,
    *,
    size: int,
    colour: str = _INK,
    weight: str = "400",
    anchor: str = "start",
) -> None:
    attributes = {"x": _number(x), "y": _number(y), "font-size": str(size), "font-weight": weight, "fill": colour}
    _text_of(parent, "text", text, {**attributes, "text-anchor": anchor})


def _text_of(parent: Xml.Element, tag: str, text: str, attributes: Mapping[str, str] | None = None) -> None:
    Xml.SubElement(parent, tag, dict(attributes or {})).text = text


def _number(value: float) -> str:
    return f"{value:g}" if abs(value) < 1e5 else f"{value:.1f}"
