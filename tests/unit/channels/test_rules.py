"""Which channels make sense, and what events of a mail provider say."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadflow.campaigns.enums import MAIL_EVENTS
from leadflow.channels import rules
from leadflow.channels.enums import CHANNEL_TYPES, CREDENTIALS_OF, NEEDED_CREDENTIALS_OF, PROVIDER_OF
from tests.harness import ROOT

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MAIL_FIELDS = {"from_email": None, "from_name": None, "reply_to": None, "postal_address": None}
FOR_MAIL = {**MAIL_FIELDS, "from_email": "a@b.example", "postal_address": "1 Street"}

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


def channel(kind: str, **changes: Any) -> dict[str, Any]:
    provider = PROVIDER_OF[kind]
    fitting = FOR_MAIL if kind == "email" else MAIL_FIELDS
    credentials = dict.fromkeys(NEEDED_CREDENTIALS_OF[provider], "x")
    return {
        "channel_type": kind,
        "provider": None,
        "is_active": True,
        "api_credentials": credentials,
        **fitting,
        **changes,
    }


@pytest.mark.parametrize("kind", CHANNEL_TYPES)
def test_a_channel_with_what_its_provider_needs_is_fine(kind: str) -> None:
    assert list(rules.channel_errors(channel(kind))) == []
    assert list(rules.channel_errors(channel(kind, provider=PROVIDER_OF[kind]))) == []


@given(st.sampled_from(CHANNEL_TYPES), st.booleans(), st.sets(st.sampled_from(sum(CREDENTIALS_OF.values(), ()))))
def test_exactly_the_credentials_that_do_not_belong_or_are_missing_are_named(
    kind: str, active: bool, given_names: set[str]
) -> None:
    credentials = dict.fromkeys(given_names, "x")
    named = {field for field, _ in rules.channel_errors(channel(kind, is_active=active, api_credentials=credentials))}
    provider = PROVIDER_OF[kind]
    foreign = given_names - set(CREDENTIALS_OF[provider])
    missing = set(NEEDED_CREDENTIALS_OF[provider]) - given_names if active else set()
    assert named == {f"api_credentials.{name}" for name in foreign | missing}


@given(st.sampled_from([kind for kind in CHANNEL_TYPES if kind != "email"]), st.sampled_from(sorted(MAIL_FIELDS)))
def test_what_belongs_to_mail_belongs_to_nothing_else(kind: str, field: str) -> None:
    assert [name for name, _ in rules.channel_errors(channel(kind, **{field: "x"}))] == [field]


def test_needed_credentials_are_among_the_known_ones() -> None:
    for provider, names in NEEDED_CREDENTIALS_OF.items():
        assert set(names) <= set(CREDENTIALS_OF[provider])


@given(JSON)
def test_no_entry_breaks_the_reading_of_events(entry: Any) -> None:
    assert rules.mail_report(entry, NOW) is None


@given(
    st.text(st.characters(codec="ascii"), min_size=1, max_size=40),
    st.sampled_from([*MAIL_EVENTS, "group_unsubscribe"]),
    JSON,
    st.dictionaries(st.text(max_size=10), JSON, max_size=4),
)
def test_every_event_of_ours_is_read_whatever_else_stands_in_it(
    mail_id: str, event: str, timestamp: Any, others: dict[str, Any]
) -> None:
    entry = {**others, "lf_id": mail_id, "event": event, "timestamp": timestamp, "email": "ana@example.com"}
    report = rules.mail_report(entry, NOW)
    assert report is not None
    assert report.mail_id == mail_id
    assert report.event in MAIL_EVENTS
    assert report.at.tzinfo is not None
    assert "email" not in report.data
    assert "lf_id" not in report.data


@pytest.mark.parametrize(
    ("timestamp", "at"),
    [
        (1762763712, datetime(2025, 11, 10, 8, 35, 12, tzinfo=UTC)),
        (1762763712345, datetime(2025, 11, 10, 8, 35, 12, 345000, tzinfo=UTC)),
        (1762763712.5, datetime(2025, 11, 10, 8, 35, 12, 500000, tzinfo=UTC)),
        (None, NOW),
        ("1762763712", NOW),
        (True, NOW),
        (0, NOW),
        (-5, NOW),
        (float("nan"), NOW),
        (float("inf"), NOW),
        (10**400, NOW),
        (10**15, NOW),
    ],
)
def test_times_are_seconds_or_milliseconds_else_when_it_came(timestamp: Any, at: datetime) -> None:
    report = rules.mail_report({"lf_id": "1", "event": "open", "timestamp": timestamp}, NOW)
    assert report is not None
    assert report.at == at


def test_a_whole_batch_of_sendgrid_is_read() -> None:
    batch = json.loads((ROOT / "events" / "providers" / "sendgrid" / "events_batch.json").read_text(encoding="utf-8"))
    for entry in batch:
        report = rules.mail_report({**entry, "lf_id": "1"}, NOW)
        assert (report is None) is (entry["event"] == "group_resubscribe"), entry["event"]
        assert report is None or report.event in MAIL_EVENTS
    assert [rules.mail_report(entry, NOW) for entry in batch] == [None] * len(batch)


@pytest.mark.parametrize("event", ["group_resubscribe", "account_status_change", "opened", "", None, 3, ["open"]])
def test_what_says_nothing_about_a_mail_is_passed_over(event: Any) -> None:
    assert rules.mail_report({"lf_id": "1", "event": event, "timestamp": 1762763712}, NOW) is None


@given(st.text(max_size=30))
def test_a_signatures_time_is_a_plain_number_of_seconds(text: str) -> None:
    found = rules.signed_at(text)
    assert found is None or (text.isdigit() and text.isascii())


def test_urls_stand_under_the_public_one() -> None:
    assert rules.webhook_urls("https://x.example/base", "01H", "sendgrid") == (
        "https://x.example/base/webhooks/sendgrid/01H/events",
        "https://x.example/base/webhooks/sendgrid/01H/inbound",
    )
    assert rules.webhook_urls("https://x.example", "01H", "facebook") == ("https://x.example/webhooks/meta/01H", None)
