"""What a mail of a conversation answers, and what stands at its end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadflow.channels.rules.files import name_in
from leadflow.channels.rules.replies import subject_of, thread_headers, with_footer

IDS = st.lists(st.from_regex(r"[a-z0-9]{1,200}@[a-z]{1,20}", fullmatch=True), min_size=1, max_size=30)


@given(IDS)
def test_references_fit_into_a_line_and_keep_the_first_and_the_last_in_their_order(ids: list[str]) -> None:
    headers = thread_headers(ids, None)

    kept = [one.strip("<>") for one in headers["References"].split(" ")]
    once = list(dict.fromkeys(ids))
    assert len(headers["References"]) <= 998 - len("References: ")
    assert kept[0] == once[0]
    assert len(kept) == 1 or kept[1:] == once[len(once) - len(kept) + 1 :]
    assert len(kept) > 1 or len(once) == 1
    assert headers["In-Reply-To"] == f"<{ids[-1]}>"


def test_what_answers_nothing_has_no_thread() -> None:
    assert thread_headers([], None) == {}
    assert thread_headers(["a@b", "c@d"], "a@b")["In-Reply-To"] == "<a@b>"


@pytest.mark.parametrize(
    ("words", "name", "address", "mail"),
    [
        ("Hi", "Acme", "1 Street\r\n  Town ", "Hi\n\n-- \nAcme\n1 Street\nTown"),
        ("Hi", None, None, "Hi"),
        ("", None, "1 Street", "-- \n1 Street"),
    ],
)
def test_the_footer(words: str, name: str | None, address: str | None, mail: str) -> None:
    assert with_footer(words, name, address) == mail


def test_an_answer_says_so_once() -> None:
    assert [subject_of(one, answers=True) for one in ("A", "RE: A")] == ["Re: A", "RE: A"]
    assert subject_of("A", answers=False) == "A"


def test_the_name_of_a_file_is_in_its_address() -> None:
    assert name_in("https://x.example/a/b%20c.pdf?d=/e") == "b c.pdf"
    assert name_in("https://x.example") == ""
