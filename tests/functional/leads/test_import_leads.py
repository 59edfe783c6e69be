"""POST /leads/import."""

from __future__ import annotations

from datetime import timedelta

import pytest

from leadflow.core import clock as time
from leadflow.leads import store
from tests.functional.leads.people import added
from tests.functional.leads.transfer import (
    NDJSON,
    bucket,
    counts,
    imported,
    lead_of,
    ndjson,
    objects,
    posted,
)
from tests.harness import Clock


@pytest.fixture(autouse=True)
def _bucket() -> None:
    bucket()


def test_a_file_becomes_leads() -> None:
    answer = posted("E-mail;Full name;Phone number;Shoe size\nada@example.com;Ada Lovelace;+442079460018;38\n")

    assert answer.status == 202
    assert answer.headers["location"] == f"/imports/{answer.json['id']}"
    assert answer.json["status"] == "running"
    assert counts(answer.json) == (0, 0, 0, 0, 0)
    assert objects() == [f"imports/{answer.json['id']}"]


def test_columns_are_known_by_many_names() -> None:
    done = imported(
        "\ufeffFirst name,Last name,E-Mail Address,Organisation,Mobile,Tags,Interests,Status,Comment,Plan\r\n"
        'Ada,Lovelace,Ada@Example.com,Analytical Engines,+44 20 7946 0018,"a; b",x|y,Closed won,"Says\r\n""hi""",au\r\n'
    )

    assert (done["status"], counts(done), done["errors"], done["progress"]) == ("completed", (1, 1, 0, 0, 0), [], 1.0)
    lead = lead_of("ada@example.com")
    wanted = {
        "name": "Ada Lovelace",
        "email": "Ada@example.com",
        "company": "Analytical Engines",
        "phone": "+442079460018",
        "status": "closed_won",
        "source": "import",
        "tags": ["a", "b"],
        "interests": ["x", "y"],
        "notes": 'Says\r\n"hi"',
        "custom": {"Plan": "au"},
    }
    assert {name: lead[name] for name in wanted} == wanted
    assert objects() == []


def test_ndjson_keeps_types() -> None:
    done = imported(
        ndjson({"email": "ada@example.com", "name": "Ada", "custom": {"vip": True}, "size": 38, "tags": ["a;b"]})
        + "\n[1]\n{\n"
        + ndjson({"email": "bob@example.com", "name": 7}),
        NDJSON,
    )

    assert counts(done) == (4, 1, 0, 0, 3)
    assert [(error["row"], error["field"]) for error in done["errors"]] == [(2, "row"), (3, "row"), (4, "name")]
    lead = lead_of("ada@example.com")
    assert (lead["custom"], lead["tags"]) == ({"vip": True, "size": 38}, ["a;b"])


DEEP = "[" * 5000 + "]" * 5000


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ('{"email": "ada@example.com", "consent": [1], "consent_email": "yes"}', "consent"),
        ('{"email": "ada@example.com", "custom": [1], "size": 38}', "custom"),
        ('{"email": "ada@example.com", "size": 37, "size": 38}', "size"),
        ('{"email": "ada@example.com", "custom": "{\\"a\\": 1, \\"a\\": 2}"}', "a"),
        ('{"email": "ada@example.com", "first_name": ["Ada"], "last_name": "L"}', "first_name"),
        ('{"email": "ada@example.com", "size": NaN}', "row"),
        (f'{{"email": "ada@example.com", "size": {DEEP}}}', "row"),
        (f'{{"email": "ada@example.com", "size": {DEEP[4700:5300]}}}', "row"),
        (f'{{"email": "ada@example.com", "custom": "{DEEP}"}}', "custom"),
        (f'{{"email": "ada@example.com", "tags": "{DEEP}"}}', "tags.0"),
    ],
)
def test_x47_a_row_that_cannot_be_taken_apart_holds_up_no_other(row: str, field: str) -> None:
    done = imported(f'{row}\n{{"email": "bob@example.com"}}\n', NDJSON)

    assert (done["status"], counts(done)) == ("completed", (2, 1, 0, 0, 1))
    assert [(error["row"], error["field"]) for error in done["errors"]] == [(1, field)]


