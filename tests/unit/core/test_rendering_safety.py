"""Nothing a person typed acts, nothing an author writes runs away."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from markupsafe import Markup

from leadflow.core.errors import InvalidInput
from leadflow.core.rendering import check, compile, safe_url  # noqa: A004 - as re.compile
from leadflow.core.rendering.markup import Tag, pieces


def html(source: str, /, **values: object) -> str:
    return compile(source, html=True).render(values)


class TestEscaping:
    def test_values_are_escaped_quotes_included_and_the_templates_own_text_is_not(self) -> None:
        assert html('<b title="{{ v }}">{{ v }} & co</b>', v="<i>\"'&") == (
            '<b title="&lt;i&gt;&#34;&#39;&amp;">&lt;i&gt;&#34;&#39;&amp; & co</b>'
        )

    @pytest.mark.parametrize(
        "source",
        [
            "{{ v }}",
            "{{ v | upcase }}{{ v | append: v }}{{ 'x' | append: v }}{{ v | prepend: 'y' }}",
            "{{ l }}{{ l | join: '-' }}{{ l | join }}{{ l | join: v }}{{ d }}{{ d | json }}{{ l | first }}",
            "{% capture c %}{{ v }}{% endcapture %}{{ c }}{{ c | upcase }}{{ c | split: '' | join }}{{ c | slice: 1 }}",
            "{% assign a = v %}{{ a }}{{ a | replace: 'x', v }}{{ 'x' | replace: 'x', v }}",
            "{{ v | escape_once }}{{ v | newline_to_br }}{{ v | strip_newlines }}{{ v | url_encode | url_decode }}",
            "{% capture c %}{{ v | url_encode }}{% endcapture %}{{ c | url_decode }}{{ v | strip_html }}",
            "{{ none | default: v }}{{ v | default: 'x' }}",
            "{% for x in l %}{{ x }}{{ x | truncate: 8 }}{% endfor %}{% for p in d %}{{ p }}{{ p[0] }}{% endfor %}",
            "{{ v | date: v }}{{ v | size }}{{ v | split: ' ' }}{{ v | truncatewords: 1, v }}",
        ],
    )  # fmt: skip
    def test_no_way_through_the_language_lifts_the_escaping(self, source: str) -> None:
        script = "<script>x</script>"
        claimed = Markup(script)  # noqa: S704 - that is the attack
        for value in (script, claimed, "<script ", "%3Cscript%3E", "&lt;script&gt;"):
            written = html(source, v=value, l=[value, value], d={str(value): value})
            assert "<script" not in written.lower()
            assert "<" not in written.replace("<br />", "")

    def test_objects_that_claim_to_be_html_are_not_believed(self) -> None:
        class Claims:
            def __html__(self) -> str:
                return "<script>"

            def __str__(self) -> str:
                return "<plain>"

        assert html("{{ v }}{{ m }}", v=Claims(), m=Markup("<b>")) == "&lt;plain&gt;&lt;b&gt;"

    def test_attributes_and_methods_of_objects_are_out_of_reach(self) -> None:
        for path in ("v.__class__", "v.upper", "v['__class__']", "d.items", "d.__class__.__mro__", "l.append"):
            assert html("[{{ " + path + " }}]", v="x", d={}, l=[]) == "[]"

    @pytest.mark.parametrize(
        ("source", "words"),
        [
            ("<td width={{ w }}>", "width needs quotes"),
            ("<a href = {{ w }} >x</a>", "href needs quotes"),
            ("<a href=https://x.test/{{ w }}>x</a>", "href needs quotes"),
            ("<p {{ w }}>", "needs an attribute"),
            ("<p data-{{ w }}='1'>", "needs an attribute"),
            ("<{{ w }}>", "name of a tag"),
            ("</{{ w }}>", "name of a tag"),
            ("<h{{ w }}>", "name of a tag"),
            ("<p onclick=\"go('{{ w }}')\">", "onclick"),
            ("<iframe srcdoc='{{ w }}'>", "srcdoc"),
            ("<script>var x = '{{ w }}'</script>", "script"),
            ("<p{% if w %} class={{ w }}{% endif %}>", "class needs quotes"),
            ("{% capture c %}<p class={{ w }}>{% endcapture %}", "class needs quotes"),
        ],
    )
    def test_places_where_escaping_would_not_hold_are_refused(self, source: str, words: str) -> None:
        with pytest.raises(InvalidInput, match=words):
            check(source, "body", html=True)
        check(source, "subject")

    def test_usual_places_are_fine(self) -> None:
        for source in (
            "<td width='{{ w }}' {% if w %}class=\"a {{ w }}\"{% endif %} style='color:{{ w }}'>{{ w }}</td>",
            "<style>.x { color: {{ w }} }</style><title>{{ w }}</title><!-- {{ w }} --> 1 < {{ w }} > 2",
            "<!--[if mso]><v:rect fill={{ w }}><![endif]--><a title='it is \"{{ w }}\"'>",
        ):
            check(source, "body", html=True)


HARMFUL = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " \x01javascript:alert(1)",
    "java\nscript:alert(1)",
    "java\tscript\r\n:alert(1)",
    "java\x00script:alert(1)",
    "java\u200bscript:alert(1)",
    "\xa0javascript:alert(1)",
    "vbscript:msgbox(1)",
    "data:text/html,<script>alert(1)</script>",
    "data:image/svg+xml;base64,AAAA",
    "file:///etc/passwd",
    "view-source:javascript:alert(1)",
]


class TestAddresses:
    @pytest.mark.parametrize("address", HARMFUL)
    def test_what_would_run_is_no_address(self, address: str) -> None:
        assert safe_url(address) == ""
        for source in (
            '<a href="{{ v }}">x</a>',
            "<a  HREF = '{{ v }}'>x</a>",
            '<a class="c" href="\n {{ v }}">x</a>',
            '<form action="{{ v }}">',
            '<button formaction="{{ v }}">',
            '<svg><a xlink:href="{{ v }}">x</a></svg>',
            '<a href="{% if true %}{{ v }}{% endif %}">x</a>',
            "{% assign t = '<a href=\"' | append: v | append: '\">x</a>' %}{{ t }}",
        ):
            written = html(source, v=address)
            assert "script:" not in written.replace("\n", "")
            assert '"#"' in written
            assert safe_url(address) == html("{{ v | url }}", v=address)

    def test_it_cannot_be_put_together_from_parts_or_entities(self) -> None:
        assert html('<a href="{{ a }}{{ b }}">', a="java", b="script:x") == '<a href="#">'
        assert html('<a href="&#106;avascript&colon;{{ a }}">', a="x") == '<a href="#">'
        assert html("<a href=javascript:x>{{ a }}", a="x") == '<a href="#">x'

    @pytest.mark.parametrize(
        "address",
        [
            "https://x.test/a?b=1:2#c",
            "HTTP://x.test",
            "mailto:a@x.test?subject=a:b",
            "tel:+1",
            "/a:b",
            "#a:b",
            "a/b",
            "",
        ],
    )
    def test_other_addresses_stay(self, address: str) -> None:
        assert html('<a href="{{ v }}" title="javascript: a language">', v=address) == (
            f'<a href="{address}" title="javascript: a language">'
        )

    def test_pictures_may_be_inline(self) -> None:
        picture = "data:image/png;base64,iVBORw0KGgo="
        assert html('<img src="{{ v }}">', v=picture) == f'<img src="{picture}">'
        assert html('<a href="{{ v }}">', v=picture) == '<a href="#">'

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (" https://x.test/a b ", "https://x.test/a%20b"),
            ("https://x.test/\r\nSet-Cookie: a", "https://x.test/Set-Cookie:%20a"),
            ('https://x.test/"><script>', "https://x.test/%22%3E%3Cscript%3E"),
            ("HTTPS://X.test", "HTTPS://X.test"),
            ("mailto:ada@example.com", "mailto:ada@example.com"),
            ("https://", ""),
            ("https:x.test", ""),
            ("https:///x", ""),
            ("//x.test", ""),
            ("x.test", ""),
            ("mailto:", ""),
            ("ftp://x.test", ""),
            ("http://[::1", ""),
            ("", ""),
            (None, ""),
            (5, ""),
            (["https://x.test"], ""),
        ],
    )
    def test_safe_url(self, value: object, expected: str) -> None:
        assert safe_url(value) == expected


RUNAWAYS: list[tuple[str, dict[str, object]]] = [
    ("{% for i in (1..10001) %}{% endfor %}", {}),
    ("{% for i in (1..n) reversed %}{{ i }}{% endfor %}", {"n": 10**12}),
    ("{% for i in (1..99999999999999999999999) offset: 9999999999 %}{% endfor %}", {}),
    ("{% for i in (1..101) %}{% for j in (1..100) %}{% endfor %}{% endfor %}", {}),
    ("{% for i in (1..6000) %}{% endfor %}{% for i in (1..6000) %}{% endfor %}", {}),
    ("{% for i in l %}{% endfor %}", {"l": list(range(10_001))}),
    ("{% for i in (1..9000) %}" + "{% if true %}{% endif %}" * 100 + "{% endfor %}", {}),
    ("{% for i in (1..9000) %}" + "{{ a }}" * 100 + "{% endfor %}", {}),
    ("{% for i in (1..9000) %}" + "{% if a or b or c or d or e or f or g or h %}{% endif %}" * 9 + "{% endfor %}", {}),
    ("{% assign a = 'xxxxxxxxxx' %}{% for i in (1..100) %}{% assign a = a | append: a %}{% endfor %}", {}),
    ("{% for i in (1..100) %}{% capture a %}{{ a }}{{ a }}xxxxxxxxxx{% endcapture %}{% endfor %}", {}),
    ("{{ 'aaaaaaaaaa'" + " | replace: 'a', 'aaaaaaaaaa'" * 9 + " }}", {}),
    ("{{ v | replace: 'a', v }}", {"v": "a" * 60_000}),
    ("{{ l | join: v }}", {"l": ["a"] * 10_000, "v": "a" * 300_000}),
    ("{% for i in (1..9000) %}{% capture a %}" + "x" * 100_000 + "{% endcapture %}{% endfor %}", {}),
    ("{% assign l = 'a,b' | split: ',' %}{% for i in (1..100) %}{% assign l = l | concat: l %}{% endfor %}", {}),
    ("{% for i in (1..9000) %}{% assign x = v | upcase %}{% endfor %}", {"v": "a" * 100_000}),
    ("{% for i in (1..400) %}{{ v" + " | upcase" * 90 + " | size }}{% endfor %}", {"v": "a" * 100_000}),
    ("{{ v | url_encode | size }}", {"v": "é" * 300_000}),
    ("{{ v | split: '' | size }}", {"v": "a" * 20_000}),
    ("{% for i in (1..9000) %}{% if v == w %}{% endif %}{% endfor %}", {"v": "a" * 100_000, "w": "a" * 100_000}),
    ("{{ v }}{{ v }}", {"v": "é" * 250_001}),
    ("x" * 150_000 + "{{ v }}", {"v": "a" * 900_000}),
    ("{% case 1 %}{% when 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 %}" * 19 + "x" + "{% endcase %}" * 19, {}),
]


class TestLimits:
    @pytest.mark.parametrize(("source", "values"), RUNAWAYS, ids=[source[:60] for source, _ in RUNAWAYS])
    def test_what_would_not_end_or_fill_the_memory_is_stopped(self, source: str, values: dict[str, object]) -> None:
        compiled = compile(source, html=False)
        for render in (compiled.render, compiled.missing):
            with pytest.raises(InvalidInput) as refused:
                render(values)
            assert refused.value.errors[0][0] == "template"

    def test_work_within_the_limits_is_done(self) -> None:
        assert len(html("{% for i in (1..10000) %}x{% endfor %}")) == 10_000
        assert len(html("{% for i in (1..99) %}{% for j in (1..100) %}y{% endfor %}{% endfor %}")) == 9_900
        assert len(html("{{ v }}", v="a" * 1_000_000)) == 1_000_000
        assert html("{{ n | times: n }}", n=10**20) == str(10**40)

    def test_numbers_do_not_grow_without_end(self) -> None:
        grown = html("{% for i in (1..60) %}{% assign n = n | times: n | default: 0 %}{% endfor %}{{ n }}", n=9)
        assert grown == "0"
        assert html("[{{ '1e400' | times: 2 }}{{ 'nan' | plus: 1 }}]") == "[]"
        assert html("[{{ n }}{{ f }}{{ g }}]", n=10**200, f=float("inf"), g=float("nan")) == "[]"

    def test_deep_values_are_cut_off(self) -> None:
        deep: object = "x"
        for _ in range(5_000):
            deep = [deep]
        assert "x" not in html("{{ deep | json }}", deep=deep)

    @pytest.mark.parametrize(
        "source",
        [
            "{% comment %}" + "{% raw %}" * 20_000,
            "{% comment %}" + "{% doc %}" * 20_000,
            "{% comment %}" + "{{ " * 60_000,
            "{% comment %}" + "{% ! {{ " * 20_000 + "%}",
            "{{" + " " * 190_000 + "}}",
            "{% if" + " " * 190_000 + "%}",
            "{{ " + "(" * 190_000 + " }}",
            "{% if " + "a or " * 38_000 + "a %}{% endif %}",
            "{% if a %}" * 20_000,
            "<a x='" * 30_000,
            "<!--" * 50_000,
        ],
        ids=lambda source: source[:24],
    )
    def test_reading_a_hostile_template_takes_no_time_to_speak_of(self, source: str) -> None:
        """Each of these took the lexer or an HTML parser minutes; a hanging test run is the failure."""
        try:
            compile(source, html=True)
        except InvalidInput as refused:
            assert refused.errors[0][0] == "template"  # noqa: PT017 - some of them are fine templates

    @pytest.mark.parametrize("piece", ["=a", "='", "href=", 'href="&', "href=x:", "<", "&#x"])
    def test_a_hostile_value_takes_no_time_to_speak_of(self, piece: str) -> None:
        """In the square of its length this would take minutes; a hanging test run is the failure."""
        value = piece * 50_000
        assert len(html('<a href="{{ v }}">{{ v | strip_html | squish | size }}</a>{{ v | url | size }}', v=value)) > 20


class TestMarkup:
    @pytest.mark.parametrize(
        ("source", "tags"),
        [
            ("<p>a</p>", ["p", "/p"]),
            ("I <3 you, 1 < 2, a<b", []),
            ("<p class=a title='>' id=\"<b>\" x>t", ["p"]),
            ("<br/><img src=a/>", ["br", "img"]),
            ("<!-- <b> --><i>", ["i"]),
            ("<!doctype html><?php <b> ?><i>", ["i"]),
            ("<script>if (a<b) '<p>'</script><i>", ["script", "/script", "i"]),
            ("<style><p></style ><i>", ["style", "/style", "i"]),
            ("<p title='never closed><b>", []),
            ("<p", []),
            ("<!-- never closed <b>", []),
            ("<script>never closed <b>", ["script"]),
            ("</>< /p></ p>", []),
        ],
    )
    def test_tags_are_those_a_browser_sees(self, source: str, tags: list[str]) -> None:
        seen = [f"{'/' * piece.closing}{piece.name}" for piece in pieces(source) if isinstance(piece, Tag)]
        assert seen == tags

    def test_attributes_are_read_as_a_browser_does(self) -> None:
        [tag] = [piece for piece in pieces("<A HREF='a&amp;b' b=c/d e f = g=h 'i'>") if isinstance(piece, Tag)]
        read: Callable[[str], str] = tag.attribute
        assert tag.name == "a"
        assert (read("href"), read("b"), read("e"), read("f"), read("none")) == ("a&b", "c/d", "", "g=h", "")
