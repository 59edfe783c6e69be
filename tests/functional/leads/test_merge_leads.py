"""POST /leads/{lead_id}/merge."""

from __future__ import annotations

import os
from typing import Any

import pytest

from leadflow.core import aws
from leadflow.leads.schema import MergeResult
from leadflow.leads.service import visit_token
from tests.functional.campaigns.mailing import email_channel, html_of, mail_service, send, template
from tests.functional.leads.erasing import erase
from tests.functional.leads.merging import merge, merged, timeline, unmerge, unmerged
from tests.functional.leads.people import added, listed, patched, shown, signalled
from tests.functional.signals.websites import found, signals_of, submitted
from tests.functional.wire import Killed, counts, interrupted, killed_at, refused, stored
from tests.harness import Answer, Clock, call

ADA, COUNTESS = "ada@example.com", "countess@example.com"
PHONE = "+442079460018"


def pair(**of_the_source: Any) -> tuple[str, str]:
    """The ids of Ada, who came by the API, and of the same person under another address."""
    ada = added(ADA, tags=["maths"], custom={"dog": "Rex"})
    other = added(COUNTESS, **{"name": "Countess", "phone": PHONE, "company": "Engines", **of_the_source})
    return ada["id"], other["id"]


def test_the_other_becomes_part_of_the_lead() -> None:
    ada, other = pair(tags=["poetry"], custom={"cat": "Tom"}, interests=["engines"], notes="Writes letters.")
    signalled(ada, 7)
    signalled(other, 30)

    answer = merge(ada, other)

    assert answer.status == 200
    MergeResult.model_validate(answer.json)
    lead = answer.json["lead"]
    assert lead == shown(ada) == shown(other)
    assert (lead["id"], lead["name"], lead["email"], lead["phone"]) == (ada, "Ada", ADA, PHONE)
    assert (lead["company"], lead["notes"], lead["score"]) == ("Engines", "Writes letters.", 37)
    assert (lead["tags"], lead["interests"]) == (["maths", "poetry"], ["engines"])
    assert lead["custom"] == {"dog": "Rex", "cat": "Tom"}
    assert answer.json["conflicts"] == [
        {"field": "name", "kept": "Ada", "other": "Countess"},
        {"field": "email", "kept": ADA, "other": COUNTESS},
    ]
    assert answer.etag == call("leads/get_lead", path={"lead_id": ada}).etag


def test_a_dry_run_shows_the_same_and_changes_nothing() -> None:
    ada, other = pair()
    before = stored()

    dry = merge(ada, other, dry_run=True).json

    assert stored() == before
    assert dry["merge_id"] is None
    real = merge(ada, other).json
    assert (dry["lead"], dry["conflicts"]) == (real["lead"], real["conflicts"])


def test_it_is_one_lead_in_every_list_and_under_every_address() -> None:
    ada, other = pair()
    merged(ada, other)

    for query in (
        *({}, {"status": "new"}, {"sort": "score"}, {"email": ADA}, {"email": COUNTESS}, {"phone": PHONE}),
        *({"email": COUNTESS, "phone": PHONE}, {"email": ADA, "phone": PHONE}),
    ):
        assert [lead["id"] for lead in listed(**query)["items"]] == [ada], query
    for taken in ({"email": COUNTESS}, {"email": ADA}, {"email": "new@example.com", "phone": PHONE}):
        answer = call("leads/create_lead", {"name": "X", **taken})
        assert (answer.status, ada in answer.json["detail"], other in answer.json["detail"]) == (409, True, False)


def test_both_histories_are_seen_under_either_id_in_pages_of_any_size(clock: Clock) -> None:
    ada, other = pair()
    signals = []
    for number in range(6):
        clock.advance(minutes=1)
        signals.insert(0, signalled((ada, other)[number % 2], 1)["id"])
    patched(other, status="contacted")
    clock.advance(minutes=1)
    merge_id = merged(ada, other)

    assert [signal["id"] for signal in signals_of(ada)] == [signal["id"] for signal in signals_of(other)] == signals
    for name, query in (("signals/list_signals", {}), ("leads/get_timeline", {"kind": "signal"})):
        paged, cursor = [], None
        while True:
            page = call(
                name, path={"lead_id": ada}, query={**query, "limit": "4", **({"cursor": cursor} if cursor else {})}
            )
            paged += [one["id"] for one in page.json["items"]]
            cursor = page.json["next_cursor"]
            if cursor is None:
                break
        assert paged == signals
    assert timeline(ada) == timeline(other)
    first = timeline(ada)[0]
    assert (first["kind"], first["data"]["id"], first["data"]["source_lead_id"]) == ("merge", merge_id, other)
    assert [one["kind"] for one in timeline(ada, kind="merge")] == ["merge"]
    assert [one["data"]["to"] for one in timeline(ada, kind="status_change")] == ["contacted"]