def test_x47_what_is_wrong_is_told_by_row_and_field() -> None:
    done = imported(
        "email,name,phone,budget,consent_email\n"
        ",Nobody,,,\n"
        "not-an-address,X,,,\n"
        "ok@example.com,Ok,,,\n"
        "a@example.com,A,020 7946 0018,,\n"
        "b@example.com,B,,lots,perhaps\n"
        "c@example.com,C,,,yes,more\n"
    )

    assert counts(done) == (6, 1, 0, 0, 5)
    assert [(e["row"], e["field"]) for e in done["errors"]] == [
        (1, "email"),
        (2, "email"),
        (4, "phone"),
        (5, "consent_email"),
        (6, "row"),
    ]
    assert "default_region" in done["errors"][2]["message"]


def test_rows_that_are_no_text_fail_alone() -> None:
    body = (
        b'{"email": "ada@example.com"}\n{"email": "\xff@example.com"}\n{"email": "b@example.com", "name": "\\ud800"}\n'
    )

    done = imported(body, NDJSON)

    assert counts(done) == (3, 1, 0, 0, 2)
    assert [(error["row"], error["field"]) for error in done["errors"]] == [(2, "row"), (3, "row")]


def test_national_numbers_need_a_region() -> None:
    done = imported("email,phone\na@example.com,020 7946 0018\n", default_region="GB")

    assert counts(done) == (1, 1, 0, 0, 0)
    assert lead_of("a@example.com")["phone"] == "+442079460018"
    # Without its extension a number reaches somebody else.
    extended = imported("email,phone\nb@example.com,020 7946 0019 ext. 5\n", default_region="GB")
    assert (counts(extended), extended["errors"][0]["field"]) == ((1, 0, 0, 0, 1), "phone")
    assert posted("email\n", default_region="QQ").json["errors"][0]["field"] == "default_region"


@pytest.mark.parametrize("mode", ["skip", "update"])
@pytest.mark.parametrize("dry", ["true", "false"])
def test_duplicates_on_file_and_in_the_file_are_one_lead(mode: str, dry: str) -> None:
    added("ada@example.com", name="Ada", company="Old", custom={"a": 1})

    done = imported(
        "email,company,b\nADA@example.com,New,2\nbob@example.com,One,\nBob@example.com,Two,\n",
        on_duplicate=mode,
        dry_run=dry,
    )

    again = (0, 2) if mode == "skip" else (2, 0)
    assert counts(done) == (3, 1, *again, 0)
    ada = lead_of("ada@example.com")
    if mode == "update" and dry == "false":
        assert (ada["company"], ada["custom"], ada["name"]) == ("New", {"a": 1, "b": "2"}, "Ada")
        assert lead_of("bob@example.com")["company"] == "Two"
    else:
        assert (ada["company"], ada["custom"]) == ("Old", {"a": 1})


def test_rows_about_one_lead_are_each_decided_on_what_the_one_before_made() -> None:
    added("ada@example.com", phone="+442079460018", status="new")

    done = imported(
        "email,phone,status,a,b\n"
        "ada@example.com,+442079460019,contacted,1,\n"
        "bob@example.com,+442079460018,,,\n"
        "ada@example.com,,qualified,,\n"
        "ada@example.com,,,,2\n",
        on_duplicate="update",
    )

    assert counts(done) == (4, 1, 3, 0, 0)
    ada = lead_of("ada@example.com")
    assert (ada["phone"], ada["status"], ada["custom"]) == ("+442079460019", "qualified", {"a": "1", "b": "2"})
    assert lead_of("bob@example.com")["phone"] == "+442079460018"


