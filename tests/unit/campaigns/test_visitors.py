"""Who opened or clicked: a person, unless there is positive evidence against it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadflow.campaigns.rules.visitors import Visit, judge

SAFARI = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"


def visit(agent: str | None, method: str = "GET", ip: str = "203.0.113.7") -> Visit:
    return Visit(method, agent, ip, "REQ")


@pytest.mark.parametrize(
    ("agent", "actor"),
    [
        (SAFARI, "human"),
        (GMAIL, "human"),
        ("YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", "human"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; ms-office; MSOffice 16)", "human"),
        ("Mozilla/5.0 (Linux; Android 13; CUBOT NOTE 50)", "human"),
        ("Mozilla/5.0", "unknown"),
        ("python-httpx/0.28", "unknown"),
        ("", "unknown"),
        (None, "unknown"),
        ("Barracuda Sentinel (EE)", "scanner"),
        ("Mozilla/5.0 (compatible; Mimecast)", "scanner"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "machine"),
        ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "machine"),
        ("facebookexternalhit/1.1", "machine"),
    ],
)
def test_clients_by_name(agent: str | None, actor: str) -> None:
    assert judge(visit(agent)).actor == actor


def test_a_look_at_the_headers_alone_is_a_machine() -> None:
    assert judge(visit(SAFARI, method="HEAD")).actor == "machine"


def test_apple_mail_privacy_is_known_by_its_network() -> None:
    assert judge(visit("Mozilla/5.0", ip="17.58.98.1")).actor == "machine"
    assert judge(visit(SAFARI, ip="17.58.98.1")).actor == "human"


@pytest.mark.parametrize(("agent", "machine"), [(None, False), (GMAIL, False), ("mimecast", True), ("bingbot", True)])
def test_x15_only_evidence_keeps_a_visit_out_of_the_counts(agent: str | None, machine: bool) -> None:
    assert judge(visit(agent)).is_machine is machine


@given(st.text(), st.sampled_from(["GET", "HEAD"]), st.text())
def test_every_visit_gets_a_verdict_with_a_reason(agent: str, method: str, ip: str) -> None:
    assert judge(visit(agent, method, ip)).reason
