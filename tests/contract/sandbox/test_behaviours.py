"""PUT /behaviour: the ways in which a provider can fail, each as its caller sees it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.contract.sandbox.world import Running, mail, sample, sandbox_running, to

SHORT = httpx.Timeout(5, read=0.3)


@pytest.mark.parametrize(
    ("mode", "status", "message"),
    [
        ("reject", 400, "valid address"),
        ("bad_token", 401, "invalid, expired, or revoked"),
        ("rate_limit", 429, "too many requests"),
        ("server_error", 500, "Internal Server Error"),
    ],
)
def test_a_refusal_is_sendgrids_own_and_keeps_nothing(lonely: Running, mode: str, status: int, message: str) -> None:
    assert lonely.behave(mode=mode).status_code == 200

    answer = lonely.send(mail())

    assert answer.status_code == status
    assert message in answer.json()["errors"][0]["message"]
    assert lonely.sent() == []
    lonely.behave(mode="ok")
    assert lonely.send(mail()).status_code == 202


def test_a_refusal_of_some_names_their_places(lonely: Running) -> None:
    lonely.behave(mode="reject", match="bad")

    answer = lonely.send(
        mail(personalizations=to("a@example.com", "bad@example.com", "c@example.com", "bad2@example.com"))
    )

    assert [one["field"] for one in answer.json()["errors"]] == [
        "personalizations.1.to.0.email",
        "personalizations.3.to.0.email",
    ]
    assert lonely.send(mail(personalizations=to("a@example.com", "c@example.com"))).status_code == 202


def test_a_rate_limit_says_when_it_lifts(lonely: Running) -> None:
    lonely.behave(mode="rate_limit", retry_after=7)

    headers = lonely.send(mail()).headers

    assert (headers["X-RateLimit-Limit"], headers["X-RateLimit-Remaining"]) == ("600", "0")
    assert 0 < int(headers["X-RateLimit-Reset"]) - time.time() <= 7


def test_a_timeout_after_accepting_leaves_the_caller_without_the_answer(lonely: Running) -> None:
    lonely.behave(mode="timeout_after_accept")

    with pytest.raises(httpx.ReadTimeout):
        lonely.send(mail(), timeout=SHORT)

    assert [item["to"] for item in lonely.sent()] == ["ana@example.com"]


def test_a_timeout_after_accepting_is_not_for_what_would_be_refused(lonely: Running) -> None:
    lonely.behave(mode="timeout_after_accept")

    assert lonely.send({}).status_code == 400


def test_a_timeout_before_accepting_keeps_nothing(lonely: Running) -> None:
    lonely.behave(mode="timeout_before_accept")

    with pytest.raises(httpx.ReadTimeout):
        lonely.send(mail(), timeout=SHORT)

    assert lonely.sent() == []


def test_callers_that_gave_up_hold_no_thread(tmp_path: Path) -> None:
    """More timeouts than the server has threads, and it still answers."""
    with sandbox_running(tmp_path, threads=2) as running:
        running.behave(mode="timeout_before_accept", match="held")
        for number in range(4):
            with pytest.raises(httpx.ReadTimeout):
                running.send(mail(personalizations=to(f"held{number}@example.com")), timeout=SHORT)

        assert running.send(mail()).status_code == 202


def test_slow_is_late_but_fine(lonely: Running) -> None:
    lonely.behave(mode="slow", delay=0.4)
    begun = time.monotonic()

    assert lonely.send(mail()).status_code == 202
    assert time.monotonic() - begun >= 0.4
    assert len(lonely.sent()) == 1


def test_a_slow_mail_is_accepted_even_when_the_caller_does_not_wait(lonely: Running) -> None:
    lonely.behave(mode="slow", delay=60)

    with pytest.raises(httpx.ReadTimeout):
        lonely.send(mail(), timeout=SHORT)

    give_up = time.monotonic() + 20
    while not lonely.sent():
        assert time.monotonic() < give_up


@pytest.mark.parametrize(
    ("match", "hit"),
    [
        ("amara.okafor@", True),
        ("Amara, a tour for Copperfield", True),
        ("lead=2", True),
        ("shall we show Tessellate Software around", True),
        ("-company-", False),
        ("nobody", False),
    ],
)
def test_match_looks_at_recipients_and_texts_as_they_are_read(lonely: Running, match: str, hit: bool) -> None:
    lonely.behave(mode="server_error", match=match)

    assert lonely.send(sample()).status_code == (500 if hit else 202)


def test_a_rate_strikes_that_share_of_requests(lonely: Running) -> None:
    lonely.behave(mode="server_error", rate=0.3)

    statuses = [lonely.send(mail()).status_code for _ in range(100)]

    assert set(statuses) == {202, 500}
    assert 15 <= statuses.count(500) <= 45
    lonely.behave(mode="server_error", rate=0)
    assert lonely.send(mail()).status_code == 202


def test_a_bad_token_is_noticed_by_a_channel_check_too(lonely: Running) -> None:
    lonely.behave(mode="bad_token")
    key = {"Authorization": "Bearer k"}

    assert lonely.http.get("/sendgrid/v3/scopes", headers=key).status_code == 401
    lonely.behave(mode="reject")
    assert lonely.http.get("/sendgrid/v3/scopes", headers=key).status_code == 200


def test_behaviours_are_shown(lonely: Running) -> None:
    before, *others = lonely.http.get("/behaviour").json()["items"]
    answer = lonely.behave(mode="reject", rate=0.5, match="x", retry_after=3)

    plain = {"provider": "sendgrid", "mode": "ok", "rate": 1.0, "retry_after": None, "match": None, "delay": 3.0}
    assert before == plain
    assert answer.json() == {**plain, "mode": "reject", "rate": 0.5, "match": "x", "retry_after": 3.0}
    assert lonely.http.get("/behaviour").json() == {"items": [answer.json(), *others]}


@pytest.mark.parametrize(
    ("behaviour", "field"),
    [
        ({}, "mode"),
        ({"mode": "explode"}, "mode"),
        ({"mode": "ok", "rate": 1.1}, "rate"),
        ({"mode": "ok", "rate": -0.1}, "rate"),
        ({"mode": "ok", "rate": True}, "rate"),
        ({"mode": "ok", "rate": "1"}, "rate"),
        ({"mode": "ok", "retry_after": -1}, "retry_after"),
        ({"mode": "ok", "match": ""}, "match"),
        ({"mode": "ok", "match": 5}, "match"),
        ({"mode": "slow", "delay": 121}, "delay"),
        ({"mode": "ok", "mood": "good"}, "mood"),
    ],
)
def test_a_behaviour_that_makes_no_sense_is_refused_by_name(
    lonely: Running, behaviour: dict[str, Any], field: str
) -> None:
    lonely.behave(mode="reject")

    answer = lonely.behave(**behaviour)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
    assert lonely.http.get("/behaviour").json()["items"][0]["mode"] == "reject"


def test_a_provider_that_is_not_there_has_no_behaviour(lonely: Running) -> None:
    assert lonely.http.put("/behaviour/pigeon", json={"mode": "ok"}).status_code == 404
