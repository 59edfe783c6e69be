"""POST and OPTIONS /v: visits by who came by a link of ours, known by its token and by nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from leadflow.leads import service as leads
from tests.functional import wire
from tests.functional.campaigns import mailing
from tests.functional.leads.people import added, shown
from tests.functional.signals.websites import signals_of
from tests.harness import Answer, Clock, call

PRICING = "https://www.example.com/pricing"


def visited(token: str, url: str = PRICING, **more: Any) -> Answer:
    body = {"token": token, "url": url, **more.pop("body", {})}
    return call("signals/track_visit", body, scopes=None, **more)


def test_a_visit_becomes_a_signal_of_the_lead() -> None:
    lead_id = added()["id"]
    token = leads.visit_token(lead_id)
    assert "ada" not in token.lower()

    answer = visited(
        token,
        "https://user:pw@WWW.example.com/Pricing?utm_source=mail&reset=secret#part",
        headers={"content-type": "text/plain;charset=UTF-8", "origin": "https://www.example.com"},
        body={"referrer": "https://www.google.com/search?q=me", "title": " Prices "},
    )

    assert (answer.status, answer.text) == (204, "")
    assert answer.headers["access-control-allow-origin"] == "*"
    [signal] = signals_of(lead_id)
    assert (signal["signal_type"], signal["score_impact"]) == ("website_visit", 1)
    assert signal["signal_data"] == {
        "url": "https://www.example.com/Pricing?utm_source=mail",
        "title": "Prices",
        "referrer": "https://www.google.com",
    }
    assert shown(lead_id)["score"] == 1


def test_a_host_that_no_name_is_as_long_as_is_no_site() -> None:
    token = leads.visit_token(added()["id"])

    visited(token, body={"referrer": f"https://{'e' * 253}:65535/x"})
    visited(token, f"{PRICING}/2", body={"referrer": f"https://{'e' * 260}/x"})

    referrers = {one["signal_data"]["url"]: one["signal_data"]["referrer"] for one in signals_of(token[:26])}
    assert referrers == {PRICING: f"https://{'e' * 253}:65535", f"{PRICING}/2": None}


def test_a_link_of_a_mail_leads_there_with_the_token_of_its_reader() -> None:
    body = "<p><a href='https://www.example.com/pricing?lf={{ visit_token }}'>Prices</a></p>"
    lead_id = mailing.lead()
    with mailing.mail_service():
        mailing.email_channel()
        mail = mailing.send(lead_id, mailing.template(body=body, variables=["name"]))

    followed = call("tracking/click", path={"tracking_id": mail.email_id, "link": "1"}, scopes=None)

    page, _, token = followed.headers["location"].partition("?lf=")
    assert token == leads.visit_token(lead_id)
    assert visited(token, page).status == 204
    assert "website_visit" in [signal["signal_type"] for signal in signals_of(lead_id)]


def test_a_page_counts_once_an_hour(clock: Clock) -> None:
    lead_id = added()["id"]
    token = leads.visit_token(lead_id)
    clock.advance(minutes=50)
    for _ in range(3):
        visited(token)
        visited(token, PRICING + "#more")
        clock.advance(minutes=19, seconds=59)
    visited(token, "https://www.example.com/")
    assert len(signals_of(lead_id)) == 2

    clock.advance(seconds=10)
    visited(token)
    assert len(signals_of(lead_id)) == 3


def test_the_same_visit_twice_at_once_counts_once() -> None:
    lead_id = added()["id"]
    token = leads.visit_token(lead_id)
    with wire.interrupted(lambda: visited(token)):
        assert visited(token).status == 204

    assert len(signals_of(lead_id)) == 1


def test_x51_two_people_in_one_browser_stay_two_people() -> None:
    """The same address and browser, one after the other, also for the same page: nobody is merged or mixed up."""
    ada, grace = added()["id"], added("grace@example.com")["id"]
    for lead_id in (ada, grace, ada):
        assert visited(leads.visit_token(lead_id)).status == 204

    assert wire.counts()["Lead"] == 2
    for lead_id in (ada, grace):
        assert [signal["lead_id"] for signal in signals_of(lead_id)] == [lead_id]
        assert shown(lead_id)["score"] == 1


def test_a_token_we_did_not_give_out_is_answered_the_same_and_writes_nothing() -> None:
    lead_id = added()["id"]
    real = leads.visit_token(lead_id)
    before = {**wire.counts(), "ThrottleCount": 1}
    forged = [
        f"{lead_id}.AAAAAAAAAAAAAAAAAAAAAA",
        lead_id,
        "x",
        f"{real}=",
        leads.visit_token("01JZ0000000000000000000009"),
    ]
    answers = [visited(token) for token in forged]

    assert [(answer.status, answer.text) for answer in answers] == [(204, "")] * len(forged)
    after = wire.counts()
    assert {**after, "ThrottleCount": 1} == before
    assert visited(real).headers == answers[0].headers


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b'{"token": "x"}', 422),
        (b'{"token": "x", "url": "javascript:alert(1)"}', 422),
        (b'{"token": "x", "url": "https://example.com", "who": "me"}', 422),
        (b'{"token": "x", "url": "https://example.com", "title": "' + b"x" * 17_000 + b'"}', 413),
    ],
)
def test_what_is_no_visit_is_refused(body: bytes, status: int) -> None:
    answer = call("signals/track_visit", body, scopes=None)

    assert answer.status == status
    assert answer.headers["access-control-allow-origin"] == "*"


def test_a_form_post_is_of_the_wrong_kind() -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}

    assert call("signals/track_visit", b"token=x", scopes=None, headers=headers).status == 415


def test_a_sender_and_a_lead_have_bounds(clock: Clock) -> None:
    lead_id = added()["id"]
    token = leads.visit_token(lead_id)
    answers = [visited(token, f"https://www.example.com/{n}", source_ip="198.51.100.7") for n in range(121)]

    assert [answer.status for answer in answers] == [204] * 120 + [429]
    assert answers[-1].headers["retry-after"] == "60"
    # More pages an hour than anybody reads make no score.
    assert shown(lead_id)["score"] == 60


def test_browsers_are_told_that_any_website_may_post() -> None:
    answer = call("signals/track_visit", method="OPTIONS", scopes=None, headers={"origin": "https://www.example.com"})

    assert (answer.status, answer.headers["access-control-allow-origin"]) == (204, "*")
    assert "content-type" in answer.headers["access-control-allow-headers"]
