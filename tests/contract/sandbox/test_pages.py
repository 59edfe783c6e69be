"""The page for people: shows what happened, and stays safe whatever was sent."""

from __future__ import annotations

import re

import pytest

from tests.contract.sandbox.world import Product, Running, mail, sample, to

EVIL = "<script>alert('x')</script>\"'"


def policy(headers: object) -> dict[str, str]:
    text = headers["Content-Security-Policy"]  # type: ignore[index]
    return {name: value for name, _, value in (part.strip().partition(" ") for part in text.split(";"))}


def test_an_empty_page_says_what_it_will_show(lonely: Running) -> None:
    page = lonely.http.get("/")

    assert page.status_code == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "Nothing was sent yet" in page.text
    assert "The product was told nothing yet" in page.text


def test_messages_are_listed_newest_first_with_their_events_to_simulate(lonely: Running) -> None:
    lonely.send(mail(subject="The first"))
    lonely.send(mail(subject="The second"))

    page = lonely.http.get("/").text

    assert page.index("The second") < page.index("The first")
    newest = lonely.sent()[-1]["id"]
    assert f'href="/sent/{newest}"' in page
    assert f'data-id="{newest}" data-event="bounce"' in page


def test_older_messages_are_a_page_further(lonely: Running) -> None:
    lonely.send(mail(personalizations=to(*(f"p{number}@example.com" for number in range(60)))))

    page = lonely.http.get("/").text
    (older,) = re.findall(r'href="(/\?before=\d+)"', page)

    assert page.count("<article") == 50
    assert lonely.http.get(older).text.count("<article") == 10


def test_deliveries_and_behaviours_are_shown(sandbox: Running, product: Product) -> None:
    product.answers = [503]
    sandbox.send(mail())
    product.wait_for(lambda posts: len(posts) == 2)
    sandbox.simulate(event="open", to="ana@example.com")
    sandbox.behave(mode="rate_limit")

    page = sandbox.http.get("/").text

    assert '<span class="badge bad">503</span>' in page
    assert "sendgrid: processed, delivered" in page
    assert f"{product.url}/hook/email-1" in page
    assert '<span class="badge warn">rate limit</span>' in page


def test_a_mail_is_shown_with_its_headers_text_and_a_frame(lonely: Running) -> None:
    lonely.send(sample())
    item = lonely.sent()[0]

    page = lonely.http.get(f"/sent/{item['id']}").text

    assert "A tour for Tessellate Software" in page
    assert "&lt;https://mail.example.com/u/mail-0001&gt;" in page
    assert "Hello Zoë," in page
    assert f'src="/sent/{item["id"]}/html"' in page
    assert lonely.http.get("/sent/unknown").status_code == 404


def test_everything_from_outside_is_escaped(lonely: Running) -> None:
    lonely.send(mail(subject=EVIL, content=[{"type": "text/plain", "value": EVIL}], headers={"X-Evil": EVIL}))
    lonely.behave(mode="reject", match=EVIL)
    item = lonely.sent()[0]

    for path in ("/", f"/sent/{item['id']}"):
        page = lonely.http.get(path).text
        assert EVIL not in page
        assert "<script>" not in page
        assert "&lt;script&gt;" in page


def test_the_page_needs_nothing_from_elsewhere_and_allows_nothing_else(lonely: Running) -> None:
    answer = lonely.http.get("/")

    rules = policy(answer.headers)
    nonce = rules["script-src"].removeprefix("'nonce-").removesuffix("'")
    assert rules["default-src"] == "'none'"
    assert f'<script nonce="{nonce}">' in answer.text
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', answer.text)
    assert policy(lonely.http.get("/").headers)["script-src"] != rules["script-src"]


@pytest.mark.parametrize("pictures", [False, True])
def test_a_mails_html_can_run_nothing_and_loads_pictures_only_when_asked(lonely: Running, pictures: bool) -> None:
    lonely.send(mail(content=[{"type": "text/html", "value": EVIL}]))
    item = lonely.sent()[0]

    frame = lonely.http.get(f"/sent/{item['id']}/html{'?pictures' if pictures else ''}")

    rules = policy(frame.headers)
    assert EVIL in frame.text
    assert "allow-scripts" not in rules["sandbox"]
    assert "allow-same-origin" not in rules["sandbox"]
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == ("data: http: https:" if pictures else "data:")


def test_another_sites_page_may_change_nothing(lonely: Running) -> None:
    lonely.send(mail())

    answer = lonely.http.delete("/sent", headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403
    assert len(lonely.sent()) == 1


@pytest.mark.parametrize("path", ["/", "/sent", "/spent"])
def test_a_name_of_somebody_elses_that_leads_here_is_shown_nothing(lonely: Running, path: str) -> None:
    lonely.send(mail(subject="Only for Ada"))

    answer = lonely.http.get(path, headers={"Host": "evil.example:3001"})

    assert answer.status_code == 403
    assert "Ada" not in answer.text
    assert lonely.http.get(path, headers={"Host": "localhost:3001"}).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("POST", "/sent", 405), ("GET", "/simulate", 405), ("GET", "/sent/x/y/z", 404)],
)
def test_other_paths_and_methods_are_refused(lonely: Running, method: str, path: str, status: int) -> None:
    answer = lonely.http.request(method, path)

    assert answer.status_code == status
    assert answer.json()["status"] == status