def test_x38_a_mail_and_its_answer_belong_to_the_address_it_went_to(clock: Clock) -> None:
    with mail_service() as mails:
        email_channel()
        template_id = template(body="<p>{{ name }} {{ visit_token }}</p>", variables=["name"])
        ada, other = pair()
        first = send(other, template_id, ("WX1", "A", "1")).email_id
        merged(ada, other)
        clock.advance(minutes=1)
        second = send(other, template_id, ("WX1", "A", "2")).email_id
        patched(ada, email=COUNTESS)
        clock.advance(minutes=1)
        third = send(ada, template_id, ("WX1", "A", "3")).email_id

        assert [len(mails.to(address)) for address in (COUNTESS, ADA)] == [2, 1]
        assert visit_token(other) in html_of(mails.to(COUNTESS)[-1])
        for tracking_id in (first, second, third):
            assert call("tracking/open", path={"tracking_id": tracking_id}, scopes=None).status == 200
    items = call("campaigns/list_lead_emails", path={"lead_id": ada}).json["items"]
    assert [(mail["id"], mail["lead_id"]) for mail in items] == [(third, other), (second, ada), (first, other)]
    assert items == call("campaigns/list_lead_emails", path={"lead_id": other}).json["items"]
    assert sorted(signal["lead_id"] for signal in signals_of(ada)) == sorted([ada, other, other])
    assert shown(ada)["score"] == 6


def test_x38_what_comes_by_an_address_is_kept_under_the_part_that_has_it() -> None:
    ada, other = pair(company=None, phone=None)
    merged(ada, other)

    submitted({"email": COUNTESS, "company": "Looms", "phone": PHONE, "message": "Hi"})
    submitted({"email": ADA, "budget": "under_5k"})

    lead = found(COUNTESS)
    assert (lead["id"], lead["company"], lead["phone"], lead["budget"]) == (ada, "Looms", PHONE, "under_5k")
    assert [lead["id"] for lead in listed(phone=PHONE)["items"]] == [ada]
    assert {signal["lead_id"] for signal in signals_of(ada)} == {ada, other}
    assert lead["score"] == 20


def test_a_form_that_knows_nothing_new_for_the_part_still_keeps_what_was_said() -> None:
    ada, other = pair(company=None)
    patched(ada, company="Ours")
    merged(ada, other)

    submitted({"email": COUNTESS, "company": "Looms"})

    assert shown(ada)["company"] == "Ours"
    [signal] = signals_of(ada)
    assert signal["signal_data"]["answers"]["company"] == "Looms"


def test_a_lead_may_show_the_address_of_a_part_and_keeps_its_own() -> None:
    ada, other = pair()
    merged(ada, other)

    assert patched(ada, email=COUNTESS).json["email"] == COUNTESS
    for address in (ADA, COUNTESS):
        assert [lead["id"] for lead in listed(email=address)["items"]] == [ada]
    assert patched(other, email=ADA.upper()).json["email"].lower() == ADA
    for address in (ADA, COUNTESS):
        assert [lead["id"] for lead in listed(email=address)["items"]] == [ada]
    assert patched(ada, email="third@example.com").status == 200
    assert [len(listed(email=one)["items"]) for one in (ADA, COUNTESS, "third@example.com")] == [0, 1, 1]
    assert patched(ada, phone=None).json["phone"] is None
    assert [lead["id"] for lead in listed(phone=PHONE)["items"]] == [ada]
    assert patched(ada, phone="+442079460019").json["phone"] == "+442079460019"


def test_a_chosen_address_of_a_part_of_a_part_stays_through_other_merges() -> None:
    ada, other = pair()
    last, more = added("c@x.example")["id"], added("d@x.example")["id"]
    merged(other, last)
    merge_id = merged(ada, other)
    patched(ada, email="c@x.example")
    unmerged(ada, merged(ada, more))

    assert shown(ada)["email"] == "c@x.example"
    assert unmerged(ada, merge_id)["lead"]["email"] == ADA
    assert [found(one)["id"] for one in (ADA, COUNTESS, "c@x.example")] == [ada, other, other]


