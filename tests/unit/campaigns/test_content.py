"""The page of a mail: footer and tracking go in, everything else stays character for character."""

from __future__ import annotations

import re
from html import escape, unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadflow.campaigns.rules.content import Link, fixed_addresses, tracked, with_footer
from leadflow.core.rendering import html_to_text

BASE = "https://api.example.com/t/1abcdefghijklmnopqrstu"
WAY_OUT = f"{BASE}/unsubscribe"
TRAP = f'<a href="{BASE}/c/more" rel="nofollow" aria-hidden="true" tabindex="-1" style="display:none"></a>'
PICTURE = f'<img src="{BASE}/open.gif" width="1" height="1" alt="" style="border:0;width:1px;height:1px">{TRAP}'

fragments = st.sampled_from(
    [
        *("<p>", "</p>", "<b class='x'>", "</b>", "<!-- <a href='https://in.comment'> -->", "<!doctype html>"),
        *("<style>a{}</style>", "<script>var a='<a href=\"https://in.script\">'</script>", "&amp;", "&nbsp", "<", ">"),
        *("<a name=top>", "<a>", "</a>", "<img src='https://pictures.example/a.png'>", "\r\n", "é", "\u2028", "<br/>"),
        *("<a href=''>", "<a href='#x'>", "<a href=mailto:a@b.c>", "<A HREF='tel:1'>", "<a href='javascript:x'>"),
        *("<![endif]", "<![CDATA[x]]>", "<?xml?>", "</", "<abbr title='https://a.b'>", "<a hrefs='https://a.b'>"),
        *("<title>", "</title>", "<textarea><a href='https://in.textarea'></textarea>", "</bodyx>"),
    ]
)
pages = st.lists(st.one_of(fragments, st.text(max_size=5)), max_size=12).map("".join)
addresses = st.from_regex(
    r"https?://[a-z]{1,8}\.example(/[a-z0-9._~-]{0,6}){0,2}(\?[a-z]=[a-z0-9]{0,3}(&b=c)?)?", fullmatch=True
)


def tracking(html: str, template: str = "") -> tuple[str, list[Link]]:
    return tracked(html, base=BASE, fixed=fixed_addresses(template))


@given(pages)
def test_a_page_without_web_links_only_gets_the_picture(html: str) -> None:
    html = html.replace("https://", "ftp://")
    sent, links = tracking(html)

    assert links == []
    assert sent == html + PICTURE


@given(pages, st.lists(st.tuples(addresses, st.sampled_from(['"{}"', "'{}'", "{}"]), pages), max_size=5))
def test_only_the_addresses_of_links_are_replaced(start: str, parts: list[tuple[str, str, str]]) -> None:
    """What is sent, with the kept addresses back in place of ours, is what was written."""
    html = start + "".join(f"<a href={quotes.format(escape(url))} class=x>go</a>{rest}" for url, quotes, rest in parts)
    sent, links = tracking(html)

    assert sent.count(PICTURE) == 1
    back = re.sub(
        rf"(\"?)({re.escape(BASE)}/c/(\d+))",
        lambda match: match[1] + escape(links[int(match[3]) - 1].url),
        sent.replace(PICTURE, ""),
    )
    assert unescape(back.replace('"', "").replace("'", "")) == unescape(html.replace('"', "").replace("'", ""))


@given(st.lists(addresses, min_size=1, max_size=6))
def test_every_link_leads_to_its_own_address(urls: list[str]) -> None:
    sent, links = tracking("".join(f'<a href="{escape(url)}">x</a>' for url in urls))

    numbers = [int(number) for number in re.findall(rf'"{re.escape(BASE)}/c/(\d+)"', sent)]
    assert [links[number - 1].url for number in numbers] == urls
    assert len(links) == len(set(urls))


@pytest.mark.parametrize(
    "href",
    [
        "mailto:ana@example.com",
        "tel:+441234",
        "#top",
        "",
        "/relative",
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://example.com",
        "https://",
        "http://[broken",
        f"{BASE}/unsubscribe",
        f"{BASE}/view",
    ],
)
def test_other_addresses_stay(href: str) -> None:
    html = f'<a href="{href}">x</a>'

    assert tracking(html) == (html + PICTURE, [])


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("https://a.example/?a=1&amp;b=2", "https://a.example/?a=1&b=2"),
        ("  https://a.example/x\n", "https://a.example/x"),
        ("https://a.example/\r\nSet-Cookie:x", "https://a.example/Set-Cookie:x"),
        ("https://müller.example/straße?q=ü#é", "https://xn--mller-kva.example/stra%C3%9Fe?q=%C3%BC#%C3%A9"),
        ("HTTPS://a.example/A b", "HTTPS://a.example/A%20b"),
    ],
)
def test_an_address_is_kept_as_a_location_header_takes_it(written: str, url: str) -> None:
    _, [link] = tracking(f'<a href="{written}">x</a>')

    assert link.url == url
    assert link.url.isascii()
    assert link.url.isprintable()


def test_only_links_that_people_click_lead_through_us() -> None:
    html = (
        '<link href="https://a.example/style.css"><base href="https://a.example"><area href="https://a.example">'
        '<img src="https://a.example/x.png"><form action="https://a.example"></form>'
    )

    assert tracking(html) == (html + PICTURE, [])


def test_the_picture_goes_before_the_end_of_the_body() -> None:
    assert tracking("<html><body>x<!-- </body> --></body></html>")[0] == (
        f"<html><body>x<!-- </body> -->{PICTURE}</body></html>"
    )


def test_a_link_is_named_by_its_address_only_where_that_is_the_same_for_everybody() -> None:
    template = '<a href="https://a.example/prices?x=1&amp;y=2">x</a><a href="https://a.example/u/{{ email }}">y</a>'
    page = template.replace("{{ email }}", "ada@example.com")

    _, links = tracking(page, template)

    assert [link.label for link in links] == ["https://a.example/prices?x=1&y=2", "https://a.example"]


def test_a_page_gets_the_footer_it_lacks() -> None:
    page = with_footer("<body><p>Hi</p></body>", postal_address="A & B\n1 Main St", unsubscribe_url=WAY_OUT)

    assert page.startswith("<body><p>Hi</p><div ")
    assert page.endswith("</div></body>")
    assert html_to_text(page) == f"Hi\n\nA & B\n1 Main St\nUnsubscribe ({WAY_OUT})"


@pytest.mark.parametrize(
    ("page", "lacks"),
    [
        (f'<a href="{WAY_OUT}">out</a> A B,  1 Main&nbsp;St', set()),
        (f"<a href='{WAY_OUT}'>out</a>", {"A B"}),
        ("A B,\n<br>1 Main St", {"Unsubscribe"}),
        (f"{WAY_OUT}", {"A B", "Unsubscribe"}),
    ],
)
def test_what_the_page_has_is_not_added(page: str, lacks: set[str]) -> None:
    whole = with_footer(page, postal_address="A B, 1 Main St", unsubscribe_url=WAY_OUT)

    assert whole.startswith(page)
    added = whole.removeprefix(page)
    assert {words for words in ("A B", "Unsubscribe") if words in added} == lacks


def test_a_page_without_links_stays_in_the_footer_text() -> None:
    assert with_footer("x", postal_address=None, unsubscribe_url=WAY_OUT).count("<a ") == 1