def test_a_lead_that_is_known_by_its_phone_alone_is_given_its_email() -> None:
    lead = added("ada@example.com", phone="+442079460018")
    item = store.find_lead(lead["id"])
    assert item is not None
    before = item.identities()
    item.email = None
    store.replace(item, before, item.status)

    done = imported("email,phone\nada@work.example,+442079460018\n", on_duplicate="update")

    assert counts(done) == (1, 0, 1, 0, 0)
    assert lead_of("ada@work.example")["id"] == lead["id"]


def test_a_phone_of_somebody_else_is_refused() -> None:
    other = added("ada@example.com", phone="+442079460018")

    done = imported("email,phone\nbob@example.com,+442079460018\n", on_duplicate="update")

    assert done["errors"] == [{"row": 1, "field": "phone", "message": f"lead {other['id']} has it"}]


def test_an_opt_out_is_not_undone_by_an_old_file() -> None:
    added("ada@example.com", consent={"email": {"opted_in": False}})

    imported("email,consent_email,consent_sms\nada@example.com,yes,yes\n", on_duplicate="update")

    consent = lead_of("ada@example.com")["consent"]
    assert (consent["email"]["opted_in"], consent["sms"]["opted_in"]) == (False, True)


@pytest.mark.parametrize(("days", "agreed"), [(-1, False), (0, False), (1, True), (3, False)])
def test_an_opt_out_is_undone_by_an_agreement_that_came_after_it_and_before_now(
    days: int, clock: Clock, *, agreed: bool
) -> None:
    left = time.now()
    added("ada@example.com", consent={"email": {"opted_in": False, "at": time.stamp(left)}})
    clock.advance(days=2)

    at = time.stamp(left + timedelta(days=days))
    consent = {"email": {"opted_in": True, "at": at}}
    imported(ndjson({"email": "ada@example.com", "consent": consent}), NDJSON, on_duplicate="update")

    assert lead_of("ada@example.com")["consent"]["email"]["opted_in"] is agreed


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        (b"", "file", "empty"),
        (b"\xef\xbb\xbf \n", "file", "empty"),
        (b"name,phone\nA,1\n", "header", "email"),
        (b"email,Size,size\n", "header", "columns 2 and 3"),
        (("email," + ",".join(f"c{n}" for n in range(1000))).encode(), "header", "1001 columns"),
        ("email,name".encode("utf-16"), "file", "UTF-16"),
        (b"PK\x03\x04xl", "file", "spreadsheet"),
        (b"email,na\xffme\n", "header", "UTF-8"),
        (b'email,"name\n' + b"x" * 70_000, "header", "quote"),
        (b"email,na\x00me\n", "header", "NUL"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_at_once(body: bytes, field: str, words: str) -> None:
    import base64

    from tests.harness import door, route_of

    event = {
        "routeKey": route_of("leads/import_leads"),
        "headers": {"content-type": "text/csv"},
        "requestContext": {
            "requestId": "R",
            "http": {"method": "POST"},
            "authorizer": {"lambda": {"key_id": "K", "scopes": "admin"}},
        },
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }
    answer = door("leads/import_leads")(event, None)

    assert answer["statusCode"] == 422
    assert f'"field":"{field}"' in answer["body"]
    assert words in answer["body"]
    assert objects() == []


def test_a_header_alone_is_an_import_of_nothing() -> None:
    done = imported("email,name\n")

    assert (done["status"], counts(done), done["progress"]) == ("completed", (0, 0, 0, 0, 0), 1.0)


def test_another_kind_of_file_is_told() -> None:
    answer = posted("x", "application/vnd.ms-excel")

    assert (answer.status, "text/csv" in answer.json["detail"]) == (415, True)


def test_a_body_that_is_too_large_is_told_where_to_go() -> None:
    answer = posted("email\n" + "x" * 5 * 1024 * 1024)

    assert answer.status == 413
    assert "POST /imports" in answer.json["detail"]