def test_a_list_whose_index_is_behind_shows_no_part() -> None:
    ada, other = pair()
    merged(ada, other)
    key = {"pk": {"S": f"LEAD#{other}"}, "sk": {"S": "#META"}}
    for shard in range(8):
        keys = {":p": {"S": f"LA#{shard}"}, ":s": {"S": f"2026#{other}"}}
        update = "SET gsi2pk = :p, gsi2sk = :s"
        aws.client("dynamodb").update_item(
            TableName=os.environ["TABLE_NAME"], Key=key, UpdateExpression=update, ExpressionAttributeValues=keys
        )
        assert [lead["id"] for lead in listed()["items"]] == [ada]


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [(True, False, False), (False, True, False), (None, True, True), (None, False, False), (True, True, True)],
)
def test_an_opt_out_of_either_counts(ours: bool | None, theirs: bool, expected: bool) -> None:
    given = {} if ours is None else {"email": {"opted_in": ours, "at": "2026-02-01T00:00:00Z"}}
    ada = added(ADA, consent=given)["id"]
    other = added(COUNTESS, consent={"email": {"opted_in": theirs, "at": "2026-01-01T00:00:00Z"}})["id"]

    answer = merge(ada, other).json

    assert answer["lead"]["consent"]["email"]["opted_in"] is expected
    assert ("consent.email" in [one["field"] for one in answer["conflicts"]]) is (ours is not None and ours != theirs)


def test_asked_again_the_same_merge_is_given() -> None:
    ada, other = pair()
    first = merge(ada, other)
    before = counts()

    again = merge(ada, other)

    assert (again.status, again.json) == (200, first.json)
    assert counts() == before
    assert merge(other, ada).status == 409


def test_a_part_is_not_merged_into_yet_another() -> None:
    ada, other = pair()
    third = added("third@example.com")["id"]
    merged(ada, other)

    answer = merge(third, other)

    assert (answer.status, ada in answer.json["detail"]) == (409, True)


def test_merging_into_a_part_is_merging_into_what_it_is_part_of() -> None:
    ada, other = pair()
    third = added("third@example.com")["id"]
    merged(ada, other)

    assert merge(other, third).json["lead"]["id"] == ada
    assert shown(third)["id"] == ada


def test_chains_and_many_parts() -> None:
    ids = [added(f"p{number}@example.com", tags=[f"t{number}"])["id"] for number in range(20)]
    merged(ids[1], ids[0])
    merged(ids[2], ids[1])
    for one in ids[3:19]:
        merged(ids[2], one)
    signalled(ids[0], 5)

    assert {shown(one)["id"] for one in ids[:19]} == {ids[2]}
    assert (shown(ids[0])["score"], len(shown(ids[0])["tags"])) == (5, 19)
    assert merge(ids[2], ids[19]).status == 200
    answer = merge(ids[2], added("p20@example.com")["id"])
    assert (answer.status, "20 leads" in answer.json["detail"]) == (409, True)
    assert erase(ids[0]).json["id"] == ids[2]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "source_lead_id"),
        ({"source_lead_id": ""}, "source_lead_id"),
        ({"source_lead_id": 7}, "source_lead_id"),
        ({"source_lead_id": "x" * 65}, "source_lead_id"),
        ({"source_lead_id": "01JZ0000000000000000000001"}, "source_lead_id"),
        ({"source_lead_id": "x", "dry_run": "yes"}, "dry_run"),
        ({"source_lead_id": "x", "more": 1}, "more"),
    ],
)
def test_bad_input_names_the_field(body: dict[str, Any], field: str) -> None:
    answer = call("leads/merge_leads", body, path={"lead_id": added()["id"]})
    assert answer.status == 422
    assert field in [error["field"] for error in answer.json["errors"]]


def test_no_lead_itself_the_erased_and_who_may(clock: Clock) -> None:
    ada, other = pair()
    assert merge("01JZ0000000000000000000001", ada).status == 404
    assert merge(ada, ada).status == 422
    body = {"source_lead_id": other}
    assert call("leads/merge_leads", body, path={"lead_id": ada}, scopes="leads:read").status == 403
    erase(other)
    assert merge(ada, other).status == 409
    assert merge(other, ada).status == 409


