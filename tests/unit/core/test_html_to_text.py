"""The plain-text part of a mail."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadflow.core.rendering import html_to_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("plain   text\n\n here", "plain text here"),
        ("<p>One</p><p>Two<br>three</p>", "One\n\nTwo\nthree"),
        ("<h1>Title</h1>Text<h2>Next</h2><div>a</div><div>b</div>", "Title\n\nText\n\nNext\n\na\nb"),
        ("a<b>b</b><i> c </i>d", "ab c d"),
        ("Fish &amp; chips &lt;b&gt; &nbsp; &euro;5 &#8212; &unknown;", "Fish & chips <b> €5 — &unknown;"),
        ('See <a href="https://x.test/a?b=1&amp;c=2">our page</a>.', "See our page (https://x.test/a?b=1&c=2)."),
        ('<a href="https://x.test">https://x.test</a>', "https://x.test"),
        ('<a href="mailto:a@x.test">write</a> <a href="mailto:a@x.test">a@x.test</a>', "write (a@x.test) a@x.test"),
        ('<a href="#top">up</a> <a href="javascript:x">run</a> <a name="n">anchor</a>', "up run anchor"),
        ('<a href="https://x.test"><img src="l.png" alt="Logo"></a>', "Logo (https://x.test)"),
        ('<a href="https://x.test"><img src="l.png"></a>', "https://x.test"),
        ('<a href="https://x.test"><p>Button</p></a>after', "Button\n\nhttps://x.test after"),
        ('<a href="https://x.test">never closed', "never closed"),
        ('<a href="https://a.test">one<a href="https://b.test">two</a>', "one (https://a.test)two (https://b.test)"),
        ("a<img src=x><img alt='Chart'>b", "aChartb"),
        ("Buy:<ul><li>milk</li><li>eggs<ul><li>big</li></ul></li></ul>Now", "Buy:\n\n- milk\n- eggs\n  - big\n\nNow"),
        ("<ol><li>a<li>b</ol><ol><li>c</ol>", "1. a\n2. b\n\n1. c"),
        ("<ul><li><p>para</p></li><li></li><li><p>two</p></li></ul>", "- para\n- two"),
        ("<li>stray</li></ul>", "- stray"),
        ("a<hr>b", "a\n\n---\n\nb"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><th>c</th><td>d</td></tr></table>", "a b\nc d"),
        ("<head><title>T</title><style>p{}</style></head><body>x</body>", "x"),
        ("<head><title>T</title><body>x", "x"),
        ("a<script>if (1<2) '</p>'</script><style>b{}</style><template><p>t</p></template>b", "ab"),
        ("<noscript>n<noscript>m</noscript>k</noscript>b", "b"),
        ('<div style="display:none">preheader <div>nested</div></div>shown', "shown"),
        ('<div style="display: NONE"><b>x</b></div>shown<br style="display:none">more', "shown\nmore"),
        ("zero\u200bwidth so\xadft \ufeff\u034f", "zerowidth soft"),
        ("<!-- no --><![if x]>yes<![endif]><? no ?>", "yes"),
        ("1 < 2 <3 > a", "1 < 2 <3 > a"),
        ("&lt;script&gt;", "<script>"),
        ("a<p title='never closed> b", "a"),
        ("<noframes>old</noframes>new", "new"),
        ("a<blockquote>b</blockquote>c", "a\n\nb\n\nc"),
    ],
)  # fmt: skip
def test_what_a_reader_sees(html: str, text: str) -> None:
    assert html_to_text(html) == text


@pytest.mark.parametrize(
    "piece", ["<!--", "</", "<!", "<a", "<?", '<a x="', "<![", "<script>", "&#x", "<ul><li>x", "<div>"]
)
def test_hostile_markup_takes_no_time_to_speak_of(piece: str) -> None:
    """In the square of its length these would take minutes; a hanging test run is the failure."""
    html_to_text(piece * 20_000)


fragments = st.lists(
    st.one_of(
        st.text(st.characters(exclude_categories=()), max_size=8),
        st.sampled_from(
            [
                "<p>", "</p>", "<ul>", "</ul>", "<ol>", "</ol>", "<li>", "<a href='https://x'>", "</a>", "<head>",
                "<body>", "<script>", "</script>", "<br>", "<!--", "-->", "<", ">", '"', "'", "&", "&amp;", "<td>",
                "<img alt=x>", "<div style='display:none'>", "</div>", "<title>", "</", "<!", "\n",
            ]
        ),
    ),
    max_size=30,
).map("".join)  # fmt: skip


@given(fragments)
def test_any_text_becomes_tidy_text(html: str) -> None:
    text = html_to_text(html)
    assert text == text.strip("\n")
    assert "\n\n\n" not in text
    assert all(line == line.rstrip() for line in text.split("\n"))
    assert "\r" not in text
