"""What a campaign really sends to the mail provider, read at the provider sandbox, which refuses what SendGrid does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from leadflow.channels.mail import MAX_CALL_BYTES, MAX_RECIPIENTS, Address, OutgoingMail, Recipient
from leadflow.channels.providers.sendgrid import SendGrid
from leadflow.core import seams
from leadflow.core.errors import MailRefused
from tests.cloud import fresh_cloud
from tests.contract.sandbox.world import Running, sandbox_running
from tests.functional.campaigns.campaigning import campaign, step
from tests.functional.campaigns.mailing import email_channel, hang_up, lead, template
from tests.functional.campaigns.running import acted, people, status, work
from tests.harness import Clock

BODY = "<html><body><p>Dear {{ name }} of {{ company }}</p><a href='https://example.com'>Prices</a></body></html>"
PERSONAL = re.compile(r"lead|example\.com|acme", re.IGNORECASE)


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    with sandbox_running(tmp_path) as running, fresh_cloud(Clock()):
        monkeypatch.setenv("PROVIDER_BASE_URL", str(running.http.base_url).rstrip("/"))
        seams.current().forget("settings")
        yield running
        hang_up()


def sent_by_a_campaign(sandbox: Running, **fields: Any) -> list[dict[str, Any]]:
    """What the sandbox took of a campaign with one step."""
    email_channel()
    campaign_id = campaign(**fields)
    words = {"subject": "For {{ name }}", "body": BODY, "variables": ["name", "company"]}
    step(campaign_id, template_id=template(**words))
    acted(campaign_id, "launch_campaign")
    work()
    assert status(campaign_id) == "completed"
    return sandbox.sent()


def test_every_mail_has_the_headers_that_bulk_mail_needs(sandbox: Running) -> None:
    people(3, company="Acme")

    sent = sent_by_a_campaign(sandbox)

    assert len({one["request_id"] for one in sent}) == 1
    ids = {one["headers"]["Message-ID"] for one in sent}
    assert len(ids) == 3
    for one in sent:
        mail_id, headers = one["raw"]["custom_args"]["lf_id"], one["headers"]
        assert headers["List-Unsubscribe"] == f"<https://api.leadflow.test/t/{mail_id}/unsubscribe>"
        assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert re.fullmatch(r"<[A-Za-z0-9_-]{22}@leadflow\.example>", headers["Message-ID"])
        assert headers["Reply-To"] == "reply@leadflow.example"
        assert f"Dear {headers['Subject'].removeprefix('For ')} of Acme" in one["body"]


def test_a_message_id_is_of_the_domain_the_mail_is_from(sandbox: Running) -> None:
    people(1, company="Acme")

    [sent] = sent_by_a_campaign(sandbox, sender="ana@news.leadflow.example")

    assert sent["from"] == "ana@news.leadflow.example"
    assert sent["headers"]["Message-ID"].endswith("@news.leadflow.example>")


def test_nothing_personal_stands_where_the_provider_keeps_it_in_the_clear(sandbox: Running) -> None:
    people(2, company="Acme")

    for one in sent_by_a_campaign(sandbox):
        raw = one["raw"]
        assert raw["custom_args"].keys() == {"lf_id"}
        assert len(json.dumps(raw["custom_args"])) < 10_000
        assert 1 <= len(raw["categories"]) <= 10
        assert all(each.isascii() and len(each) <= 255 for each in raw["categories"])
        assert not PERSONAL.search(json.dumps([raw["categories"], raw["custom_args"]]))


def test_the_provider_tracks_nothing_and_gets_text_before_html(sandbox: Running) -> None:
    people(1, company="Acme")

    [sent] = sent_by_a_campaign(sandbox)

    assert sent["raw"]["tracking_settings"] == {
        "click_tracking": {"enable": False, "enable_text": False},
        "open_tracking": {"enable": False},
        "subscription_tracking": {"enable": False},
    }
    assert [part["type"] for part in sent["raw"]["content"]] == ["text/plain", "text/html"]
    assert all((sent["subject"], sent["body"], sent["html"]))


def test_long_values_go_by_themselves_and_are_taken(sandbox: Running) -> None:
    """Given values that are more than the provider substitutes for one person, and a name longer than a header line."""
    people(2, company="Acme")
    email_channel()
    lead(name="N" * 100, email="long@example.com", company="Acme", custom={"story": "é" * 7_000})
    campaign_id = campaign()
    words = {"subject": "For {{ story }}", "body": "<p>{{ story }} {{ name }}</p>", "variables": ["story", "name"]}
    step(campaign_id, template_id=template(**words))
    acted(campaign_id, "launch_campaign")
    work()

    sent = sandbox.sent()

    assert len(sent) == 3
    assert len({one["request_id"] for one in sent}) == 2
    [long] = [one for one in sent if one["to"] == "long@example.com"]
    assert ("substitutions" in long["raw"]["personalizations"][0], long["html"].count("é")) == (False, 7_000)


def test_a_call_that_is_too_large_is_not_made(sandbox: Running) -> None:
    """What the sandbox, as SendGrid, answers with 413 never leaves: who asked for it halves it."""
    sender, to = Address("hello@leadflow.example"), (Recipient("ana@example.com"),)
    fits = OutgoingMail(sender, to, "Hello", text="x" * (MAX_CALL_BYTES - 1_000))
    too_large = OutgoingMail(sender, to, "Hello", text='"' * (MAX_CALL_BYTES // 2))
    assert SendGrid("SG.key").send(fits)
    sandbox.behave(mode="server_error").raise_for_status()

    with pytest.raises(MailRefused) as refused:
        SendGrid("SG.key").send(too_large)

    assert (refused.value.too_large, refused.value.shared, refused.value.recipients) == (True, False, {})


def test_no_call_has_more_people_than_the_provider_takes() -> None:
    people_of_a_call = tuple(Recipient(f"lead{number}@example.com") for number in range(MAX_RECIPIENTS + 1))

    with pytest.raises(ValueError, match="1 to 1000 recipients"):
        OutgoingMail(Address("hello@leadflow.example"), people_of_a_call, "Hello", text="x")