def test_if_match_is_the_lead_s_version() -> None:
    ada, other = pair()
    signalled(ada, 1)

    assert merge(ada, other, headers={"if-match": '"1"'}).status == 412
    answer = merge(ada, other, headers={"if-match": '"2"'})
    assert (answer.status, answer.etag) == (200, '"3"')
    assert unmerge(ada, answer.json["merge_id"], headers={"if-match": '"2"'}).status == 412


@pytest.mark.parametrize("rival", ["crossing", "elsewhere", "the same"])
def test_of_two_at_the_same_moment_one_is_done(rival: str) -> None:
    ada, other = pair()
    third = added("third@example.com")["id"]
    rivals = {"crossing": (other, ada), "elsewhere": (third, other), "the same": (ada, other)}
    answers = []

    with interrupted(lambda: answers.append(merge(*rivals[rival]))):
        late = merge(ada, other)

    assert [answer.status for answer in answers] == [200]
    assert late.status == {"crossing": 409, "elsewhere": 409, "the same": 200}[rival]
    assert len(stored("Merge")) == 1
    roots = {shown(one)["id"] for one in (ada, other)}
    assert roots == {"crossing": {other}, "elsewhere": {ada, third}, "the same": {ada}}[rival]


def test_what_happens_at_the_same_moment_is_in_it() -> None:
    ada, other = pair()

    with interrupted(lambda: signalled(other, 9)):
        merge_id = merged(ada, other)
    with interrupted(lambda: unmerge(ada, merge_id)):
        signalled(other, 5)

    assert (shown(ada)["score"], shown(other)["score"]) == (0, 14)


def test_an_erasure_at_the_same_moment_wins_or_is_of_both() -> None:
    ada, other = pair()

    with interrupted(lambda: erase(other)):
        assert merge(ada, other).status == 409
    third = added("third@example.com")["id"]
    with interrupted(lambda: merged(ada, third)):
        assert erase(third).json["id"] == ada
    assert listed()["items"] == []


def test_other_transactions_are_waited_out() -> None:
    ada, other = pair()
    with refused(["TransactionConflict", "None", "None"], times=3):
        assert merge(ada, other).status == 200


@pytest.mark.parametrize("sent", [False, True])
def test_dying_on_the_way_it_is_all_or_nothing_and_the_repetition_finds_it(*, sent: bool, clock: Clock) -> None:
    ada, other = pair()
    key = {"idempotency-key": "once"}
    with pytest.raises(Killed), killed_at(5, sent=sent):
        merge(ada, other, headers=key)

    assert (shown(other)["id"] == ada) is sent
    clock.advance(minutes=10)
    again = merge(ada, other, headers=key)
    assert (again.status, again.json["lead"]["id"]) == (200, ada)
    assert [one["id"]["S"] for one in stored("Merge")] == [again.json["merge_id"]]


def test_the_same_merge_between_our_two_looks_is_the_same_merge() -> None:
    ada, eve = added("first@example.com")["id"], added("second@example.com")["id"]
    rivals: list[Answer] = []
    # The rival comes before we look at the source, when we have looked at the lead.
    acts = iter([lambda: None, lambda: rivals.append(merge(ada, eve))])

    with interrupted(lambda: next(acts)(), operation="GetItem", times=2):
        answer = merge(ada, eve)

    assert (answer.status, rivals[0].status) == (200, 200)
    assert answer.json["merge_id"] == rivals[0].json["merge_id"]


def test_x31_what_is_merged_is_never_merged_with_itself_and_loses_nothing_it_was_told() -> None:
    """A message comes between the two looks of a merge, which is asked for at the same time by its own part."""
    ada, other = pair()
    signalled(ada, 3)
    with interrupted(lambda: (signalled(other, 5), merge(ada, other))):
        assert merge(ada, other).status == 200
    before = counts()
    for target, source in ((ada, ada), (ada, other), (other, other), (other, ada)):
        assert merge(target, source).status in ((200,) if (target, source) == (ada, other) else (409, 422))
    assert counts() == before
    assert {shown(one)["id"] for one in (ada, other)} == {ada}
    signalled(other, 7)
    assert shown(ada)["score"] == 15
