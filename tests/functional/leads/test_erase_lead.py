"""DELETE /leads/{lead_id}."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from leadflow.campaigns import service as campaigns
from leadflow.core import seams
from leadflow.core.errors import InProgress
from leadflow.leads import service
from tests.functional.campaigns.mailing import email_channel, mail_service, send, sent_mail, template
from tests.functional.leads.announced import work
from tests.functional.leads.erasing import erase, erasure, left_of_the_person, queued
from tests.functional.leads.people import added, listed, patched, shown, signalled
from tests.functional.wire import Killed, interrupted, killed_at, refused, stored
from tests.harness import ROOT, Answer, Clock, call

EMAIL, PHONE = "zebedee@example.com", "+442079460018"


def created(**fields: str) -> Answer:
    return call("leads/create_lead", {"name": "Z", **fields})


def test_the_lead_is_gone_at_once_and_the_work_is_queued() -> None:
    lead = added(EMAIL, phone=PHONE)

    answer = erase(lead["id"])

    assert (answer.status, answer.headers["location"]) == (202, f"/erasures/{lead['id']}")
    assert (answer.json["status"], answer.json["completed_at"]) == ("running", None)
    assert [event["detail"] for event in queued()] == [{"id": lead["id"]}]
    for name in ("leads/get_lead", "signals/list_signals", "campaigns/list_lead_emails"):
        assert call(name, path={"lead_id": lead["id"]}).status == 404
    assert patched(lead["id"], notes="x").status == 404
    for query in ({}, {"status": "new"}, {"sort": "score"}, {"email": EMAIL}, {"phone": PHONE}):
        assert listed(**query)["items"] == []


def test_what_is_written_down_holds_keyed_hashes_alone() -> None:
    erase(added(EMAIL, phone=PHONE)["id"])

    assert left_of_the_person(repr(stored())) == []
    assert [sorted(item) for item in stored("UniqueIdentity")] == [
        ["created_at", "erased_at", "pk", "sk", "type", "updated_at", "v"]
    ] * 2
    [item] = stored("Erasure")
    assert {mark.split("#")[0] for mark in json.loads(item["marks"]["S"])} == {"email", "phone", "sms", "whatsapp"}


@pytest.mark.parametrize(
    "taking",
    [
        lambda: created(email=EMAIL),
        lambda: created(email="ZEBEDEE@example.com"),
        lambda: created(email="new@example.com", phone=PHONE),
        lambda: patched(added("other@example.com")["id"], email=EMAIL),
        lambda: patched(added("other@example.com")["id"], phone=PHONE),
    ],
    ids=["create", "create in capitals", "create with the phone", "change", "change of phone"],
)
def test_an_erased_address_is_a_conflict_that_names_nobody(taking: Callable[[], Answer]) -> None:
    erase(added(EMAIL, phone=PHONE)["id"])
    work(*queued())

    answer = taking()

    assert (answer.status, "other_id" in answer.json) == (409, False)
    assert "erased" in answer.json["detail"]
    assert EMAIL not in answer.text.lower()
    assert PHONE not in answer.text


def test_an_address_that_was_let_go_before_is_free() -> None:
    lead = added(EMAIL)
    patched(lead["id"], email="later@example.com")
    erase(lead["id"])

    assert created(email=EMAIL).status == 201


def test_if_match_is_honoured() -> None:
    lead = added(EMAIL)
    signalled(lead["id"], 3)

    assert erase(lead["id"], **{"if-match": '"1"'}).status == 412
    assert shown(lead["id"])["email"] == EMAIL
    assert stored("Erasure") == []
    assert erase(lead["id"], **{"if-match": '"2"'}).status == 202


def test_asked_again_the_same_erasure_is_given() -> None:
    lead = added(EMAIL)
    first = erase(lead["id"])

    again = erase(lead["id"], **{"if-match": '"1"'})

    assert (again.status, again.json) == (202, first.json)
    assert len(queued()) == 1


@pytest.mark.parametrize("lead_id", ["01JZ0000000000000000000001", "x", "é" * 2000])
def test_no_lead_is_a_404(lead_id: str) -> None:
    answer = erase(lead_id)
    assert answer.status == 404
    assert answer.json["detail"].startswith("There is no lead")


def test_it_takes_the_scope_to_write() -> None:
    lead = added(EMAIL)
    assert call("leads/erase_lead", path={"lead_id": lead["id"]}, scopes="leads:read").status == 403
    assert shown(lead["id"]) == lead


def test_a_change_at_the_same_moment_is_erased_too() -> None:
    lead = added(EMAIL)

    with interrupted(lambda: patched(lead["id"], email="zebedee2@example.com", notes="marmalade")):
        assert erase(lead["id"]).status == 202
    work(*queued())

    assert created(email="zebedee2@example.com").status == 409
    assert created(email=EMAIL).status == 201


def test_a_change_that_comes_second_finds_no_lead() -> None:
    lead = added(EMAIL)

    with interrupted(lambda: erase(lead["id"])):
        assert patched(lead["id"], notes="marmalade").status == 404
    assert left_of_the_person(repr(stored())) == []


def test_other_transactions_are_waited_out() -> None:
    lead = added(EMAIL)
    with refused(["TransactionConflict", "None", "None"], times=3):
        assert erase(lead["id"]).status == 202


@pytest.mark.parametrize("sent", [False, True])
def test_dying_on_the_way_it_is_all_or_nothing(*, sent: bool) -> None:
    lead = added(EMAIL)

    with pytest.raises(Killed), killed_at(4, sent=sent):
        erase(lead["id"])

    assert queued() == []
    assert (call("leads/get_lead", path={"lead_id": lead["id"]}).status == 404) is sent
    assert (call("leads/get_erasure", path={"erasure_id": lead["id"]}).status == 200) is sent
    assert (created(email=EMAIL).json["detail"].find("erased") > 0) is sent


def test_without_the_bus_reconcile_finds_it(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    lead = added(EMAIL)
    with monkeypatch.context() as broken:
        broken.setenv("JOBS_BUS_NAME", "gone")
        seams.current().forget("settings")
        assert erase(lead["id"]).status == 202
    seams.current().forget("settings")
    assert service.reconcile()["erasures_requeued"] == 0

    clock.advance(minutes=4)
    assert service.reconcile()["erasures_requeued"] == 1
    assert service.reconcile()["erasures_requeued"] == 0

    work(*queued())
    assert erasure(lead["id"])["status"] == "completed"


def test_kept_answers_go_that_name_no_lead_and_are_about_one() -> None:
    for number, email in enumerate((EMAIL, "other@example.com")):
        key = {"idempotency-key": str(number)}
        lead_id = added(email)["id"]
        talk = call("conversations/create_conversation", {"lead_id": lead_id, "channel": "chat"}).json["id"]
        words = {"role": "assistant", "content": f"Dear {email}"}
        assert call("conversations/send_message", words, path={"conversation_id": talk}, headers=key).status == 202
        left = {"channel": "email", "address": email.upper(), "reason": "manual"}
        assert call("suppressions/add_suppression", left, headers=key).status == 201
    assert EMAIL in repr(stored("IdempotentRequest"))

    [lead] = listed(email=EMAIL)["items"]
    erase(lead["id"])
    assert work(*queued()) == []

    bodies = [item["body"]["S"] for item in stored("IdempotentRequest")]
    assert len(bodies) == 2
    assert all("other@example.com" in body.lower() for body in bodies)


def test_ten_minutes_later_it_looks_once_more_and_lets_go(clock: Clock) -> None:
    """What had read the lead before may write after the worker has passed: a kept answer, here."""
    lead = added(EMAIL)
    erase(lead["id"])
    work(*queued())
    assert json.loads(stored("Erasure")[0]["marks"]["S"]) != []
    late = {"pk": {"S": "IDEM#late"}, "sk": {"S": "#"}, "type": {"S": "IdempotentRequest"}, "body": {"S": "zebedee"}}
    _put({**late, "gsi2pk": {"S": f"LEAD#{lead['id']}"}, "gsi2sk": {"S": "IDEM#late"}})

    clock.advance(minutes=11)
    assert service.reconcile()["erasures_requeued"] == 1
    work(*queued())

    assert stored("IdempotentRequest") == []
    [item] = stored("Erasure")
    assert (json.loads(item["marks"]["S"]), "gsi3pk" in item) == ([], False)
    clock.advance(days=1)
    assert service.reconcile()["erasures_requeued"] == 0
    work({"erasure_id": lead["id"]})
    assert erasure(lead["id"])["deleted"]["leads"] == 1


def test_nothing_is_sent_to_an_erased_address(clock: Clock) -> None:
    """The lead is erased while their mail is being made: it is not sent, and not written down."""
    with mail_service() as mails:
        email_channel()
        lead, template_id = added(EMAIL), template()
        erase_after_reading = [lambda: erase(lead["id"])]
        real = service.find_reached

        def find(lead_id: str, field: str) -> object:
            found = real(lead_id, field)
            erase_after_reading.pop()()
            return found

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(service, "find_reached", find)
            sent = send(lead["id"], template_id)
        assert (sent.outcome, sent.reason, mails.sent) == ("skipped", "erased", [])
        assert stored("EmailSent") == stored("EmailBody") == []
        assert send(lead["id"], template_id).reason == "lead_gone"


@pytest.mark.parametrize("event", ["processed", "open", "bounce"])
def test_a_report_at_the_same_moment_leaves_nothing_behind(event: str, clock: Clock) -> None:
    with mail_service():
        mail_id = sent_mail(email=EMAIL)
    [mail] = stored("EmailSent")

    def rival() -> None:
        erase(mail["lead_id"]["S"])
        work(*queued())

    with interrupted(rival), pytest.raises(InProgress):
        campaigns.record_event(mail_id, event, clock.moment, {"ip": "203.0.113.77"})

    assert campaigns.record_event(mail_id, event, clock.moment, {}) is False
    assert left_of_the_person(repr(stored())) == []
    assert stored("EmailEvent") == stored("EmailSent") == []


def test_a_suppression_of_an_erased_address_does_not_hold_it() -> None:
    erase(added(EMAIL)["id"])

    campaigns.suppress("email", EMAIL, "manual")

    [item] = stored("Suppression")
    assert item["address"]["S"] == "erased"
    assert campaigns.is_suppressed("email", EMAIL) == "manual"


def test_word_of_no_erasure_does_nothing() -> None:
    event = json.loads((ROOT / "events" / "leads" / "erase_person.json").read_text(encoding="utf-8"))
    assert work(event) == []


def _put(item: dict[str, dict[str, str]]) -> None:
    from leadflow.core import aws
    from leadflow.core.settings import settings

    aws.client("dynamodb").put_item(TableName=settings().table_name, Item=item)
