"""The pages that readers of mails come to: plain, for every reader, and telling nobody about them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.functional.campaigns.mailing import MailService, sent_mail
from tests.functional.tracking.reading import Page, buttons
from tests.harness import Answer, call

FORM = {"content-type": "application/x-www-form-urlencoded"}
NOBODY = "1aaaaaaaaaaaaaaaaaaaaaa"


def asked(mail_id: str) -> Answer:
    return call("tracking/unsubscribe_page", path={"tracking_id": mail_id}, scopes=None)


def posted(mail_id: str, body: bytes = b"confirm=yes") -> Answer:
    return call("tracking/unsubscribe", body, path={"tracking_id": mail_id}, headers=FORM, scopes=None)


def taken_back(mail_id: str) -> Answer:
    posted(mail_id)
    return posted(mail_id, b"undo=yes")


def trapped(mail_id: str) -> Answer:
    return call("tracking/click", path={"tracking_id": mail_id, "link": "more"}, scopes=None)


def missing(_: str) -> Answer:
    return call("tracking/view", path={"tracking_id": NOBODY}, scopes=None)


PAGES = [asked, posted, taken_back, trapped, missing]


@pytest.mark.parametrize("made", PAGES)
def test_a_page_says_what_it_is_to_every_reader(mails: MailService, made: Callable[[str], Answer]) -> None:
    answer = made(sent_mail())
    page = Page(answer.text)

    assert page.declared.lower() == "doctype html"
    assert [one["lang"] for one in page.all("html")] == ["en"]
    assert page.texts("title") == page.texts("h1")
    assert page.texts("h1")[0].strip()
    assert len(page.all("main")) == 1
    assert page.texts("h1")[0] in page.texts("main")[0]
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in page.all("meta")
    assert all(text.strip() for text in page.texts("button"))


@pytest.mark.parametrize("made", PAGES)
def test_a_page_tells_nobody_and_loads_nothing(mails: MailService, made: Callable[[str], Answer]) -> None:
    answer = made(sent_mail())
    page = Page(answer.text)

    assert {"name": "robots", "content": "noindex"} in page.all("meta")
    assert answer.headers["x-robots-tag"] == "noindex"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    for tag in ("script", "link", "img", "iframe", "a"):
        assert page.all(tag) == []


def test_forms_post_to_their_own_page_and_need_no_script(mails: MailService) -> None:
    mail_id = sent_mail()

    for answer, expected in (
        (asked(mail_id), ("confirm", "Unsubscribe")),
        (posted(mail_id), ("undo", "Keep getting emails")),
    ):
        assert buttons(answer) == [expected]
        assert Page(answer.text).all("form") == [{"method": "post"}]
        assert [one["type"] for one in Page(answer.text).all("button")] == ["submit"]


def test_the_mail_in_the_browser_leaks_nothing_either(mails: MailService) -> None:
    answer = call("tracking/view", path={"tracking_id": sent_mail()}, scopes=None)

    assert answer.headers["x-robots-tag"] == "noindex"
    assert answer.headers["referrer-policy"] == "no-referrer"
