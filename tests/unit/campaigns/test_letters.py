"""Mails made by a letter say what mails say that are composed one by one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadflow.campaigns.rules import content, letters
from leadflow.campaigns.rules.content import Link
from leadflow.core import rendering
from leadflow.core.rendering.shapes import filled

MARK, MAIL_ID = "f" * 23, "1aB-_9aB-_9aB-_9aB-_9xy"
POSTAL = "Acme & Co\n1 Main <St>"
NOW = datetime(2026, 3, 2, tzinfo=UTC)
PIECES = [
    "<p>Hi {{ name }}</p>",
    "{{ name }}",
    " ",
    "\n",
    "<br>",
    "<hr>",
    "text",
    '<a href="https://x.example/p?a=1&amp;b=2">P</a>',
    '<a href="https://x.example/{{ name | url }}">L</a>',
    '<a href="{{ unsubscribe_url }}">out</a>',
    '<a href="{{ view_url }}">view</a>',
    '<a href="mailto:{{ email }}">m</a>',
    '<img src="{{ custom.img }}" alt="{{ name }}">',
    "{% if company %}<p>At {{ company }}</p>{% endif %}",
    "{% if company %} of <b>{{ company }}</b>{% endif %}",
    "{% if company %}<br>At {{ company }}{% endif %}",
    '{% if company %}<a href="https://c.example/{{ company | url }}">C</a>{% else %}<b>none</b>{% endif %}',
    "{% if custom.x %}\n<p>x</p>\n{% endif %}",
    "{% for tag in tags %}<li>{{ tag }}</li>{% endfor %}",
    '<ul>{% for tag in tags %}<li><a href="https://t.example/{{ tag | url }}">{{ tag }}</a></li>{% endfor %}</ul>',
    "{% case status %}{% when 'new' %}<b>N</b>{% else %}<p>O</p>{% endcase %}",
    "<table><tr><td>{{ name }}</td><td>{{ company }}</td></tr></table>",
    "<blockquote>{{ notes }}</blockquote>",
]
WORDS = st.sampled_from(
    ["Ann", "O'Neil & <b>Sons</b>", "a\nb", "  sp  aced  ", "日本", "{{ name }}", "https://v.example/?q=1&r=2"]
)
LEADS = st.fixed_dictionaries(
    {
        "id": st.just("L"),
        "name": WORDS,
        "email": st.just("o'x+y@b.example"),
        "company": st.none() | WORDS,
        "status": st.sampled_from(["new", "qualified"]),
        "notes": st.none() | WORDS,
        "tags": st.lists(WORDS, max_size=2),
        "custom": st.fixed_dictionaries({"img": WORDS, "x": st.sampled_from([None, True])}),
    }
)
Said = tuple[str, str, str]


def base_of(mail_id: str) -> str:
    return f"https://api.example/t/{mail_id}"


def shared(mail_id: str) -> dict[str, object]:
    routes = {"unsubscribe_url": f"{base_of(mail_id)}/unsubscribe", "view_url": f"{base_of(mail_id)}/view"}
    return {"now": NOW, "postal_address": POSTAL, **routes}


def composed(body: str, lead: dict[str, Any]) -> Said:
    """Page, page as it is sent and plain text, of a mail that is made by itself."""
    page = rendering.compile(body, html=True).render({**rendering.lead_context(lead), **shared(MAIL_ID)})
    way_out = f"{base_of(MAIL_ID)}/unsubscribe"
    page = content.with_footer(page, postal_address=POSTAL, unsubscribe_url=way_out)
    html, links = content.tracked(page, base=base_of(MAIL_ID), fixed=content.fixed_addresses(body))
    return page, led(html, links), rendering.html_to_text(page)


def lettered(body: str, lead: dict[str, Any]) -> Said:
    """The same of a mail that its letter makes."""
    compiled = rendering.compile(body, html=True)
    maker = letters.maker(compiled, shared(MARK), base=base_of(MARK), mark=MARK)
    values = maker.values(MAIL_ID, compiled.at_spots({**rendering.lead_context(lead), **shared(MARK)}))
    page, html, text = (
        filled(shape, values.texts) for shape in (maker.letter.page, maker.letter.html, maker.letter.text)
    )
    return page, led(html, values.links), text


def led(html: str, links: Sequence[Link]) -> str:
    """The page with what is behind its links in place of their numbers, which go by another order in letters."""

    def behind(match: re.Match[str]) -> str:
        return repr(links[int(match[1]) - 1])

    return re.sub(rf"{re.escape(base_of(MAIL_ID))}/c/([0-9]+)", behind, html)


def words(said: Said) -> Said:
    """With all white space in the plain text alike: letters may have a blank line more or less."""
    return said[0], said[1], " ".join(said[2].split())


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join), LEADS)
def test_a_letter_makes_the_mail_that_would_be_composed(body: str, lead: dict[str, Any]) -> None:
    assert words(lettered(body, lead)) == words(composed(body, lead))


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("Hi {{ name }}{% if company %} of <b>{{ company }}</b>{% endif %}, hello", "Hi Ann of Acme, hello"),
        ("Hi {{ name }}{% if company %}<br>At {{ company }}{% endif %}", "Hi Ann\nAt Acme"),
        ("{% if company %}<p>At {{ company }}</p>{% endif %}{% if name %}<p>B</p>{% endif %}", "At Acme\n\nB"),
        ("Hi {% if company %}<p>At {{ company }}</p>{% endif %}bye", "Hi\n\nAt Acme\n\nbye"),
        ("Hi {% if notes %}<p>{{ notes }}</p>{% endif %}bye", "Hi bye"),
    ],
)
def test_the_plain_text_of_a_condition_keeps_its_distance(body: str, text: str) -> None:
    lead = {"id": "L", "name": "Ann", "company": "Acme", "email": "a@b.example"}

    said = lettered(body, lead)[2].partition("\nAcme & Co")[0].rstrip()

    assert re.sub(r" +\n", "\n", said) == text


def test_what_begins_in_one_condition_and_ends_in_another_has_no_letter() -> None:
    lead = {"id": "L", "name": "Ann", "company": "Acme", "email": "a@b.example"}
    with pytest.raises(letters.Unshared):
        lettered("{% if company %}<b>{% endif %}x{% if company %}</b>{% endif %}", lead)
