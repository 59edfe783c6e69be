"""A campaign as it runs: its workers called for what the bus and the queue have, and what came of it."""

from __future__ import annotations

import json
import os
from collections import Counter
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.sqs.models import sqs_backends

from leadflow.campaigns import store
from leadflow.campaigns.store import cohorts as runs
from leadflow.core import aws, seams
from tests.functional.campaigns.campaigning import campaign, step
from tests.functional.campaigns.mailing import MailService, lead
from tests.harness import Answer, Clock, call, door

_MANY = 200


def act(campaign_id: str, action: str) -> Answer:
    """`launch_campaign`, `pause_campaign`, …"""
    return call(f"campaigns/{action}", path={"campaign_id": campaign_id})


def acted(campaign_id: str, action: str) -> dict[str, Any]:
    answer = act(campaign_id, action)
    assert answer.status in (200, 202), answer.text
    shown: dict[str, Any] = answer.json
    return shown


def begun(campaign_id: str) -> None:
    """Begins the first step, as the worker does that comes to it first."""
    campaign, [step, *_] = store.find_campaign(campaign_id), store.steps_of(campaign_id)
    assert campaign is not None
    store.begin_step(campaign, step)


def people(count: int, **fields: Any) -> list[str]:
    """The ids of new leads."""
    return [lead(name=f"Lead {number}", email=f"lead{number}@example.com", **fields) for number in range(1, count + 1)]


def ready(steps: int = 1, **fields: Any) -> str:
    """A draft for everyone with so many steps, the second and later ones a day after the one before."""
    campaign_id = campaign(**fields)
    for number in range(1, steps + 1):
        step(campaign_id, number, delay_hours=24 if number > 1 else 0)
    return campaign_id


def work(*, messages: int = _MANY) -> int:
    """Lets the workers do what the bus and the queue have now; gives how many messages of cohorts that were."""
    done = 0
    for _ in range(_MANY):
        announced, took = take_announced(), take_messages()
        for event in announced:
            door("campaigns/plan_audience")(event, None)
        for body in took:
            send(body)
        done += len(took)
        if (not announced and not took) or done >= messages:
            return done
    raise AssertionError("the workers never come to rest")


def send(body: str) -> dict[str, Any]:
    """One message of the cohort queue, done."""
    answer: dict[str, Any] = door("campaigns/send_cohort")({"Records": [{"messageId": "M", "body": body}]}, None)
    return answer


def take_announced() -> list[dict[str, Any]]:
    bus = seams.current().kept.get("jobs", [])
    found = [event for event in bus if event["detail-type"] == "campaign"]
    bus[:] = [event for event in bus if event["detail-type"] != "campaign"]
    return found


def take_messages() -> list[str]:
    """The bodies of messages on the queue that may be received now, which are deleted."""
    sqs, url, found = aws.client("sqs"), os.environ["COHORTS_QUEUE_URL"], []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found.append(message["Body"])
    return found


def take_delayed() -> list[str]:
    """The bodies of all messages on the queue, also of those that come later: its delays are in real time."""
    sqs = sqs_backends[DEFAULT_ACCOUNT_ID][os.environ["AWS_REGION"]]
    queue = next((one for one in sqs.queues.values() if one.name == "cohorts"), None)
    if queue is None:
        return []
    taken, queue._messages = queue._messages, []
    return [str(message.body) for message in taken]


def lose_everything() -> None:
    """Queue, bus and schedules are emptied."""
    take_announced()
    take_delayed()
    scheduler = aws.client("scheduler")
    for schedule in scheduler.list_schedules(GroupName=os.environ["SCHEDULE_GROUP"])["Schedules"]:
        scheduler.delete_schedule(GroupName=os.environ["SCHEDULE_GROUP"], Name=schedule["Name"])


def reconciled(clock: Clock, **later: float) -> None:
    """Some time later reconcile has looked, and the workers have done what it found."""
    clock.advance(**(later or {"minutes": 15}))
    door("platform/reconcile")({}, None)
    work()


def recipients(mails: MailService) -> list[str]:
    """The addresses of all mails that the service took, one for each mail."""
    return [one["to"][0]["email"] for mail in mails.sent for one in mail["personalizations"]]


def mails_of(campaign_id: str) -> list[store.EmailSent]:
    """All mails of a campaign, by its cohorts."""
    found: dict[str, store.EmailSent] = {}
    for cohort in runs.cohorts_of(campaign_id):
        lead_ids = runs.members_of(cohort).lead_ids
        ids = [store.mail_of(campaign_id, cohort.step_id, lead_id) for lead_id in lead_ids]
        found |= {mail.id: mail for mail in store.find_mails(ids)}
    return list(found.values())


def tally(campaign_id: str, step_number: int = 1) -> dict[str, int]:
    """How many mails of a step ended how: by outcome, skipped ones by their reason."""
    ended = [mail.skip_reason or mail.outcome for mail in mails_of(campaign_id) if mail.step_number == step_number]
    noted = [one for one in store.noted_members(campaign_id) if isinstance(one, store.SkippedMember)]
    return dict(Counter(ended + [one.skip_reason for one in noted if one.step_number == step_number]))


def schedules() -> list[dict[str, Any]]:
    """The one-off schedules there are, with the message of each."""
    scheduler, group = aws.client("scheduler"), os.environ["SCHEDULE_GROUP"]
    names = [one["Name"] for one in scheduler.list_schedules(GroupName=group)["Schedules"]]
    found = [scheduler.get_schedule(GroupName=group, Name=name) for name in names]
    return [{**one, "message": json.loads(one["Target"]["Input"])} for one in found]


def status(campaign_id: str) -> str:
    answer = call("campaigns/get_campaign", path={"campaign_id": campaign_id})
    assert answer.status == 200, answer.text
    return str(answer.json["status"])


def is_at_rest(campaign_id: str) -> bool:
    """Whether nobody looks after the campaign until something comes."""
    run = runs.find_run(campaign_id)
    return run is not None and (run.gsi3pk, run.gathers_at) == (None, None)
