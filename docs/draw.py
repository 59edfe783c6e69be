"""Draws docs/architecture.svg and its dark twin: `make diagram` does, and a test holds that the committed files fit.

Only what is below has to change when the architecture does: BOXES, ARROWS and LEGEND. Standard library alone.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
WIDTH, HEIGHT = 1160, 668
TITLE = "Leadflow: what happens between the outside world, the functions and the table"
FONT = "-apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif"

# Colours by theme: canvas, text, quiet text, arrow, then fill and border of each kind of box.
THEMES: dict[str, dict[str, str]] = {
    "architecture.svg": {
        "canvas": "#ffffff", "text": "#1f2328", "quiet": "#57606a", "arrow": "#57606a",
        "outside": "#f6f8fa #afb8c1", "function": "#ddf4ff #54aeff", "passing": "#fff8c5 #d4a72c",
        "lasting": "#dafbe1 #2da44e", "group": "#f3fbf5 #2da44e",
    },
    "architecture-dark.svg": {
        "canvas": "#0d1117", "text": "#e6edf3", "quiet": "#9198a1", "arrow": "#9198a1",
        "outside": "#161b22 #484f58", "function": "#0c2d4d #388bfd", "passing": "#342a08 #bb8009",
        "lasting": "#0f2e1a #3fb950", "group": "#0d1f14 #2ea043",
    },
}  # fmt: skip


class Box(NamedTuple):
    """A rectangle: top left corner, size, kind (a colour), a title and lines of text below it."""

    x: int
    y: int
    width: int
    height: int
    kind: str
    title: str
    lines: tuple[str, ...] = ()


class Arrow(NamedTuple):
    """A line through points with a head at its end; the label's middle is at `at`."""

    points: tuple[tuple[int, int], ...]
    label: str = ""
    at: tuple[int, int] = (0, 0)


BOXES = (
    Box(24, 24, 184, 62, "outside", "Callers", ("HTTP with an API key",)),
    Box(236, 24, 184, 62, "outside", "Readers of mails", ("open, click, unsubscribe",)),
    Box(748, 24, 388, 62, "outside", "Mail provider (SendGrid)", ("locally the provider sandbox",)),
    Box(24, 146, 184, 92, "function", "API doors", ("one function per route,", "behind the authorizer")),
    Box(236, 146, 184, 92, "function", "Tracking doors", ("/t/…, public; the mail’s id", "is the token")),
    Box(440, 146, 156, 92, "function", "process_delivery", ("every entry of", "a delivery")),
    Box(618, 156, 102, 72, "passing", "Deliveries", ("queue of ids",)),
    Box(748, 146, 184, 92, "function", "Webhook door", ("checks the signature,", "stores, answers 2xx")),
    Box(952, 146, 184, 92, "function", "run_segment", ("actions until a wait", "or the end")),
    Box(24, 306, 908, 132, "group", "What must last"),
    Box(44, 340, 500, 80, "lasting", "The table", ("leads, templates, mails (ledger), workflows, versions,",
                                                    "runs with their cursor, logs, inbox, keys, due-index")),
    Box(562, 340, 108, 80, "lasting", "Stream", ("every change", "in order")),
    Box(688, 340, 106, 80, "lasting", "Bucket", ("large posts,", "leads’ files")),
    Box(812, 340, 106, 80, "lasting", "Secrets", ("KMS key,", "master secret")),
    Box(952, 306, 184, 268, "passing", "Workflow engine", ("Step Functions, one state", "machine for all workflows:",
                                                           "RunSegment → Choice →", "Wait → RunSegment", "",
                                                           "its input is a run’s id", "and number, nothing else")),
    Box(24, 482, 184, 92, "function", "reconcile", ("every 15 minutes: due and", "unattended → queues")),
    Box(236, 482, 184, 92, "function", "project_counters", ("totals of runs, exact",)),
    Box(440, 482, 168, 92, "function", "dispatch_changes", ("change → event →", "trigger → run")),
    Box(634, 492, 90, 72, "passing", "Starts", ("queue of ids",)),
    Box(748, 482, 184, 92, "function", "start_executions", ("named by run and number,", "so never started twice")),
)  # fmt: skip

