"""Templates: what they write, which variables they read, which are missing, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum, StrEnum

import pytest

from leadflow.core.errors import InvalidInput
from leadflow.core.rendering import (
    check,
    check_value,
    compile,  # noqa: A004 - as re.compile
    lead_context,
    missing,
    render_header,
    render_value,
    variables,
)

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
ADA = {
    "id": "01J8",
    "name": "Ada  van der Berg",
    "email": "ada@example.com",
    "company": "Acme & Sons",
    "phone": None,
    "score": 61,
    "status": "new",
    "tags": ["vip", "paris"],
    "interests": [],
    "timezone": "Asia/Tokyo",
    "created_at": "2026-02-28T22:30:00.000Z",
    "custom": {"city": "Paris", "plan": {"tier": "gold"}, "company": "not this one", "amount": Decimal("12.50")},
    "pk": "LEAD#01J8",
    "consent": {"email": "opted_in"},
}


def text(source: str, /, **values: object) -> str:
    return compile(source, html=False).render(values or lead_context(ADA, NOW))


def refusal(source: str, *, html: bool = False) -> str:
    with pytest.raises(InvalidInput) as refused:
        check(source, "body", html=html)
    [(field, message)] = refused.value.errors
    assert field == "body"
    return message


class TestLanguage:
    @pytest.mark.parametrize(
        ("source", "expected"),
        [
            ('Hi {{ name | default: "there" }}', "Hi Ada  van der Berg"),
            ('{{ phone | default: "no phone" }}', "no phone"),
            ("[{{ phone }}{{ nobody }}{{ lead.custom.nothing.at.all }}]", "[]"),
            ("{{ first_name }}, {{ last_name }}", "Ada, van der Berg"),
            ("{{ lead.status }} {{ lead.custom.city }} {{ custom.plan.tier }} {{ city }}", "new Paris gold Paris"),
            ("{{ company }}", "Acme & Sons"),
            ("{% if score > 50 %}hot{% else %}cold{% endif %}", "hot"),
            ("{% unless tags contains 'vip' %}no{% endunless %}", ""),
            ("{% case status %}{% when 'new' %}N{% else %}O{% endcase %}", "N"),
            ("{% for t in tags %}{{ forloop.index }}{{ t | upcase }}{% if forloop.last %}.{% endif %}{% endfor %}",
             "1VIP2PARIS."),
            ("{% for i in (1..9) offset: 2 limit: 2 %}{{ i }}{% endfor %}", "34"),
            ("{% for tag in tags %}{% if tag == 'paris' %}{% break %}{% endif %}{{ tag }}{% endfor %}", "vip"),
            ("{{ tags }} {{ tags | join: '+' }} {{ tags.size }} {{ tags.first }}", "vip, paris vip+paris 2 vip"),
            ("{% assign n = name | split: ' ' | first %}{{ n }}", "Ada"),
            ("{% capture x %}<{{ city }}>{% endcapture %}{{ x }}{{ x }}", "<Paris><Paris>"),
            ("{% raw %}{{ name }}{% endraw %}{% comment %}{{ name }}{% endcomment %}", "{{ name }}"),
            ("{{ custom.plan }} {{ custom.plan | json }}", '{"tier": "gold"} {"tier": "gold"}'),
            ("{{ score }} {{ custom.amount }} {{ true }}", "61 12.5 true"),
            ("a {%- if true -%} b {%- endif -%} c", "abc"),
        ],
    )  # fmt: skip
    def test_what_it_writes(self, source: str, expected: str) -> None:
        assert text(source) == expected

    @pytest.mark.parametrize(
        ("source", "expected"),
        [
            ('{{ created_at | date: "%d %B %Y, %H:%M" }}', "28 February 2026, 22:30"),
            ('{{ created_at | date: "%d %B, %H:%M", timezone }}', "01 March, 07:30"),
            ('{{ created_at | date: "%H:%M", "No/Where" }}', "22:30"),
            ('{{ created_at | date: "%H:%M", "../../etc" }}', "22:30"),
            ('{{ "now" | date: "%Y" }} {{ now | date: "%Y" }}', "2026 2026"),
            ('{{ "next week" | date: "%Y" }}', "next week"),
            ('{{ phone | date: "%Y" }}', ""),
            ('{{ "2026-01-02" | date: "%d.%m." }}', "02.01."),
        ],
    )
    def test_dates(self, source: str, expected: str) -> None:
        assert text(source) == expected

    def test_there_is_no_clock(self) -> None:
        assert text('[{{ now }}{{ "now" | date: "%Y" }}{{ today }}]', name="Ada") == "[]"

    @pytest.mark.parametrize("blank", [None, "", " \n", [], {}, False])
    def test_default_stands_in_for_everything_blank(self, blank: object) -> None:
        assert text('{{ x | default: "d" }}', x=blank) == "d"
        assert text('{{ x | default: "d" }}', x=0) == "0"
        assert text('{{ x | default: "d", allow_false: true }}', x=False) == "false"

    def test_values_of_our_records_are_written_plainly(self) -> None:
        class Status(StrEnum):
            NEW = "new"

        class Level(Enum):
            HIGH = 9

        values = {
            "a": Status.NEW,
            "g": Level.HIGH,
            "b": NOW,
            "c": date(2026, 1, 2),
            "d": Decimal("3"),
            "e": (1, 2),
            "f": 2.5,
        }
        assert text("{{ a }} {{ b }} {{ c }} {{ d }} {{ e }} {{ f }} {{ g }}", **values) == (
            "new 2026-03-10T12:00:00.000Z 2026-01-02 3 1, 2 2.5 9"
        )

    @pytest.mark.parametrize(
        "source",
        [
            "{{ x | divided_by: 0 }}",
            "{{ 10 | divided_by: y }}",
            "{{ name | times: name }}{{ 'inf' | ceil }}",
            "{{ x | where: 'a', 'b' | first }}",
            "{% if name > 5 %}a{% endif %}{% if x contains 'a' %}a{% endif %}{% if o contains l %}a{% endif %}",
            "{% if name > 5 or x contains name or name < l %}a{% endif %}",
            "{{ name | sort: 'a' | map: 'b' | join }}",
            "{% for i in l limit: name offset: o %}{% endfor %}{% for i in l limit: -5 offset: -5 %}{% endfor %}",
            "{% for i in (name..o) %}{% endfor %}{% for i in x %}a{% endfor %}",
            "{% for i in (1.."
            + "9" * 400
            + ".0) %}a{% endfor %}{% for i in l limit: "
            + "9" * 400
            + ".0 %}{% endfor %}",
            "{{ name | slice: name, o }}{{ name | truncate: o }}{{ x | round: name }}",
            "{{ l[name] }}{{ l[5] }}{{ o[l] }}{{ name[0] }}{{ name.first }}{{ x.size }}",
        ],
    )
    def test_what_makes_no_sense_for_a_value_yields_nothing(self, source: str) -> None:
        written = text(source, name="Ada", x=7, y=0, o={"a": 1}, l=["a", {"b": 1}, 3])
        assert "a" not in written.replace("Ada", "")

    def test_a_filter_that_yields_nothing_can_be_given_a_default(self) -> None:
        assert text('{{ 10 | divided_by: y | default: "n/a" }}', y=0) == "n/a"

    def test_liquid_inside_a_value_is_only_text(self) -> None:
        for hostile in ("{{ secret }}", "{% assign x = 1 %}{{ x }}", "{% raw %}", "{{"):
            assert (
                text("{{ v }}|{% capture c %}{{ v }}{% endcapture %}{{ c }}", v=hostile, secret="s3")
                == f"{hostile}|{hostile}"
            )

    def test_line_breaks_stay_and_halves_of_characters_do_not(self) -> None:
        assert text("a\r\n{{ v }}\n{% capture c %}{{ v }}{% endcapture %}{{ c }}", v="\r\r\n") == "a\r\n\r\r\n\n\r\r\n"
        assert text("{{ v }}{{ d }}", v="\ud83d!", d={"\udc00": 1}) == '\ufffd!{"\ufffd": 1}'


class TestLeadContext:
    def test_only_the_leads_own_data_is_there(self) -> None:
        context = lead_context(ADA)
        assert context["company"] == "Acme & Sons"
        assert "pk" not in context
        assert "consent" not in context
        assert "now" not in context
        assert text("{{ lead.pk }}{{ pk }}{{ lead.consent }}") == ""

    def test_a_field_wins_over_a_custom_key_even_when_it_is_empty(self) -> None:
        assert text("[{{ phone }}]", **lead_context({"name": "A", "phone": None, "custom": {"phone": "1"}})) == "[]"

    @pytest.mark.parametrize(
        ("name", "first", "last"),
        [("Ada", "Ada", None), (" Ada  B  C ", "Ada", "B C"), ("", None, None), (None, None, None), (5, None, None)],
    )
    def test_names_are_taken_apart(self, name: object, first: str | None, last: str | None) -> None:
        context = lead_context({"name": name, "custom": None})
        assert (context["first_name"], context["last_name"]) == (first, last)


class TestVariables:
    @pytest.mark.parametrize(
        ("source", "expected"),
        [
            ("plain", set()),
            ("{{ name }} {{ lead.company }} {{ custom.city | upcase }}", {"name", "lead.company", "custom.city"}),
            ("{{ a | append: b | default: c.d }}", {"a", "b", "c.d"}),
            (
                "{% if a > b and c.d contains 'x' %}{% elsif e %}{% else %}{{ f }}{% endif %}",
                {"a", "b", "c.d", "e", "f"},
            ),
            ("{% unless a %}{% endunless %}{% case b %}{% when c, 'd' %}{{ e }}{% endcase %}", {"a", "b", "c", "e"}),
            ("{% for t in tags limit: n %}{{ t.x }}{{ forloop.index }}{{ other }}{% endfor %}", {"tags", "n", "other"}),
            ("{% for i in (1..n) %}{{ i }}{% endfor %}{{ i }}", {"n", "i"}),
            ("{% assign x = name | upcase %}{{ x }}{{ x.y }}", {"name"}),
            ("{{ x }}{% assign x = 1 %}", {"x"}),
            ("{% capture x %}{{ name }}{% endcapture %}{{ x }}", {"name"}),
            ("{{ custom[field] }} {{ custom['a b'] }} {{ items[0].sku }}", {"custom", "field", "custom.a b", "items"}),
            ("{{ tags.size }} {{ lead.tags.first }} {{ custom.size }}", {"tags", "lead.tags", "custom.size"}),
            ("{% comment %}{{ a }}{% endcomment %}{% raw %}{{ b }}{% endraw %}{# {{ c }} #}", {"c"}),
            ("{{ 'now' | date: '%Y' }}{{ now | date: form }}", {"form"}),
        ],
    )
    def test_the_free_ones_by_dotted_path(self, source: str, expected: set[str]) -> None:
        assert variables(source) == expected
        assert compile(source, html=True).variables == expected

    @pytest.mark.parametrize(
        ("source", "expected"),
        [
            ("{{ name }} {{ gone }} {{ none }} {{ white }} {{ empty_list }}", ["gone", "none", "white", "empty_list"]),
            ("{{ gone | default: 'x' }} {{ gone | upcase | default: 'x' }}", []),
            ("{{ gone | default: 'x' }} {{ gone }}", ["gone"]),
            ("{{ b.c }}{{ gone }}{{ b.c }}", ["b.c", "gone"]),
            ("{% if gone %}{{ gone }}{% endif %}{% for t in gone %}{{ t }}{% endfor %}", []),
            ("{% if name %}{{ gone }}{% endif %}", ["gone"]),
            ("{{ 'Dear ' | append: gone }}", ["gone"]),
            ("{% assign n = gone | split: ' ' | first %}{{ n }}", ["gone"]),
            ("{% assign n = gone | split: ' ' | first %}{{ n | default: 'x' }}", []),
            ("{% assign n = gone %}{% assign m = n %}{{ m }}", ["gone"]),
            ("{% assign n = gone %}{% assign n = name %}{{ n }}", []),
            ("{% assign n = gone %}{% assign n = '' %}{{ n }}", []),
            ("{% assign n = gone | default: 'x' %}{{ n }}", []),
            ("{% capture c %}{{ gone }}{% endcapture %}{{ c }}", ["gone"]),
            ("{% for t in list %}{{ t }}{% endfor %}{{ zero }}{{ no }}", []),
        ],
    )
    def test_missing_are_those_that_leave_a_gap(self, source: str, expected: list[str]) -> None:
        values = {
            "name": "Ada",
            "none": None,
            "white": " ",
            "empty_list": [],
            "list": ["a", ""],
            "zero": 0,
            "no": False,
        }
        assert missing(source, values) == expected
        assert compile(source, html=True).missing(values) == expected


class TestCheck:
    @pytest.mark.parametrize(
        ("source", "line", "words"),
        [
            ("Hi\n\n{{ name", 3, "}} is missing"),
            ("{{ name }\n}", 1, "}} is missing"),
            ("\n{% if a %}", 2, "endif"),
            ("\n\n{% if %}x{% endif %}", 3, ""),
            ("{% for t tags %}{% endfor %}", 1, ""),
            ("a\n{{ name | shout }}", 2, "no filter shout"),
            ("a\n{{ name | append }}", 2, "append takes other arguments"),
            ("{{ name | upcase: 1 }}", 1, "upcase takes other arguments"),
            ("{{ name | date: '%Y', context: name }}", 1, "date takes other arguments"),
            ("\n{% include 'x' %}", 2, "include"),
            ("{% render 'x' %}", 1, "render"),
            ("{% liquid\n echo name %}", 1, "liquid"),
            ("{% extends 'x' %}", 1, "extends"),
            ("{% tablerow t in tags %}{% endtablerow %}", 1, "tablerow"),
            ("{{ name | safe }}", 1, "no filter safe"),
            ("{% endif %}", 1, "endif"),
            ("x\n{% break %}", 2, "loop"),
            ("{% for t in tags %}{% else %}{% continue %}{% endfor %}", 1, "loop"),
            ("{% for t in tags offset: 'x' %}{% endfor %}", 1, "offset"),
            ("{{ }}", 1, "nothing"),
            ("{% %}", 1, "name"),
            ("{% raw %}{{ name }}", 1, "raw"),
            ("{% doc %}x{% enddoc %}", 1, "doc"),
            ("{% comment %}{% doc %}{% endcomment %}", 1, "doc"),
            ("{{ (1..3) }}", 1, "range"),
            ("{% assign x = (1..3) %}", 1, "range"),
            ("{% if (1..1000000000) contains 'a' %}{% endif %}", 1, "range"),
            ("{{ [name] }}", 1, "name"),
            ("{{ a" + "[a" * 101 + "]" * 101 + " }}", 1, ""),
            ("{% if " + "a or " * 150 + "a %}{% endif %}", 1, "parts"),
            ("{% if a %}" * 21 + "{% endif %}" * 21, 1, "nesting"),
            ("{{ name | default: &quot;x&quot; }}", 1, "&"),
        ],
    )
    def test_faults_are_named_by_line(self, source: str, line: int, words: str) -> None:
        for html in (False, True):
            message = refusal(source, html=html)
            assert message.startswith(f"line {line}: ")
            assert words in message

    def test_a_template_has_bounds(self) -> None:
        check("x" * 200_000, "body")
        check("{{ a }}" * 5_000, "body")
        check("{{ " + "a" * 990 + " }}", "body")
        assert "200000 bytes" in refusal("é" * 100_001)
        assert "5000 tags" in refusal("{{ a }}" * 5_001)
        assert "1000 characters" in refusal("{{ " + "a" * 1000 + " }}")
        assert "around it" in refusal("{{ a" + " " * 101 + "}}")
        assert "halves" in refusal("\ud83d")

    def test_good_templates_pass(self) -> None:
        check('<a href="{{ site | url }}">{{ name | default: "A & B" }}</a>', "body", html=True)

    def test_compile_names_the_field_it_is_given(self) -> None:
        with pytest.raises(InvalidInput, match="subject: line 1"):
            compile("{{", html=False, field="subject")


class TestValues:
    def test_every_text_in_a_json_value_is_rendered_and_nothing_else(self) -> None:
        value = {
            "url": "https://x.test/{{ city }}",
            "n": 5,
            "on": True,
            "none": None,
            "{{ city }}": ["{{ name }}", "plain"],
        }
        assert render_value(value, {"city": "Paris", "name": "<Ada>"}) == {
            "url": "https://x.test/Paris", "n": 5, "on": True, "none": None, "{{ city }}": ["<Ada>", "plain"],
        }  # fmt: skip
        assert render_value("{{ n }}", {"n": 5}) == "5"

    def test_faults_in_a_json_value_are_named_by_path(self) -> None:
        check_value({"a": ["{{ fine }}", 5, None]}, "action_config")
        with pytest.raises(InvalidInput) as refused:
            check_value({"headers": {"X": ["ok", "{{ bad"]}}, "action_config")
        assert refused.value.errors[0][0] == "action_config.headers.X.1"

    def test_a_json_value_is_not_nested_without_end(self) -> None:
        nested: object = "{{ x }}"
        for _ in range(60):
            nested = [nested]
        with pytest.raises(InvalidInput, match="nested"):
            render_value(nested, {})

    def test_headers_are_one_line(self) -> None:
        subject = render_header(
            "Hi {{ name }}\r\n  and\tall ", {"name": "Ada\r\nBcc: all@example.com\x00\u2028\u202egnp"}
        )
        assert subject == "Hi Ada Bcc: all@example.com gnp and all"
        assert render_header("A & {{ b }}", {"b": "<C>"}) == "A & <C>"


def test_importing_the_module_loads_no_engine() -> None:
    program = "import sys, leadflow.core.rendering; sys.exit('liquid' in sys.modules or 'html.parser' in sys.modules)"
    paths = [path for path in sys.path if path.endswith("layers/leadflow/python")]
    finished = subprocess.run([sys.executable, "-c", program], env={"PYTHONPATH": paths[0]}, check=False)
    assert finished.returncode == 0
