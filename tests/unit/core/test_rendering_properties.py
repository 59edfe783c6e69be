"""Templates on values of every kind: no value breaks, escapes or acts."""

from __future__ import annotations

import dataclasses
import re
import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from leadflow.core.errors import InvalidInput
from leadflow.core.rendering import (
    check,
    compile,  # noqa: A004 - as re.compile
    lead_context,
    missing,
    render_header,
    safe_url,
    variables,
)

anything_typed = st.one_of(
    st.text(st.characters(exclude_categories=())),  # halves of characters included
    st.lists(st.sampled_from(["{{", "}}", "{%", "%}", " name ", "<", ">", '"', "'", "&lt;", "\r\n", "|", "\0"])).map(
        "".join
    ),
    st.sampled_from(["inf", "nan", "1e400", "now", "9" * 5_000, "javascript:x", "-1", "..", "__class__"]),
)
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), anything_typed),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(anything_typed, inner, max_size=4)),
    max_leaves=8,
)
STEPS = [
    "abs", "append:w", "at_least:w", "at_most:2", "capitalize", "ceil", "compact", "compact:w", "concat:l", "date:w",
    "date:w,w", "default:w", "divided_by:w", "downcase", "escape", "escape_once", "first", "floor", "join:w", "json",
    "last", "lstrip", "map:w", "minus:w", "modulo:w", "newline_to_br", "plus:w", "prepend:w", "remove:w",
    "remove_first:w", "remove_last:w", "replace:w", "replace:w,v", "replace_first:w,v", "replace_last:w,v", "reverse",
    "round", "round:w", "rstrip", "size", "slice:w,2", "sort", "sort:w", "sort_natural:w", "split:w", "squish", "strip",
    "strip_html", "strip_newlines", "times:w", "truncate:w,v", "truncatewords:w", "upcase", "url", "url_decode",
    "url_encode", "where:w,v",
]  # fmt: skip


@given(json_values, json_values, st.lists(st.sampled_from(STEPS), max_size=3), st.booleans())
def test_no_value_makes_a_rendering_fail(v: object, w: object, steps: list[str], html: bool) -> None:
    piped = "".join(f" | {step}" for step in steps)
    template = compile(
        "{{ v" + piped + " }}{% assign a = v" + piped + " %}{{ a }}"
        "{% if v > w or w < 1 or v contains w and w contains v or v <= w or v == w %}x{% endif %}"
        "{% case v %}{% when w %}{{ w }}{% endcase %}{{ v[w] }}{{ v.size }}{{ v.first }}{{ v.last }}"
        "{% for i in v limit: w offset: w %}{{ i }}{{ i[0] }}{% endfor %}",
        html=html,
    )
    values = {"v": v, "w": w, "l": [v, w]}
    assert isinstance(template.render(values), str)
    assert set(template.missing(values)) <= template.variables


@given(anything_typed, st.lists(st.sampled_from(STEPS), max_size=3))
def test_html_never_holds_a_values_own_markup(v: str, steps: list[str]) -> None:
    piped = "".join(f" | {step}" for step in steps)
    written = compile(
        "[{{ v" + piped + ' }}"{% capture c %}{{ v }}{% endcapture %}{{ c' + piped + " }}]", html=True
    ).render({"v": v, "w": v, "l": [v]})
    assert not re.search(r"[<>'\"]", written.replace("<br />", "").replace('"', "", 1))


@given(anything_typed)
def test_headers_are_one_line_of_visible_text(v: str) -> None:
    subject = render_header("Re: {{ v }}\n{{ v | upcase }}", {"v": v})
    assert not [character for character in subject if unicodedata.category(character) in ("Cc", "Zl", "Zp", "Cs")]
    assert subject == subject.strip()
    assert "  " not in subject


@given(st.text())
def test_values_come_out_literally_in_text(v: str) -> None:
    assert compile("{{ v }}", html=False).render({"v": v}) == v
    assert compile("{{ v }}", html=False).render({"v": "{{ v }}{% if v %}" + v}) == "{{ v }}{% if v %}" + v


@given(anything_typed)
def test_a_value_written_as_an_address_never_runs(v: str) -> None:
    for spaced in (v, f"javascript:{v}", f"\t{v}"):
        written = compile('<a href="{{ v }}">', html=True).render({"v": spaced})
        assert not re.match(r'<a href="[\s\x00-\x20]*javascript:', written, re.IGNORECASE)
        assert re.fullmatch(r"((https?|mailto):[^\s\x00-\x1f\"'<>]+)?", safe_url(spaced), re.IGNORECASE)


@given(anything_typed)
def test_any_source_is_either_refused_or_renders(source: str) -> None:
    try:
        check(source, "body", html=True)
        check(source, "body")
    except InvalidInput as refused:
        assert refused.errors[0][0] == "body"  # noqa: PT017 - nothing else may be raised
        return
    assert isinstance(compile(source, html=True).render({"name": "Ada"}), str)
    assert set(missing(source, {})) <= variables(source)


@given(st.dictionaries(st.sampled_from(["name", "email", "tags", "custom", "score", "x"]), json_values))
def test_any_record_makes_a_context(lead: dict[str, object]) -> None:
    context = lead_context(lead)
    source = "{{ name }}{{ first_name }}{{ last_name }}{{ lead.tags }}{{ custom.x }}{{ lead.custom }}{{ x }}"
    assert isinstance(compile(source, html=True).render(context), str)


PLACES = [*["v", "w", "o.v", "o.o.w", "v.w", 'o["a b"]'] * 2, "l.size", "l[0]", "v.size", "partial", "now"]
EDGES = st.sampled_from([" \n", False, True, "<b>&'", "x" * 1_001, "é" * 999, None, 10**40, [], {}])
FILTERS = [*["", ' | default: "<i>x</i>"'] * 3, " | default: w", " | upcase", ' | default: "a", allow_false: true']


@given(
    json_values | EDGES,
    json_values | EDGES,
    st.lists(
        st.tuples(st.sampled_from(PLACES), st.sampled_from(FILTERS), st.sampled_from(["", " - ", "\n<b>"])), max_size=2
    ),
    st.booleans(),
)
@example(" \n", False, [("v", ' | default: "<i>x</i>"', ""), ("w", ' | default: "<i>x</i>"', "")], True)
@example("text", {"v": 1}, [("v.w", "", ""), ("w.v", "", "")], True)
def test_the_short_way_writes_what_the_interpreter_writes(
    v: object, w: object, marks: list[tuple[str, str, str]], html: bool
) -> None:
    source = "".join(f"{{{{ {place}{steps} }}}}{between}" for place, steps, between in marks)
    values = {"v": v, "w": w, "l": [v, w], "o": {"v": v, "a b": w, "o": {"w": w}}}
    short = compile(source, html=html)
    long = dataclasses.replace(short, _segments=None)

    assert short.render(values) == long.render(values)
    assert short.at_spots(values) == long.at_spots(values)