ARROWS = (
    Arrow(((116, 86), (116, 146))),
    Arrow(((328, 86), (328, 146))),
    Arrow(((840, 86), (840, 146)), "signed events", (840, 118)),
    Arrow(((1044, 146), (1044, 86)), "claimed, then sent", (1044, 118)),
    Arrow(((116, 238), (116, 306))),
    Arrow(((328, 238), (328, 306))),
    Arrow(((518, 238), (518, 306))),
    Arrow(((840, 238), (840, 306)), "stored first", (840, 266)),
    Arrow(((748, 192), (720, 192))),
    Arrow(((618, 192), (596, 192))),
    Arrow(((1000, 238), (1000, 286), (900, 286), (900, 306)), "log + cursor", (952, 272)),
    Arrow(((1090, 306), (1090, 238))),
    Arrow(((616, 420), (616, 460), (524, 460), (524, 482))),
    Arrow(((524, 460), (328, 460), (328, 482))),
    Arrow(((116, 438), (116, 482)), "due-index", (160, 462)),
    Arrow(((608, 528), (634, 528))),
    Arrow(((724, 528), (748, 528))),
    Arrow(((932, 528), (952, 528))),
    Arrow(((116, 574), (116, 598), (679, 598), (679, 564)), "runs nobody is at, under their next number", (396, 598)),
)

LEGEND = (
    ("outside", "outside"),
    ("function", "Lambda functions; they keep nothing"),
    ("passing", "conveniences: may vanish at any moment, reconcile rebuilds their content"),
    ("lasting", "what must last"),
)


def draw(theme: dict[str, str]) -> str:
    """The picture as SVG text; the same input gives the same bytes."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'role="img" aria-label="{escape(TITLE)}" font-family="{escape(FONT)}">',
        f"<title>{escape(TITLE)}</title>",
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M0 0 8 4 0 8z" fill="{theme["arrow"]}"/></marker></defs>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="10" fill="{theme["canvas"]}"/>',
        *(_box(box, theme) for box in BOXES),
        *(_arrow(arrow, theme) for arrow in ARROWS),
        *_legend(theme),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _box(box: Box, theme: dict[str, str]) -> str:
    dashed = ' stroke-dasharray="5 4"' if box.kind == "passing" else ""
    fill, border = theme[box.kind].split()
    drawn = (
        f'<rect x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" rx="8" fill="{fill}" '
        f'stroke="{border}" stroke-width="1.5"{dashed}/>'
    )
    if box.kind == "group":
        return drawn + _text(box.x + 20, box.y + 22, box.title, theme["quiet"], 13, "start", bold=True)
    middle, line = box.x + box.width // 2, 17
    top = box.y + (box.height - line * (1 + len(box.lines))) // 2 + 13
    texts = [_text(middle, top, box.title, theme["text"], 14, "middle", bold=True)]
    for number, words in enumerate(box.lines, 1):
        texts.append(_text(middle, top + line * number, words, theme["quiet"], 12, "middle"))
    return drawn + "".join(texts)


def _arrow(arrow: Arrow, theme: dict[str, str]) -> str:
    path = " ".join(f"{x},{y}" for x, y in arrow.points)
    line = f'fill="none" stroke="{theme["arrow"]}" stroke-width="1.5"'
    drawn = f'<polyline points="{path}" {line} marker-end="url(#head)"/>'
    if not arrow.label:
        return drawn
    (x, y), width = arrow.at, len(arrow.label) * 6 + 14
    ground = f'<rect x="{x - width // 2}" y="{y - 9}" width="{width}" height="18" rx="4" fill="{theme["canvas"]}"/>'
    return drawn + ground + _text(x, y + 4, arrow.label, theme["quiet"], 11, "middle")


def _legend(theme: dict[str, str]) -> list[str]:
    parts, x = [], 24
    for kind, words in LEGEND:
        fill, border = theme[kind].split()
        parts.append(f'<rect x="{x}" y="628" width="16" height="16" rx="4" fill="{fill}" stroke="{border}"/>')
        parts.append(_text(x + 24, 640, words, theme["quiet"], 12, "start"))
        x += 24 + round(len(words) * 6.4) + 24
    return parts


def _text(x: int, y: int, words: str, colour: str, size: int, anchor: str, bold: bool = False) -> str:
    look = f'fill="{colour}" font-size="{size}" text-anchor="{anchor}"' + (' font-weight="600"' if bold else "")
    return f'<text x="{x}" y="{y}" {look}>{escape(words)}</text>'


if __name__ == "__main__":
    for name, colours in THEMES.items():
        (HERE / name).write_text(draw(colours), encoding="utf-8")
