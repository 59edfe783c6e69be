"""Templates of mails, messages and workflow actions: standard Liquid in a sandbox.

`{{ name | default: "there" }}`, `{% if company %}`, `{% for tag in tags %}`, `{% assign %}`, `{% capture %}`,
`{% case %}`, `{% comment %}` and `{% raw %}` work, with most of Liquid's filters and our `url`, `json`, `date` (RFC
3339 times, an optional time zone) and `default` (blank text counts as nothing). There are no includes, no files, no
clock, no network. Values are data: Liquid or HTML in them is written out, never run.

No value makes a rendering fail: a filter that has no use for one yields nothing, a comparison that makes no sense is
false. Only limits do: 200 KB of source with 5,000 marks of 1,000 characters, 1 MB written, 10,000 loop turns and a
budget of work in one rendering.

In HTML every value is escaped, quotes included; a value may stand in text and in quoted attributes only (others are
refused when the template is written), and an address that would run (`javascript:`) is replaced by `#`.

This module costs nothing to import; python-liquid is loaded with the first template.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from leadflow.core.errors import InvalidInput
from leadflow.core.rendering.links import safe_url, without_harmful_links
from leadflow.core.rendering.plain_text import html_to_text
from leadflow.core.rendering.values import lead_context, plain

if TYPE_CHECKING:
    from liquid import BoundTemplate

    from leadflow.core.rendering.segments import Segments
    from leadflow.core.rendering.spots import Spot

Written = TypeVar("Written")

__all__ = [
    "Compiled",
    "check",
    "check_value",
    "clean_header",
    "compile",
    "html_to_text",
    "lead_context",
    "missing",
    "render_header",
    "render_value",
    "safe_url",
    "variables",
]

MAX_VALUE_NESTING = 50
SMALL_SOURCE = 10_000

# Control characters, line and paragraph separators, and the marks that turn the direction of writing.
_NOT_FOR_HEADERS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]+")


@dataclass(frozen=True, slots=True)
class Compiled:
    """A template that was read and checked, for any number of renderings, also at the same time.

    `variables` are the names it reads and does not set itself, by dotted path: `name`, `lead.company`, `custom.city`.
    """

    html: bool
    variables: frozenset[str]
    _roots: frozenset[str]
    _template: BoundTemplate
    _segments: Segments | None

    def render(self, context: Mapping[str, object]) -> str:
        """The text for these values; what is not among them is blank. Raises InvalidInput when a limit is passed."""
        text = self._segments.render(self._values(context)) if self._segments else None
        if text is None:
            text, _ = self._run(context, watch=False)
        return without_harmful_links(text) if self.html else text

    def missing(self, context: Mapping[str, object]) -> list[str]:
        """The variables that would leave a gap: blank where they are written, and without a default there.

        Only what is reached counts: a name inside `{% if name %}` is never missing. In order of appearance.
        """
        return self._run(context, watch=True)[1]

    def layout(self) -> tuple[str | Spot, ...]:
        """What the template always writes and, between, the spots where values decide."""
        from leadflow.core.rendering.spots import layout

        return layout(self._template)

    def at_spots(self, context: Mapping[str, object]) -> list[str]:
        """What is written at each spot of the layout for these values, escaped where `render` escapes.

        Addresses that would run are in it as they came: who puts them into an attribute judges them there. Raises
        InvalidInput as `render` does.
        """
        from leadflow.core.rendering.spots import run_spots

        written = self._segments.texts(self._values(context)) if self._segments else None
        if written is not None:
            return written
        return self._bounded(lambda values: run_spots(self._template, values), context)

    def _run(self, context: Mapping[str, object], *, watch: bool) -> tuple[str, list[str]]:
        from leadflow.core.rendering.sandbox import run

        return self._bounded(lambda values: run(self._template, values, watch=watch), context)

    def _values(self, context: Mapping[str, object]) -> dict[str, object]:
        return {root: plain(context[root]) for root in self._roots if root in context}

    def _bounded(self, do: Callable[[Mapping[str, object]], Written], context: Mapping[str, object]) -> Written:
        from liquid.exceptions import LiquidError, OutputStreamLimitError

        try:
            return do(self._values(context))
        except OutputStreamLimitError as error:
            raise InvalidInput("template", "comes out too long") from error
        except LiquidError as error:
            raise InvalidInput("template", str(error.message)) from error


def compile(source: str, *, html: bool, field: str = "template") -> Compiled:  # noqa: A001 - as re.compile
    """The template, from a cache when it was used lately. Raises InvalidInput on `field`, as `check` does."""
    from leadflow.core.rendering.survey import Fault

    try:
        return (_small if len(source) <= SMALL_SOURCE else _large)(source, html)
    except Fault as fault:
        raise InvalidInput(field, str(fault)) from fault


def check(source: str, field: str, *, html: bool = False) -> None:
    """Refuse a template that cannot be used: InvalidInput on `field`, naming the line and the reason."""
    compile(source, html=html, field=field)


def variables(source: str) -> set[str]:
    """The free variables of a template by dotted path, `{"name", "lead.company"}`; `tags.size` counts as `tags`."""
    return set(compile(source, html=False).variables)


def missing(source: str, context: Mapping[str, object]) -> list[str]:
    """The variables that would leave a gap for these values; see `Compiled.missing`."""
    return compile(source, html=False).missing(context)


def render_header(source: str, context: Mapping[str, object]) -> str:
    """A subject or a sender's name: one line of text, whatever the values are."""
    return clean_header(compile(source, html=False).render(context))


def clean_header(text: str) -> str:
    """One line: no control characters or line breaks, white space collapsed."""
    return " ".join(_NOT_FOR_HEADERS.sub(" ", text).split())


def render_value(value: object, context: Mapping[str, object]) -> object:
    """The same JSON with every text in it rendered (not as HTML); keys and other types stay.

    Raises InvalidInput for a template that cannot be used and for more than 50 levels.
    """
    return _each_text(value, "value", lambda text, where: compile(text, html=False, field=where).render(context))


def check_value(value: object, field: str) -> None:
    """Refuse JSON with a text that is not a usable template: InvalidInput on its path, such as `config.body.0`."""

    def checked(text: str, where: str) -> str:
        check(text, where)
        return text

    _each_text(value, field, checked)


@lru_cache(maxsize=512)
def _small(source: str, html: bool) -> Compiled:
    return _read(source, html)


@lru_cache(maxsize=16)
def _large(source: str, html: bool) -> Compiled:
    return _read(source, html)


def _read(source: str, html: bool) -> Compiled:
    from leadflow.core.rendering.segments import segments
    from leadflow.core.rendering.survey import read

    template, survey = read(source, html=html)
    plain_parts = segments(template, html=html)
    return Compiled(html, frozenset(survey.variables), frozenset(survey.roots), template, plain_parts)


def _each_text(value: object, where: str, change: Callable[[str, str], str], nesting: int = 0) -> object:
    """The JSON with each text that holds marks changed."""
    if isinstance(value, str):
        return change(value, where) if "{{" in value or "{%" in value else value
    if nesting > MAX_VALUE_NESTING:
        raise InvalidInput(where, f"is nested deeper than {MAX_VALUE_NESTING} levels")
    if isinstance(value, Mapping):
        return {key: _each_text(item, f"{where}.{key}", change, nesting + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_each_text(item, f"{where}.{index}", change, nesting + 1) for index, item in enumerate(value)]
    return value
