"""SendGrid's documented rules for a send request, one row each: what breaks it and which field the answer names."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.sandbox.providers.sendgrid import message_rules
from tests.contract.sandbox.world import Running, mail, sample, sandbox_running, to, with_change

NOW = 1_772_442_000.0
BYTES = 10_000
ENTRY = "personalizations.0"
PERSON = {"email": "ana@example.com"}
ADDRESS_MESSAGE = "Does not contain a valid address."


def problems(request: dict[str, Any], cap: int = BYTES) -> list[tuple[str | None, str]]:
    return [(each.field, each.message) for each in message_rules.check(request, NOW, cap)]


REFUSED = [
    # who
    ("personalizations", None, "personalizations", "must have at least one personalization"),
    ("personalizations", [], "personalizations", "must have at least one personalization"),
    ("personalizations", to(*(f"p{n}@example.com" for n in range(1001))), "personalizations", "You have provided 1001"),
    ("personalizations", ["ana@example.com"], ENTRY, "must be an object"),
    (f"{ENTRY}.to", [], f"{ENTRY}.to", "The to array is required"),
    (f"{ENTRY}.to", None, f"{ENTRY}.to", "The to array is required"),
    (f"{ENTRY}.to", PERSON, f"{ENTRY}.to", "must be an array"),
    (f"{ENTRY}.to.0.email", "ana", f"{ENTRY}.to.0.email", ADDRESS_MESSAGE),
    (f"{ENTRY}.to.0.email", "ana@localhost", f"{ENTRY}.to.0.email", ADDRESS_MESSAGE),
    (f"{ENTRY}.to.0.email", "ana@exa mple.com", f"{ENTRY}.to.0.email", ADDRESS_MESSAGE),
    (f"{ENTRY}.to.0.email", "ána@example.com", f"{ENTRY}.to.0.email", ADDRESS_MESSAGE),
    (f"{ENTRY}.to.0.email", "a..b@example.com", f"{ENTRY}.to.0.email", ADDRESS_MESSAGE),
    (f"{ENTRY}.to.0.email", "a" * 65 + "@example.com", f"{ENTRY}.to.0.email", ADDRESS_MESSAGE),
    (f"{ENTRY}.to.0.email", None, f"{ENTRY}.to.0.email", ADDRESS_MESSAGE),
    (f"{ENTRY}.to.0.email", "a@" + "b" * 320 + ".com", f"{ENTRY}.to.0.email", "maximum total length of 320"),
    (f"{ENTRY}.to.0.name", "Ruiz, Ana", f"{ENTRY}.to.0.name", "comma or a semicolon"),
    (f"{ENTRY}.to.0.name", "Ana; Ruiz", f"{ENTRY}.to.0.name", "comma or a semicolon"),
    (f"{ENTRY}.to.0.name", 7, f"{ENTRY}.to.0.name", "must be a string"),
    (f"{ENTRY}.cc", [{"email": "no"}], f"{ENTRY}.cc.0.email", ADDRESS_MESSAGE),
    (f"{ENTRY}.bcc", [{"email": "no"}], f"{ENTRY}.bcc.0.email", ADDRESS_MESSAGE),
    ("personalizations", to("ana@example.com", "ANA@example.com"), "personalizations", "only be included once"),
    (f"{ENTRY}.cc", [PERSON], "personalizations", "[ana@example.com] more than once"),
    (
        f"{ENTRY}.bcc",
        [{"email": f"b{n}@example.com"} for n in range(1000)],
        "personalizations",
        "1000 total recipients",
    ),
    # sender and replies
    ("from", None, "from.email", "The from object must be provided"),
    ("from.email", "nobody", "from.email", "The from email does not contain a valid address."),
    (f"{ENTRY}.from", {"email": "x@other.test"}, f"{ENTRY}.from.email", "must match the domain"),
    ("reply_to", {"email": "nobody"}, "reply_to.email", "The reply_to email does not contain a valid address."),
    ("reply_to_list", [], "reply_to_list", "1 to 1000"),
    ("reply_to_list", [PERSON, PERSON], "reply_to_list", "should be unique"),
    # subject
    ("subject", None, "subject", "The subject is required"),
    ("subject", "", "subject", "at least one character"),
    ("subject", 5, "subject", "must be a string"),
    (f"{ENTRY}.subject", "", f"{ENTRY}.subject", "at least one character"),
    # content
    ("content", None, "content", "the content parameter is required"),
    ("content", [], "content", "at least one defined content block"),
    ("content.0.value", "", "content.0.value", "at least one character in length"),
    ("content.1.value", 7, "content.1.value", "must be a string"),
    ("content.0.type", "", "content.0.type", "at least one character"),
    ("content.0.type", "text/plain; charset=x", "content.0.type", "Cannot contain"),
    ("content", list(reversed(mail()["content"])), "content", "text/plain needs to be first"),
    ("attachments", [{"content": "***", "filename": "a"}], "attachments.0.content", "base64"),
    ("attachments", [{"content": "", "filename": "a"}], "attachments.0.content", "at least one character"),
    ("attachments", [{"content": "YQ=="}], "attachments.0.filename", "must be a string"),
    ("attachments", [{"content": "YQ==", "filename": "a\r\nb"}], "attachments.0.filename", "CRLF"),
    ("attachments", [{"content": "YQ==", "filename": "a", "disposition": "x"}], "attachments.0.disposition", "inline"),
    ("template_id", "d-1234", "template_id", "valid template id for your account"),
    # what travels along
    ("headers", {"X-Mine": 1}, "headers", "must be strings"),
    ("headers", {"X Mine": "1"}, "headers", "empty spaces"),
    ("headers", {"X-Zoë": "1"}, "headers", "non-ASCII"),
    ("headers", {"X-A": "1", "x-a": "2"}, "headers", "duplicate keys"),
    (f"{ENTRY}.headers", {"List-Unsubscribe": None}, f"{ENTRY}.headers", "must be strings"),
    ("categories", ["c"] * 2, "categories", "included c more than once"),
    ("categories", [f"c{n}" for n in range(11)], "categories", "limit of 10"),
    ("categories", ["c" * 256], "categories", "longer than 255"),
    ("categories", ["zoë"], "categories", "non-ASCII"),
    ("categories", "c", "categories", "array of strings"),
    ("custom_args", {"step": 1}, "custom_args", "must be strings"),
    ("custom_args", {"a": "x" * 10_000}, f"{ENTRY}.custom_args", "10,000 bytes"),
    (f"{ENTRY}.custom_args", {"step": 1}, f"{ENTRY}.custom_args", "must be strings"),
    (f"{ENTRY}.custom_args", {}, f"{ENTRY}.custom_args", "cannot be empty"),
    (f"{ENTRY}.substitutions", {"-n-": 1}, f"{ENTRY}.substitutions", "values are all strings"),
    (f"{ENTRY}.substitutions", {"-n-": "é" * 4_999}, f"{ENTRY}.substitutions", "limited to 10000 bytes"),
    (f"{ENTRY}.substitutions", {str(n): "" for n in range(10_001)}, f"{ENTRY}.substitutions", "10,000 substitutions"),
    # when
    ("send_at", "soon", "send_at", "Unix timestamp"),
    ("send_at", int(NOW) + 72 * 3600 + 1, "send_at", "72 hours"),
    (f"{ENTRY}.send_at", int(NOW) + 72 * 3600 + 1, f"{ENTRY}.send_at", "72 hours"),
    # the rest
    ("batch_id", 5, "batch_id", "must be a string"),
    ("ip_pool_name", "x", "ip_pool_name", "2 to 64"),
    ("asm", {"group_id": "1"}, "asm.group_id", "must be an integer"),
    ("asm", {"group_id": 1, "groups_to_display": list(range(26))}, "asm.groups_to_display", "limit of 25"),
    ("mail_settings", {"sandbox_mode": {"enable": "yes"}}, "mail_settings.sandbox_mode.enable", "boolean"),
    (
        "mail_settings",
        {"bypass_list_management": {"enable": True}, "bypass_spam_management": {"enable": True}},
        "mail_settings.bypass_list_management",
        "cannot be combined",
    ),
    ("tracking_settings", {"open_tracking": {"enable": 1}}, "tracking_settings.open_tracking.enable", "boolean"),
]


@pytest.mark.parametrize(("path", "value", "field", "text"), REFUSED)
def test_a_broken_rule_names_its_field(path: str, value: Any, field: str, text: str) -> None:
    found = problems(with_change(mail(), path, value))

    assert [name for name, _ in found] == [field]
    assert text in found[0][1]


RESERVED = [
    "x-sg-id", "x-sg-eid", "received", "dkim-signature", "Content-Type", "Content-Transfer-Encoding", "To", "From",
    "Subject", "Reply-To", "CC", "BCC",
]  # fmt: skip


@pytest.mark.parametrize("name", RESERVED)
@pytest.mark.parametrize("path", ["headers", f"{ENTRY}.headers"])
def test_reserved_headers_are_refused(path: str, name: str) -> None:
    assert [field for field, _ in problems(with_change(mail(), path, {name: "x"}))] == [path]


ACCEPTED = [
    ("subject", None, {f"{ENTRY}.subject": "Mine"}),
    ("send_at", int(NOW) + 72 * 3600, {}),
    ("send_at", 1, {}),
    (f"{ENTRY}.substitutions", {"-n-": "é" * 4_997, "-o-": None}, {}),
    (f"{ENTRY}.custom_args", {"a": "x" * 9_999}, {}),
    (f"{ENTRY}.from", {"email": "other@LEADFLOW.test"}, {}),
    (f"{ENTRY}.to.0.email", "ana+tag.o'brien@mail.example.co", {}),
    (f"{ENTRY}.bcc", [{"email": f"b{n}@example.com"} for n in range(999)], {}),
    ("from.name", "Acme, Inc.; Sales", {}),
    ("headers", {"List-Unsubscribe": "<https://x.test>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}, {}),
    ("categories", [f"c{n}" for n in range(9)] + ["c" * 255], {}),
    ("reply_to", {"email": "-tag-@leadflow.test"}, {f"{ENTRY}.substitutions": {"-tag-": "r1"}}),
    ("reply_to_list", [{"email": "a@x.test"}, {"email": "b@x.test"}], {}),
    ("content", [{"type": "text/html", "value": "<p>x</p>"}, {"type": "text/calendar", "value": "x"}], {}),
    ("attachments", [{"content": "YQ==", "filename": "a.txt", "disposition": "inline", "content_id": "c"}], {}),
    ("asm", {"group_id": 7, "groups_to_display": [7]}, {}),
    ("mail_settings", {"bypass_spam_management": {"enable": True}, "bypass_bounce_management": {"enable": True}}, {}),
    ("tracking_settings", {"click_tracking": {"enable": False, "enable_text": False}}, {}),
]


@pytest.mark.parametrize(("path", "value", "besides"), ACCEPTED)
def test_what_is_just_allowed_passes(path: str, value: Any, besides: dict[str, Any]) -> None:
    request = with_change(mail(), path, value)
    for other, its_value in besides.items():
        request = with_change(request, other, its_value)

    assert problems(request) == []


def test_the_sample_request_is_valid() -> None:
    assert problems(sample()) == []


def test_substitutions_do_not_mix_with_dynamic_templates() -> None:
    request = with_change(mail(template_id="d-1"), f"{ENTRY}.substitutions", {"-n-": "x"})

    assert (f"{ENTRY}.substitutions", "Substitutions may not be used with dynamic templating") in problems(request)


def test_both_ways_to_reply_at_once_are_refused() -> None:
    found = problems(mail(reply_to={"email": "a@x.test"}, reply_to_list=[{"email": "b@x.test"}]))

    assert [field for field, _ in found] == ["reply_to_list"]


def test_one_bad_entry_among_many_is_named_and_nothing_is_kept(lonely: Running) -> None:
    entries = to(*(f"p{number}@example.com" for number in range(30)))
    del entries[17]["to"]

    answer = lonely.send(mail(personalizations=entries))

    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert set(error) == {"message", "field", "help"}
    assert error["field"] == "personalizations.17.to"
    assert error["help"].endswith("/errors.html#message.personalizations.to")
    assert lonely.sent() == []


def test_the_substitution_cap_can_be_raised(tmp_path: Any) -> None:
    request = with_change(mail(), f"{ENTRY}.substitutions", {"-body-": "x" * 40_000})

    with sandbox_running(tmp_path, substitution_bytes=50_000) as roomy:
        assert roomy.send(request).status_code == 202
    assert problems(request, 50_000) == []
    assert len(problems(request)) == 1


@pytest.mark.parametrize(
    ("headers", "body", "status", "message"),
    [
        ({"Authorization": "Bearer k", "Content-Type": "text/plain"}, b"{}", 415, "Content-Type"),
        ({"Authorization": "Bearer k", "Content-Type": "application/json"}, b"{", 400, "Bad Request"),
        ({"Authorization": "Bearer k", "Content-Type": "application/json"}, b"[]", 400, "Bad Request"),
        ({"Authorization": "Bearer k", "Content-Type": "application/json"}, b"\xff\xfe", 415, "Invalid UTF8"),
        (
            {"Authorization": "Bearer k", "Content-Type": "application/json", "Content-Encoding": "gzip"},
            b"not packed",
            400,
            "Bad Request",
        ),
        ({"Content-Type": "application/json"}, b"{}", 401, "wrong credentials"),
        ({"Authorization": "Bearer", "Content-Type": "application/json"}, b"{}", 401, "wrong credentials"),
        ({"Authorization": "Basic abc", "Content-Type": "application/json"}, b"{}", 401, "wrong credentials"),
    ],
)
def test_what_never_gets_to_the_rules(
    lonely: Running, headers: dict[str, str], body: bytes, status: int, message: str
) -> None:
    answer = lonely.http.post("/sendgrid/v3/mail/send", content=body, headers=headers)

    assert answer.status_code == status
    assert message in answer.json()["errors"][0]["message"]


def test_an_unknown_path_and_a_wrong_method_are_answered_as_sendgrid_does(lonely: Running) -> None:
    key = {"Authorization": "Bearer k"}

    assert lonely.http.get("/sendgrid/v3/nothing", headers=key).json()["errors"][0]["message"] == "not found"
    assert lonely.http.get("/sendgrid/v3/mail/send", headers=key).status_code == 405


ANYWHERE = [
    *mail(), "headers", "categories", "custom_args", "asm", "mail_settings", "tracking_settings", "attachments",
    "reply_to", "reply_to_list", "batch_id", "send_at", f"{ENTRY}.to", f"{ENTRY}.from", f"{ENTRY}.substitutions",
    f"{ENTRY}.custom_args", f"{ENTRY}.headers", "mail_settings.sandbox_mode", "content.0.type",
]  # fmt: skip


@pytest.mark.parametrize("value", [1, "x", [], None, True, {"email": 5}, [[]], [None], [{"email": {}}]])
@pytest.mark.parametrize("path", ANYWHERE)
def test_any_json_anywhere_gets_an_answer(path: str, value: Any) -> None:
    """Rules must survive values of every type: each is either taken or named, never an accident."""
    found = message_rules.check(with_change(mail(), path, value), NOW, BYTES)

    assert json.dumps([each.as_json() for each in found])
