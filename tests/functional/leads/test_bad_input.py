"""What is wrong with a request is said by its field and loses nothing; what is only unusual is kept exactly."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from leadflow.leads import service
from tests.functional import wire
from tests.functional.leads.people import added, listed, patched, shown
from tests.functional.signals.websites import found, posted, submitted
from tests.harness import Answer, call

ADA = {"name": "Ada", "email": "ada@example.com"}
# Of a gateway's 6 MB for an answer.
MOST_ANSWERED = 100_000


def assert_refused(answer: Answer, status: int, *fields: str) -> None:
    """A problem of this status that names these fields, says nothing of ours and repeats nothing personal."""
    assert answer.status == status, answer.text[:500]
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json
    assert problem["status"] == status
    assert problem["detail"]
    assert [error["field"] for error in problem.get("errors", [])] == list(fields)
    assert len(answer.text) < MOST_ANSWERED
    assert "Traceback" not in answer.text
    assert "ada@" not in answer.text


def body(**fields: Any) -> bytes:
    """A new lead in JSON, ASCII alone."""
    return json.dumps({**ADA, **fields}).encode()


def raw(fields: str) -> bytes:
    """A new lead with these fields as they stand."""
    return f'{{"name": "Ada", "email": "ada@example.com", {fields}}}'.encode()


NOT_JSON = {
    "nothing": b"",
    "half an object": b'{"name": "Ada"',
    "a word": b"hello",
    "two values": b"{} {}",
    "a comma too many": b'{"name": "Ada",}',
    "half a pair in a value": raw(r'"notes": "\ud800"'),
    "half a pair in a key": raw(r'"custom": {"\udfff": 1}'),
    "a raw control character": b'{"name": "A\x01"}',
    "NaN for a text": raw('"company": NaN'),
    "Infinity among custom fields": raw('"custom": {"n": -Infinity}'),
    "nesting without end": b'{"custom":' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001,
    "lists without end": b"[" * 100_000,
    "an integer of 5,000 digits": raw(f'"custom": {{"n": {"9" * 5000}}}'),
    "a byte order mark": "\ufeff{}".encode(),
}
WRONG: dict[str, tuple[bytes, str]] = {
    "a list": (b"[]", "body"),
    "a list of leads": (b"[" + body() + b"]", "body"),
    "null": (b"null", "body"),
    "a text": (b'"Ada"', "body"),
    "a key twice": (raw('"name": "Bob"'), "name"),
    "a key twice further down": (raw('"custom": {"plan": {"seats": 1, "seats": 2}}'), "seats"),
    "no email": (body(email="ada.example.com"), "email"),
    "an email with a name": (body(email="Ada <ada@example.com>"), "email"),
    "an email with a line break": (body(email="ada@example.com\r\nBcc: eve@example.com"), "email"),
    "an email with a long local part": (body(email=f"{'a' * 65}@example.com"), "email"),
    "an email of 255 characters": (body(email=f"ada@{'b.' * 124}com"), "email"),
    "an email at an IP address": (body(email="ada@[127.0.0.1]"), "email"),
    "an email with broken punycode": (body(email="ada@xn--mnchen-3y.de"), "email"),
    "an email that is a list": (body(email=["ada@example.com"]), "email"),
    "a name of 101 characters": (body(name="x" * 101), "name"),
    "a blank name": (body(name=" \u00a0 "), "name"),
    "a name that cannot be seen": (body(name="\u200b\u202e"), "name"),
    "a name with NUL": (body(name="A\x00da"), "name"),
    "a name with a bell": (body(name="A\x07da"), "name"),
    "a name with a line break": (body(name="Ada\r\nBcc: eve@example.com"), "name"),
    "a name with a C1 control": (body(name="A\x85da"), "name"),
    "a name that is an object": (body(name={"first": "Ada"}), "name"),
    "a company with an escape": (body(company="\x1b[2J"), "company"),
    "a tag with a tab": (body(tags=["a\tb"]), "tags.0"),
    "tags that are a text": (body(tags="vip"), "tags"),
    "a megabyte of notes": (body(notes="x" * 1_000_000), "notes"),
    "notes with a bell": (body(notes="a\x07b"), "notes"),
    "a local phone number": (body(phone="020 7946 0018"), "phone"),
    "a phone number with 00": (body(phone="0044 20 7946 0018"), "phone"),
    "a phone number with letters alone": (body(phone="call me"), "phone"),
    "a phone number of no country": (body(phone="+999 123 456"), "phone"),
    "a phone number with an extension": (body(phone="+44 20 7946 0018 ext. 5"), "phone"),
    "a phone number that is a number": (body(phone=442079460018), "phone"),
    "a status there is not": (body(status="won"), "status"),
    "a status in capitals": (body(status="NEW"), "status"),
    "a score": (body(score=100), "score"),
    "an id": (body(id="01JZ0000000000000000000001"), "id"),
    "a number beyond all": (raw('"custom": {"n": 1e400}'), "custom"),
    "NUL in a key": (body(custom={"a\x00": 1}), "custom"),
    "17 KB of custom fields": (body(custom={"x": "y" * 17_000}), "custom"),
}


@pytest.mark.parametrize("text", NOT_JSON.values(), ids=NOT_JSON)
def test_what_is_not_json_is_malformed(text: bytes) -> None:
    lead = added("grace@example.com")

    assert_refused(call("leads/create_lead", text), 400)
    assert_refused(call("leads/update_lead", text, path={"lead_id": lead["id"]}), 400)
    assert_refused(call("signals/record_signal", text, path={"lead_id": lead["id"]}), 400)
    assert wire.counts() == {"Lead": 1, "UniqueIdentity": 1}
    assert shown(lead["id"]) == lead


@pytest.mark.parametrize(("text", "field"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named_and_nothing_is_lost(text: bytes, field: str) -> None:
    """The same for a new lead and a change of one, which keeps all it had."""
    lead = added("grace@example.com", phone="+442079460018", custom={"plan": "pro"})

    assert_refused(call("leads/create_lead", text), 422, field)
    assert_refused(call("leads/update_lead", text, path={"lead_id": lead["id"]}), 422, field)
    assert shown(lead["id"]) == lead
    assert wire.counts() == {"Lead": 1, "UniqueIdentity": 2}


def test_an_answer_is_bounded_whatever_was_sent() -> None:
    many = call("leads/create_lead", {**ADA, **{f"f{number}": 1 for number in range(50_000)}})
    assert_refused(many, 422, *(f"f{number}" for number in range(50)), "body")
    assert many.json["errors"][-1]["message"] == "49950 more errors"
    long = call("leads/create_lead", {**ADA, "k" * 4_000_000: 1})
    assert_refused(long, 422, "k" * 300 + "…")
    twice = call("leads/create_lead", raw(f'"custom": {{"{"k" * 8000}": 1, "{"k" * 8000}": 1}}'))
    assert_refused(twice, 422, "k" * 100)


def test_a_body_over_five_megabytes() -> None:
    assert_refused(call("leads/create_lead", body(notes="x" * 5_300_000)), 413)


@pytest.mark.parametrize("kind", ["application/xml", "text/csv", "multipart/form-data; boundary=x", "image/png"])
def test_a_body_of_another_kind(kind: str) -> None:
    lead_id = added("grace@example.com")["id"]
    headers = {"content-type": kind}

    assert_refused(call("leads/create_lead", ADA, headers=headers), 415)
    assert_refused(call("leads/update_lead", {"name": "X"}, path={"lead_id": lead_id}, headers=headers), 415)
    assert listed(email="ada@example.com")["items"] == []


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "application/vnd.x+json"])
def test_json_under_the_names_that_clients_give_it(kind: str) -> None:
    assert call("leads/create_lead", ADA, headers={"content-type": kind}).status == 201


@pytest.mark.parametrize(
    "name", ["Zoë 🦊", "👩‍👩‍👧‍👦", "שָׁלוֹם עולם", "محمد \u202bعلي\u202c", "李小龍", "O'Brien-Ñandú", "e\u0301"]
)
def test_names_of_all_the_world_are_kept_exactly(name: str) -> None:
    lead = added(name=name, company=name, tags=[name], notes=f"{name}\n\t{name}")

    assert shown(lead["id"])["name"] == lead["name"] == name
    assert (lead["company"], lead["tags"], lead["notes"]) == (name, [name], f"{name}\n\t{name}")
    assert [found["name"] for found in listed(tag=name)["items"]] == [name]


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("ada@münchen.de", "ADA@xn--mnchen-3ya.de", True),
        ("ada@MÜNCHEN.de", "ada@münchen.de", True),
        ("İ@example.com", "i\u0307@example.com", True),
        ("İ@example.com", "i@example.com", False),
        ("ı@example.com", "i@example.com", False),
        ("ß@example.com", "ẞ@example.com", True),
        ("straße@example.com", "strasse@example.com", False),
        ("a@faß.de", "a@fass.de", False),
        ("é@example.com", "e\u0301@example.com", True),
        ("ada+one@example.com", "ada+two@example.com", False),
        ("ada+one@example.com", "ada@example.com", False),
        ("ada@example.com", "ada@example。com", True),
    ],
)
def test_x46_spellings_of_one_address_are_one_lead_and_others_are_not(first: str, second: str, same: bool) -> None:
    lead = added(first)

    answer = call("leads/create_lead", {"name": "Other", "email": second})

    assert answer.status == (409 if same else 201)
    assert answer.json.get("other_id") == (lead["id"] if same else None)
    assert [one["id"] for one in listed(email=first)["items"]] == [lead["id"]]
    # A form under either spelling finds the same lead.
    submitted({"email": second, "company": "Looms"})
    assert found(second)["id"] == (lead["id"] if same else answer.json["id"])


LISTS: dict[str, Callable[[str], dict[str, Any]]] = {
    "leads/list_leads": lambda lead_id: {},
    "leads/get_timeline": lambda lead_id: {"path": {"lead_id": lead_id}},
    "signals/list_signals": lambda lead_id: {"path": {"lead_id": lead_id}},
    "campaigns/list_lead_emails": lambda lead_id: {"path": {"lead_id": lead_id}},
}


@pytest.mark.parametrize("name", LISTS)
def test_pages_that_there_are_not(name: str) -> None:
    where = LISTS[name](added()["id"])

    for limit in ("0", "101", "-1", "abc", "1.5", "", " 5", "1e2", "9" * 30, "٣", "0x10"):
        assert_refused(call(name, query={"limit": limit}, **where), 422, "limit")
    for cursor in ("abc", "=", "AAAA", "é", "A" * 1900, "../..", "eyJhIjoxfQ=="):
        assert_refused(call(name, query={"cursor": cursor}, **where), 400)
    for cursor in ("", "x" * 2001, "a\x00"):
        assert_refused(call(name, query={"cursor": cursor}, **where), 422, "cursor")
    assert_refused(call(name, query={"offset": "5"}, **where), 422, "offset")
    assert_refused(call(name, query={"cursor": "\ud800"}, **where), 400)


def test_a_cursor_of_another_list_or_changed_by_a_letter_is_none() -> None:
    lead_id = added()["id"]
    added("grace@example.com")
    for _ in range(3):
        call("signals/record_signal", {"signal_type": "email_open"}, path={"lead_id": lead_id})
    cursors = {}
    for name, where in LISTS.items():
        page = call(name, query={"limit": "1"}, **where(lead_id)).json
        if page["next_cursor"]:
            cursors[name] = page["next_cursor"]

    assert cursors.keys() == {"leads/list_leads", "leads/get_timeline", "signals/list_signals"}
    for name, where in LISTS.items():
        for source, cursor in cursors.items():
            if source != name:
                assert_refused(call(name, query={"cursor": cursor}, **where(lead_id)), 400)
            middle = len(cursor) // 2
            forged = cursor[:middle] + ("A" if cursor[middle] != "A" else "B") + cursor[middle + 1 :]
            assert_refused(call(name, query={"cursor": forged}, **where(lead_id)), 400)


@pytest.mark.parametrize("tag", ["nonsense", '"x"', '""', "", '"7", "9"', "-1", "1e0", '"٢"', '"9999999999999999999"'])
def test_an_if_match_that_we_never_gave_out_matches_nothing(tag: str) -> None:
    lead = added()

    assert_refused(patched(lead["id"], tag, company="X"), 412)
    answer = call("leads/erase_lead", path={"lead_id": lead["id"]}, headers={"if-match": tag})
    assert_refused(answer, 412)
    assert shown(lead["id"]) == lead


READS = (
    "leads/get_lead",
    "leads/get_score",
    "leads/get_timeline",
    "signals/list_signals",
    "campaigns/list_lead_emails",
)


@pytest.mark.parametrize("lead_id", ["../secret", "LEAD#x", "\x00", " ", "é", "x" * 3000, "%00", "#META"])
def test_ids_that_are_none_are_not_found(lead_id: str) -> None:
    path = {"lead_id": lead_id}

    for name in READS:
        assert_refused(call(name, path=path), 404)
    assert_refused(call("leads/update_lead", {"name": "X"}, path=path), 404)
    assert_refused(call("leads/erase_lead", path=path), 404)
    assert_refused(call("signals/record_signal", {"signal_type": "email_open"}, path=path), 404)
    assert_refused(call("leads/explain_lead", path=path, query={"workflow_id": "W"}), 404)
    assert_refused(call("leads/get_erasure", path={"erasure_id": lead_id}), 404)
    assert wire.stored() == []


def test_an_id_that_is_no_text() -> None:
    for name in READS:
        assert_refused(call(name, path={"lead_id": "\ud800"}), 400)
    assert_refused(call("signals/submit_form", ADA, path={"form_id": "\ud800"}, scopes=None), 400)


FORMS = {
    "a key twice": (b'{"email": "ada@example.com", "email": "eve@example.com"}', 422, ["email"]),
    "a number beyond all": (b'{"email": "ada@example.com", "n": 1e400}', 400, []),
    "a name with a line break": (b'{"email": "ada@example.com", "name": "A\\nB"}', 422, ["name"]),
    "parts of a name that are lists": (b'{"email": "ada@example.com", "first_name": ["A"]}', 422, ["name"]),
    "a local phone number": (b'{"email": "ada@example.com", "phone": "020 7946 0018"}', 422, ["phone"]),
    "lists in lists": (b'{"email": "ada@example.com", "a": ' + b"[" * 300 + b"]" * 300 + b"}", 422, ["a"]),
    "a time zone that is a path": (b'{"email": "ada@example.com", "timezone": "../etc/passwd"}', 422, ["timezone"]),
    "an integer of 5,000 digits": (b'{"email": "ada@example.com", "n": ' + b"9" * 5000 + b"}", 400, []),
}


@pytest.mark.parametrize(("text", "status", "fields"), FORMS.values(), ids=FORMS)
def test_forms_say_what_is_wrong_and_keep_nothing_half(text: bytes, status: int, fields: list[str]) -> None:
    assert_refused(posted(text), status, *fields)
    assert {"Lead", "IntentSignal", "Receipt"}.isdisjoint(wire.counts())


@pytest.mark.parametrize("token", ["", "x" * 256, "a\nb", "\ud800"])
def test_a_forms_idempotency_key_is_bounded_like_any(token: str) -> None:
    assert_refused(posted(ADA, headers={"idempotency-key": token}), 422, "Idempotency-Key")


def test_a_form_from_all_the_world() -> None:
    submitted({"email": "ada@münchen.de", "name": "שלום 🦊", "message": "a\nb"})

    lead = found("ada@xn--mnchen-3ya.de")
    assert (lead["name"], lead["custom"]) == ("שלום 🦊", {"message": "a\nb"})


VISITS = {
    "a list": ("[]", 422, ["body"]),
    "nothing in it": ("{}", 422, ["url"]),
    "a key twice": ('{"token": "T", "url": "https://a.example/", "url": "https://b.example/"}', 422, ["url"]),
    "a script": ('{"token": "T", "url": "javascript:alert(1)"}', 422, ["url"]),
    "half an IPv6 address": ('{"token": "T", "url": "https://[::1"}', 422, ["url"]),
    "a port that is none": ('{"token": "T", "url": "https://a.example:99999/"}', 422, ["url"]),
    "a port in words": ('{"token": "T", "url": "https://a.example:http/"}', 422, ["url"]),
    "NUL": (r'{"token": "T", "url": "https://a.example/\u0000"}', 422, ["url"]),
    "half a pair": (r'{"token": "T", "url": "https://a.example/\ud800"}', 400, []),
    "NaN": ('{"token": "T", "url": "https://a.example/", "title": NaN}', 400, []),
    "a long token": (json.dumps({"token": "T" * 201, "url": "https://a.example/"}), 422, ["token"]),
    "more than asked": ('{"token": "T", "url": "https://a.example/", "user": "ada"}', 422, ["user"]),
}


@pytest.mark.parametrize(("text", "status", "fields"), VISITS.values(), ids=VISITS)
def test_visits_say_what_is_wrong(text: str, status: int, fields: list[str]) -> None:
    lead_id = added()["id"]
    text = text.replace('"T"', json.dumps(service.visit_token(lead_id)))

    assert_refused(call("signals/track_visit", text.encode(), scopes=None), status, *fields)
    assert {"IntentSignal", "Receipt"}.isdisjoint(wire.counts())


SIGNALS = {
    "a type there is not": ('{"signal_type": "telepathy"}', ["signal_type"]),
    "a type twice": ('{"signal_type": "email_open", "signal_type": "email_click"}', ["signal_type"]),
    "an impact beyond the bound": ('{"signal_type": "email_open", "score_impact": 100.1}', ["score_impact"]),
    "an impact beyond all": ('{"signal_type": "email_open", "score_impact": 1e400}', ["score_impact"]),
    "an impact in words": ('{"signal_type": "email_open", "score_impact": "5"}', ["score_impact"]),
    "data that are a list": ('{"signal_type": "email_open", "signal_data": []}', ["signal_data"]),
    "a time of its own": ('{"signal_type": "email_open", "created_at": "2020-01-01T00:00:00Z"}', ["created_at"]),
}


@pytest.mark.parametrize(("text", "fields"), SIGNALS.values(), ids=SIGNALS)
def test_signals_say_what_is_wrong(text: str, fields: list[str]) -> None:
    lead = added()

    assert_refused(call("signals/record_signal", text.encode(), path={"lead_id": lead["id"]}), 422, *fields)
    assert shown(lead["id"]) == lead
