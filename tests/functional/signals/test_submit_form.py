"""POST and OPTIONS /forms/{form_id}: who fills in a form becomes a lead, once, and nobody learns who is one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.functional import wire
from tests.functional.leads.erasing import erase
from tests.functional.leads.people import added, patched, shown
from tests.functional.signals.websites import PAGE, found, posted, settled, signals_of, submitted, urlencoded
from tests.harness import Clock, call

ONE = {"Lead": 1, "UniqueIdentity": 1, "IntentSignal": 1}


def written() -> dict[str, int]:
    """What stands in the table about people."""
    return {kind: count for kind, count in wire.counts().items() if kind in ONE or kind == "StatusChange"}


def test_a_new_address_becomes_a_lead() -> None:
    submission = submitted(
        {
            "email": " Ada@Example.com ",
            "first_name": "Ada",
            "last_name": "Byron",
            "company": "Analytical Engines",
            "budget": "25k_100k",
            "interests": "engines",
            "message": "What does it cost?",
            "seats": 12,
            "phone": "",
            "consent_email": "on",
        }
    )

    lead = found()
    assert (lead["name"], lead["source"], lead["status"]) == ("Ada Byron", "website", "new")
    assert (lead["company"], lead["budget"], lead["interests"]) == ("Analytical Engines", "25k_100k", ["engines"])
    assert lead["custom"] == {"message": "What does it cost?", "seats": 12}
    assert lead["consent"] == {"email": {"opted_in": True, "at": "2026-03-02T09:00:00.000Z"}}
    assert lead["score"] == 10
    [signal] = signals_of(lead["id"])
    assert signal["signal_type"] == "form_submit"
    data = signal["signal_data"]
    assert (data["form_id"], data["submission_id"]) == ("contact", submission)
    assert data["answers"] == {"message": "What does it cost?", "seats": 12, "consent_email": "on"}
    assert "company" in data["fields"]


def test_a_name_is_made_of_the_address_where_none_is_given() -> None:
    submitted({"email": "ada.byron@example.com"})

    assert found("ada.byron@example.com")["name"] == "ada.byron"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json; charset=utf-8", b'{"email": "ada@example.com", "name": "Ada", "interests": ["a", "b"]}'),
        ("text/plain;charset=UTF-8", b'{"email": "ada@example.com", "name": "Ada", "interests": ["a", "b"]}'),
        ("application/x-www-form-urlencoded", b"email=ada%40example.com&name=Ada&interests=a&interests=b&file="),
        (
            "multipart/form-data; boundary=xyz",
            b'--xyz\r\ncontent-disposition: form-data; name="email"\r\n\r\nada@example.com\r\n'
            b'--xyz\r\ncontent-disposition: form-data; name="name"\r\n\r\nAda\r\n'
            b'--xyz\r\ncontent-disposition: form-data; name="interests"\r\n\r\na\r\n'
            b'--xyz\r\ncontent-disposition: form-data; name="interests"\r\n\r\nb\r\n'
            b'--xyz\r\ncontent-disposition: form-data; name="cv"; filename=""\r\n\r\n\r\n--xyz--\r\n',
        ),
    ],
)
def test_every_way_browsers_post_is_taken(content_type: str, body: bytes) -> None:
    submitted(body, headers={"content-type": content_type})

    lead = found()
    assert (lead["name"], lead["interests"], lead["custom"]) == ("Ada", ["a", "b"], {})


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/xml", b"<form/>", 415),
        ("application/json", b"{", 400),
        ("application/json", b"[" * 40_000, 400),
        ("application/json", b'["email"]', 400),
        ("application/json", b'{"email": "a@example.com", "n": NaN}', 400),
        ("application/json", b'{"email": "a@example.com", "x": "' + b"y" * 66_000 + b'"}', 413),
        ("application/x-www-form-urlencoded", b"email=%ff", 400),
        ("multipart/form-data", b"--xyz", 400),
        (
            "multipart/form-data; boundary=xyz",
            b'--xyz\r\ncontent-disposition: form-data; name="cv"; filename="cv.pdf"\r\n\r\nPDF\r\n--xyz--\r\n',
            422,
        ),
        (
            "multipart/form-data; boundary=xyz",
            b"--xyz\r\ncontent-disposition: form-data; name=cv; filename*=utf-8''cv\r\n\r\nPDF\r\n--xyz--\r\n",
            422,
        ),
        (
            "multipart/form-data; boundary=xyz",
            b"--xyz\r\ncontent-disposition: form-data; name=email\r\n\r\na@example.com\r\n"
            b"--xyz\r\ncontent-disposition: form-data\r\n\r\nof no field\r\n--xyz--\r\n",
            400,
        ),
        (
            "multipart/form-data; boundary=xyz",
            b'--xyz\r\ncontent-disposition: %sform-data; name="cv"\r\n\r\n1\r\n--xyz--\r\n' % (b"(" * 60_000),
            422,
        ),
    ],
)
def test_what_is_no_form_is_refused_readably_for_the_page(content_type: str, body: bytes, status: int) -> None:
    answer = posted(body, headers={"content-type": content_type})

    assert answer.status == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert written() == {}


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"name": "Ada"}, "email"),
        ({"email": "nobody"}, "email"),
        ({"email": ["a@example.com", "b@example.com"]}, "email"),
        ({"email": "a@example.com", "phone": "12"}, "phone"),
        ({"email": "a@example.com", "budget": "lots"}, "budget"),
        ({"email": "a@example.com", "name": "x" * 101}, "name"),
        ({"email": "a@example.com", "address": {"city": "London"}}, "address"),
        ({"email": "a@example.com", "message": "x" * 5001}, "message"),
        ({"email": "a@example.com", "message": "\x00"}, "message"),
        ({"email": "a@example.com", "message": "\ud800"}, "message"),
        ({"email": "a@example.com", "x" * 101: "y"}, "fields"),
        ({"email": "a@example.com", **{f"f{n}": 1 for n in range(50)}}, "fields"),
        ({"email": "a@example.com", **{f"f{n}": "x" * 4000 for n in range(5)}}, "fields"),
    ],
)
def test_wrong_fields_are_named_and_nothing_is_written(fields: dict[str, Any], wrong: str) -> None:
    answer = posted(fields)

    assert answer.status == 422
    assert [error["field"] for error in answer.json["errors"]] == [wrong]
    assert "example.com" not in answer.text
    assert written() == {}


@pytest.mark.parametrize("form_id", ["Contact", "a b", "x" * 65, "kontakt-ü"])
def test_what_cannot_be_a_form_is_not_found(form_id: str) -> None:
    assert posted(form_id=form_id).status == 404
    assert posted(form_id=form_id, method="OPTIONS").status == 404


def test_a_lead_on_file_is_filled_up_and_never_overwritten() -> None:
    lead = added(company="Analytical Engines", status="qualified", tags=["vip"], consent={"email": {"opted_in": False}})

    submitted(
        {
            "email": "ADA@example.com",
            "name": "Somebody Else",
            "company": "Other Ltd",
            "phone": "+44 20 7946 0000",
            "timezone": "Europe/London",
            "status": "closed_lost",
            "tags": "cheap",
            "score": 100,
            "seats": "12",
            "consent_email": True,
            "consent_sms": "yes",
        }
    )

    now = shown(lead["id"])
    kept = ("name", "company", "status", "tags", "custom", "source", "created_at")
    assert {name: now[name] for name in kept} == {name: lead[name] for name in kept}
    assert (now["phone"], now["timezone"]) == ("+442079460000", "Europe/London")
    assert now["consent"]["email"]["opted_in"] is False
    assert now["consent"]["sms"]["opted_in"] is True
    answers = signals_of(lead["id"])[0]["signal_data"]["answers"]
    assert (answers["name"], answers["company"], answers["seats"]) == ("Somebody Else", "Other Ltd", "12")
    assert found()["id"] == lead["id"]
    [by_phone] = call("leads/list_leads", query={"phone": "+442079460000"}).json["items"]
    assert by_phone["id"] == lead["id"]


def test_fields_of_ours_never_become_custom_fields() -> None:
    submitted({"email": "ada@example.com", "status": "closed_won", "custom": "x", "lead": "y", "plan": "pro"})

    assert found()["custom"] == {"plan": "pro"}
    assert found()["status"] == "new"


def test_the_phone_of_another_lead_stays_with_it() -> None:
    other = added("grace@example.com", phone="+442079460000")

    submitted({"email": "ada@example.com", "phone": "+442079460000"})

    assert found()["phone"] is None
    assert shown(other["id"])["phone"] == "+442079460000"
    assert signals_of(found()["id"])[0]["signal_data"]["answers"] == {"phone": "+442079460000"}


def test_x46_the_same_words_twice_are_one_submission(clock: Clock) -> None:
    first = submitted({"email": "ada@example.com", "name": "Ada", "message": "Hi"})
    clock.advance(minutes=9, seconds=59)
    again = urlencoded([("message", "Hi "), ("name", "Ada"), ("email", "ADA@example.com")])
    assert again.json["submission_id"] == first
    assert (written(), found()["score"]) == (ONE, 10)

    submitted({"email": "ada@example.com", "name": "Ada", "message": "Hi again"})
    assert written() == ONE | {"IntentSignal": 2}

    clock.advance(seconds=2)
    submitted({"email": "ada@example.com", "name": "Ada", "message": "Hi"})
    assert written() == ONE | {"IntentSignal": 3}
    submitted({"email": "ada@example.com", "name": "Ada", "message": "Hi"}, "newsletter")
    assert written() == ONE | {"IntentSignal": 4}


def test_a_token_tells_one_filling_in_from_another_for_a_day(clock: Clock) -> None:
    submitted(token="first")
    submitted(token="second")
    submitted({"email": "ada@example.com", "name": "Ada", "_idempotency_key": "second"})
    assert written() == ONE | {"IntentSignal": 2}

    clock.advance(hours=23)
    submitted(token="first")
    assert written() == ONE | {"IntentSignal": 2}
    assert found()["custom"] == {}


def test_x46_two_posts_at_the_same_moment_make_one_lead_and_one_signal() -> None:
    with wire.interrupted(lambda: submitted()):
        submitted()

    assert written() == ONE


def test_x46_a_lead_that_is_added_meanwhile_gets_the_signal() -> None:
    with wire.interrupted(lambda: added(company="Analytical Engines")):
        submitted({"email": "ada@example.com", "name": "Other", "company": "Other"})

    assert written() == ONE
    assert (found()["name"], found()["company"]) == ("Ada", "Analytical Engines")


def test_a_change_of_the_lead_meanwhile_is_not_lost() -> None:
    lead = added()
    with wire.interrupted(lambda: patched(lead["id"], company="Analytical Engines")):
        submitted({"email": "ada@example.com", "company": "Other"})

    assert (found()["company"], found()["score"]) == ("Analytical Engines", 10)


def test_a_form_that_dies_on_any_call_is_taken_once_when_it_is_posted_again() -> None:
    with wire.watched() as calls:
        submitted()
    for number in range(1, len(calls) + 1):
        for sent in (False, True):
            email = f"p{number}{sent}@example.com"
            with pytest.raises(wire.Killed), wire.killed_at(number, sent=sent):
                posted({"email": email}, source_ip=f"198.51.100.{number}")
            submitted({"email": email}, source_ip=f"198.51.100.{number}")
            assert len(signals_of(found(email)["id"])) == 1, (number, sent)
            assert found(email)["score"] == 10


@pytest.mark.parametrize("field", ["_gotcha", "website"])
def test_a_trap_that_is_filled_in_looks_like_success_and_writes_nothing(field: str) -> None:
    settled(honeypot_field="website")
    real = submitted({"email": "ada@example.com"})
    before = written()

    trapped = submitted({"email": "bot@example.com", field: "https://spam.example"})

    assert written() == before
    assert len(trapped) == len(real)
    submitted({"email": "eve@example.com", field: ""})
    assert found("eve@example.com")["custom"] == {}


def test_the_answer_does_not_tell_who_is_a_lead() -> None:
    """New, on file, trapped and erased: the same shape, the same id for the same words, no id of a lead."""
    lead = added("known@example.com")
    erased = added("erased@example.com")
    assert erase(erased["id"]).status == 202
    bodies = [{"email": f"{who}@example.com"} for who in ("new", "known", "erased")]
    bodies.append({"email": "bot@example.com", "_gotcha": "x"})

    for body in bodies:
        answers = [posted(body) for _ in range(2)]
        assert {answer.status for answer in answers} == {200}
        assert answers[0].text == answers[1].text
        assert {name.lower() for name in answers[0].headers} == {
            *("content-type", "vary", "access-control-allow-origin", "access-control-expose-headers"),
        }
        assert lead["id"] not in answers[0].text


def test_the_address_of_an_erased_person_makes_no_lead() -> None:
    assert erase(added()["id"]).status == 202
    before = written()

    submitted()

    assert written() == before


def test_the_number_of_an_erased_person_is_kept_nowhere_and_drops_nobody_else() -> None:
    assert erase(added("gone@example.com", phone="+442079460018")["id"]).status == 202

    submitted({"email": "spouse@example.com", "phone": "+442079460018", "company": "Looms"})

    assert (found("spouse@example.com")["phone"], found("spouse@example.com")["company"]) == (None, "Looms")
    assert "2079460018" not in json.dumps(wire.stored())


def test_a_sender_who_posts_too_much_waits_for_the_next_minute(clock: Clock) -> None:
    clock.advance(seconds=20)
    for number in range(30):
        submitted({"email": f"p{number}@example.com"}, source_ip="2001:db8::1")

    refused = posted({"email": "late@example.com"}, source_ip="2001:db8::2")
    assert (refused.status, refused.headers["retry-after"]) == (429, "40")
    assert refused.headers["access-control-allow-origin"] == "*"
    assert refused.headers["access-control-expose-headers"] == "retry-after"

    submitted({"email": "other@example.com"}, source_ip="2001:db8:0:1::1")
    submitted({"email": "late@example.com"}, "newsletter", source_ip="2001:db8::2")
    clock.advance(seconds=40)
    submitted({"email": "late@example.com"}, source_ip="2001:db8::2")
    assert "2001:db8" not in json.dumps(wire.stored())


def test_without_settings_any_website_may_post() -> None:
    answer = posted(method="OPTIONS")

    assert (answer.status, answer.text) == (204, "")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "content-type" in answer.headers["access-control-allow-headers"]
    assert answer.headers["access-control-allow-methods"] == "POST, OPTIONS"
    assert "access-control-allow-credentials" not in answer.headers
    assert written() == {}


def test_only_the_websites_that_were_settled_may_post() -> None:
    settled(allowed_origins=[PAGE, "http://localhost:8080"])

    allowed = posted(method="OPTIONS")
    assert (allowed.status, allowed.headers["access-control-allow-origin"]) == (204, PAGE)
    refused = posted(method="OPTIONS", origin="https://evil.example")
    assert refused.status == 204
    assert not [name for name in refused.headers if name.startswith("access-control-")]
    assert {allowed.headers["vary"], refused.headers["vary"]} == {"Origin"}

    for origin in ("https://evil.example", "null", "https://www.example.com.evil.example", "http://www.example.com"):
        answer = posted(origin=origin)
        assert answer.status == 403
        assert "access-control-allow-origin" not in answer.headers
    assert written() == {}

    submitted()
    assert posted({}).headers["access-control-allow-origin"] == PAGE
    submitted({"email": "server@example.com"}, origin=None)


def test_logs_hold_nothing_of_what_was_posted(caplog: pytest.LogCaptureFixture) -> None:
    submitted({"email": "ada@example.com", "name": "Ada Byron", "message": "secret words"})
    posted({"email": "broken", "message": "secret words"})
    submitted({"email": "bot@example.com", "_gotcha": "secret words"})

    out = str([vars(record) for record in caplog.records])
    assert caplog.messages.count("request") == 3
    for personal in ("example.com", "Byron", "secret words", "203.0.113.9"):
        assert personal not in out
