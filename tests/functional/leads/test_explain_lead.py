"""GET /leads/{lead_id}/explain: what it says is what a run and a send then do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from leadflow.campaigns import service as campaigns
from leadflow.core import seams
from leadflow.leads import store
from tests.functional import wire
from tests.functional.campaigns.mailing import MailService, email_channel, mail_service
from tests.functional.leads.erasing import erase
from tests.functional.leads.explaining import activated, explained, gate_of, mailing, runs_of, verdicts, workflow
from tests.functional.leads.people import added, patched, signalled
from tests.functional.workflows.engine import Engine
from tests.harness import Clock, call


@pytest.fixture
def mails(cloud: seams.Seams) -> Iterator[MailService]:
    """Where the mails of the test go."""
    with mail_service() as service:
        yield service


@pytest.fixture
def engine(clock: Clock) -> Engine:
    return Engine(clock)


def test_a_run_that_waits_and_its_mail_that_nothing_holds_back(
    mails: MailService, engine: Engine, clock: Clock
) -> None:
    email_channel()
    made = activated(workflow(("wait", {"hours": 2}), ("wait", {"days": 1}), mailing()))
    clock.advance(seconds=1)
    lead_id = added()["id"]
    engine.deliver()
    for start in engine.starts():
        engine.segment(start)

    found = explained(lead_id, made)

    assert verdicts(found) == [
        ("lead", "pass", "ok"),
        ("workflow", "pass", "ok"),
        ("trigger", "pass", "fired"),
        ("run", "pending", "waiting"),
        ("address", "pass", "ok"),
        ("erased", "pass", "ok"),
        ("suppression", "pass", "ok"),
        ("consent", "pass", "ok"),
        ("channel", "pass", "ok"),
        ("template", "pass", "ok"),
        ("content", "pass", "ok"),
        ("sender", "pass", "ok"),
    ]
    assert (found["primary_reason"], found["primary_gate"]) == ("waiting", "run")
    assert found["next_planned_at"] == gate_of(found, "run")["at"] == "2026-03-02T11:00:01.000Z"
    assert found["next_mail_at"] == "2026-03-03T11:00:01.000Z"
    [run] = runs_of(made)
    assert found["execution_id"] == run["id"]

    engine.run()
    assert len(mails.sent) == 1
    assert clock.moment.isoformat() == "2026-03-03T11:00:01+00:00"
    after = explained(lead_id, made)
    assert verdicts(after)[-2:] == [("mail", "pass", "accepted"), ("run", "pass", "run_completed")]
    assert (after["primary_reason"], after["next_planned_at"], after["next_mail_at"]) == ("run_completed", None, None)


def test_a_sender_that_the_run_fills_in_is_in_nobodys_way(mails: MailService, engine: Engine, clock: Clock) -> None:
    email_channel()
    kind, config = mailing()
    made = activated(workflow(("wait", {"hours": 2}), (kind, {**config, "from": "{{ trigger.source }}@example.com"})))
    other = activated(workflow((kind, {**config, "from": "{{ lead.custom.owner_email }}"}), trigger=None))
    clock.advance(seconds=1)
    lead_id = added()["id"]
    engine.deliver()
    for start in engine.starts():
        engine.segment(start)
    for one in (made, other):
        assert gate_of(explained(lead_id, one), "sender")["verdict"] == "pass"
    engine.run()
    assert mails.sent[0]["from"]["email"] == "api@example.com"


def opted_out(lead_id: str) -> None:
    assert patched(lead_id, consent={"email": {"opted_in": False}}).status == 200


def suppressed(_: str) -> None:
    campaigns.suppress("email", "ada@example.com", "bounce")


def without_address(lead_id: str) -> None:
    """As people are who came by a channel."""
    lead = store.find_lead(lead_id)
    assert lead is not None
    before = lead.identities()
    lead.email = None
    store.replace(lead, before, lead.status)


def without_template(lead_id: str) -> None:
    for one in call("templates/list_templates").json["items"]:
        assert call("templates/delete_template", path={"template_id": one["id"]}).status == 204


def without_channel(_: str) -> None:
    aws = wire.aws.client("dynamodb")
    for item in wire.stored("ChannelConfig"):
        aws.delete_item(TableName="leadflow-test", Key={"pk": item["pk"], "sk": item["sk"]})


def blank_name(lead_id: str) -> None:
    assert patched(lead_id, company=None).status == 200


HELD = [
    (opted_out, "consent", "opted_out"),
    (suppressed, "suppression", "suppressed:bounce"),
    (without_address, "address", "no_email"),
    (without_channel, "channel", "no_channel"),
    (without_template, "template", "no_template"),
    (blank_name, "content", "invalid_content"),
]


@pytest.mark.parametrize(("hold", "gate", "reason"), HELD, ids=[reason for _, _, reason in HELD])
@pytest.mark.parametrize("waits", [False, True], ids=["before a run", "in a run"])
def test_what_holds_back_a_mail_is_what_the_send_then_says(
    mails: MailService,
    engine: Engine,
    clock: Clock,
    hold: Callable[[str], None],
    gate: str,
    reason: str,
    waits: bool,
) -> None:
    """The explanation comes first, then the run: it skips the mail for that very reason, or fails at that very gate."""
    email_channel()
    subject = {"subject": "{{ company }}", "body": "<p>Hi</p>", "variables": ["company"]}
    made = activated(workflow(("wait", {"hours": 1}), mailing(**subject), trigger="lead_status_changed"))
    clock.advance(seconds=1)
    lead_id = added(company="Analytical Engines")["id"]
    if waits:
        patched(lead_id, status="contacted")
        engine.deliver()
        for start in engine.starts():
            engine.segment(start)
    hold(lead_id)

    found = explained(lead_id, made)

    assert (found["primary_gate"], found["primary_reason"]) == (gate, reason)
    assert gate_of(found, gate)["verdict"] == "fail"
    if not waits:
        patched(lead_id, status="contacted")
    engine.run()
    assert mails.sent == []
    [run] = runs_of(made)
    log = call("executions/list_logs", path={"execution_id": run["id"]}).json["items"][-1]
    assert log["action_type"] == "send_email"
    if log["status"] == "skipped":
        assert log["reason"] == reason
        after = explained(lead_id, made)
        assert (after["primary_gate"], after["primary_reason"]) == ("mail", reason)
    else:
        named = {"no_channel": "Conflict", "no_template": "NotFound", "invalid_content": "InvalidInput"}[reason]
        assert log["error_message"].startswith(f"{named}: {gate_of(found, gate)['detail']}")
        # The failed mail decides: it comes before the end of the run it brought about.
        assert explained(lead_id, made)["primary_reason"] == "mail_failed"


VIP = {"field": "lead.tags", "op": "contains", "value": "vip"}
FROM_NEW = {"field": "trigger.from", "op": "eq", "value": "new"}


@pytest.mark.parametrize(
    ("filters", "tags", "verdict", "code"),
    [
        (VIP, [], "fail", "filters_not_met"),
        (VIP, ["vip"], "pending", "waiting_for_event"),
        (FROM_NEW, [], "unknown", "depends_on_event"),
        ({"all": [VIP, FROM_NEW]}, [], "fail", "filters_not_met"),
        ({"all": [VIP, FROM_NEW]}, ["vip"], "unknown", "depends_on_event"),
        ({"any": [VIP, FROM_NEW]}, ["vip"], "pending", "waiting_for_event"),
        ({"any": [VIP, FROM_NEW]}, [], "unknown", "depends_on_event"),
        ({"not": {"any": [VIP, FROM_NEW]}}, ["vip"], "fail", "filters_not_met"),
        ({"not": VIP}, [], "pending", "waiting_for_event"),
    ],
)
def test_filters_are_asked_as_the_dispatcher_asks_them(
    engine: Engine, clock: Clock, filters: dict[str, Any], tags: list[str], verdict: str, code: str
) -> None:
    made = activated(workflow(("update_lead", {"add_tags": ["seen"]}), trigger="lead_status_changed", filters=filters))
    clock.advance(seconds=1)
    lead_id = added(tags=tags)["id"]

    found = explained(lead_id, made)

    assert verdicts(found)[2] == ("trigger", verdict, code)
    assert found["primary_reason"] == code
    assert "vip" not in gate_of(found, "trigger")["detail"]
    for status in ("contacted", "qualified"):
        clock.advance(seconds=1)
        patched(lead_id, status=status)
    engine.deliver()
    # Of the two changes one is from new: what depends on the event is met by one of them.
    expected = {"fail": 0, "pending": 2, "unknown": 1}[verdict]
    assert len(runs_of(made)) == expected


def test_a_lead_that_was_there_before_activation_never_starts_it(engine: Engine, clock: Clock) -> None:
    made = workflow(("update_lead", {"add_tags": ["seen"]}))
    lead_id = added()["id"]
    clock.advance(seconds=1)
    activated(made)

    assert explained(lead_id, made)["primary_reason"] == "before_activation"
    engine.deliver()
    assert runs_of(made) == []


def test_a_lead_that_was_just_added_is_about_to_start_it(engine: Engine, clock: Clock) -> None:
    made = activated(workflow(("update_lead", {"add_tags": ["seen"]})))
    clock.advance(seconds=1)
    lead_id = added()["id"]

    found = explained(lead_id, made)
    assert verdicts(found)[2] == ("trigger", "unknown", "no_run_began")
    engine.deliver()
    assert explained(lead_id, made)["primary_reason"] == "nothing_holds_it_back"


def test_one_time_per_lead_is_used_up(engine: Engine, clock: Clock) -> None:
    made = activated(workflow(("update_lead", {"add_tags": ["x"]}), trigger="lead_status_changed", once_per_lead=True))
    clock.advance(seconds=1)
    lead_id = added()["id"]
    assert explained(lead_id, made)["primary_reason"] == "waiting_for_event"
    patched(lead_id, status="contacted")
    engine.run()
    assert explained(lead_id, made)["primary_reason"] == "run_completed"
    # As if the run itself were no longer on record.
    [run] = wire.stored("WorkflowExecution")
    wire.aws.client("dynamodb").delete_item(TableName="leadflow-test", Key={"pk": run["pk"], "sk": run["sk"]})
    found = explained(lead_id, made)
    assert (found["primary_gate"], found["primary_reason"]) == ("trigger", "already_fired")
    clock.advance(seconds=1)
    patched(lead_id, status="qualified")
    engine.run()
    assert runs_of(made) == []


def test_of_several_triggers_one_that_is_open_is_enough(clock: Clock) -> None:
    lead_id = added()["id"]
    clock.advance(seconds=1)
    made = workflow(("update_lead", {"add_tags": ["seen"]}))
    body = {"trigger_type": "score_threshold", "trigger_config": {"gte": 30}}
    call("workflows/add_trigger", body, path={"workflow_id": made})
    activated(made)

    trigger = gate_of(explained(lead_id, made), "trigger")

    assert (trigger["verdict"], trigger["code"]) == ("pending", "waiting_for_event")
    assert trigger["detail"] == "It waits for score_threshold with gte 30."
    assert {(part["verdict"], part["code"]) for part in trigger["parts"]} == {
        ("fail", "before_activation"),
        ("pending", "waiting_for_event"),
    }


def test_a_workflow_that_is_not_active(engine: Engine, clock: Clock) -> None:
    made = workflow(("wait", {"hours": 1}), ("update_lead", {"add_tags": ["seen"]}), trigger="lead_status_changed")
    lead_id = added()["id"]
    assert explained(lead_id, made)["primary_reason"] == "workflow_draft"
    activated(made)
    clock.advance(seconds=1)
    patched(lead_id, status="contacted")
    engine.deliver()
    for start in engine.starts():
        engine.segment(start)
    call("workflows/pause_workflow", path={"workflow_id": made})

    # The run that has begun goes on; another lead starts none.
    found = explained(lead_id, made)
    assert (found["primary_reason"], found["next_planned_at"]) == ("waiting", "2026-03-02T10:00:01.000Z")
    assert "paused" in gate_of(found, "workflow")["detail"]
    assert explained(added("bob@example.com")["id"], made)["primary_reason"] == "workflow_paused"


def test_a_mail_that_a_condition_passes_over(mails: MailService, engine: Engine, clock: Clock) -> None:
    email_channel()
    action, config = mailing()
    made = activated(workflow((action, {**config, "condition": {"field": "lead.score", "op": "gte", "value": 50}})))
    clock.advance(seconds=1)
    lead_id = added()["id"]

    before = explained(lead_id, made)
    engine.run()
    after = explained(lead_id, made)

    assert (before["primary_reason"], after["primary_reason"]) == ("condition_not_met", "condition_not_met")
    assert mails.sent == []
    signalled(lead_id, 60)
    assert explained(lead_id, made)["primary_reason"] == "condition_not_met"


def test_a_mail_of_which_nobody_knows(mails: MailService, engine: Engine, clock: Clock) -> None:
    email_channel()
    made = activated(workflow(mailing()))
    clock.advance(seconds=1)
    lead_id = added()["id"]
    mails.answers = [None]
    engine.deliver()
    for start in engine.starts():
        engine.segment(start)

    found = explained(lead_id, made)

    mail = gate_of(found, "mail")
    assert (mail["verdict"], mail["code"], mail["at"]) == ("pending", "outcome_unknown", "2026-03-02T10:00:01.000Z")
    assert found["next_planned_at"] == mail["at"]


@pytest.mark.parametrize("end", ["cancel", "fail"])
def test_a_run_that_ended_badly(engine: Engine, clock: Clock, end: str) -> None:
    config = {"hours": 1} if end == "cancel" else {"until": "lead.custom.renewal_at"}
    made = activated(workflow(("wait", config)))
    clock.advance(seconds=1)
    lead_id = added()["id"]
    engine.deliver()
    for start in engine.starts():
        engine.segment(start)
    if end == "cancel":
        call("executions/cancel_execution", path={"execution_id": runs_of(made)[0]["id"]})

    found = explained(lead_id, made)

    assert found["primary_reason"] == {"cancel": "run_cancelled", "fail": "run_failed"}[end]
    assert found["execution_id"] == runs_of(made)[0]["id"]


def test_a_person_who_was_erased(clock: Clock) -> None:
    made = activated(workflow(("update_lead", {"add_tags": ["seen"]})))
    lead_id = added()["id"]
    assert erase(lead_id).status == 202

    found = explained(lead_id, made)

    assert verdicts(found) == [("lead", "fail", "erased"), ("workflow", "pass", "ok")]
    assert found["primary_reason"] == "erased"


def test_what_is_asked_is_one_lead_and_one_workflow_or_campaign() -> None:
    lead_id, made = added()["id"], workflow()

    def answer(lead: str = lead_id, **query: str) -> tuple[int, list[str]]:
        found = call("leads/explain_lead", path={"lead_id": lead}, query=query)
        assert found.headers["content-type"] == "application/problem+json"
        return found.status, [error["field"] for error in found.json.get("errors", [])]

    assert answer() == (422, ["campaign_id", "workflow_id"])
    assert answer(workflow_id=made, campaign_id="x") == (422, ["campaign_id", "workflow_id"])
    assert answer(workflow_id="x" * 65) == (422, ["workflow_id"])
    assert answer(workflow="x") == (422, ["workflow"])
    assert answer(workflow_id="nothing") == (404, [])
    assert answer(campaign_id="nothing") == (404, [])
    assert answer("nobody", workflow_id=made) == (404, [])
    assert call("leads/explain_lead", path={"lead_id": lead_id}, scopes="workflows:read").status == 403


def test_reads_do_not_grow_with_what_the_lead_has_behind_it(engine: Engine, clock: Clock, mails: MailService) -> None:
    email_channel()
    made = activated(workflow(mailing(), trigger="lead_status_changed"))
    other = activated(workflow(("update_lead", {"add_tags": ["x"]}), trigger="lead_status_changed"))
    lead_id = added()["id"]
    costs = []
    for number in range(3):
        clock.advance(seconds=1)
        for status in ("contacted", "qualified"):
            patched(lead_id, status=status)
        engine.run()
        with wire.watched() as calls:
            found = call("leads/explain_lead", path={"lead_id": lead_id}, query={"workflow_id": made})
        assert found.status == 200, (number, other)
        costs.append(len(calls))

    assert costs[0] == costs[-1] <= 8
