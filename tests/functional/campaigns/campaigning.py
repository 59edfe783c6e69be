"""Campaigns made over their own doors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from leadflow.campaigns import store
from leadflow.campaigns.rules.states import MailState
from leadflow.campaigns.schema import CampaignStats
from leadflow.campaigns.service.ledger import moved
from leadflow.core import clock, table
from tests.functional.campaigns.mailing import lead, template
from tests.harness import Answer, call

EVERYONE: dict[str, Any] = {"all": []}


def campaign(**fields: Any) -> str:
    """The id of a new draft, for everyone unless told otherwise."""
    answer = call("campaigns/create_campaign", {"name": "Spring", "target_audience": EVERYONE, **fields})
    assert answer.status == 201, answer.text
    return str(answer.json["id"])


def add(campaign_id: str, step_number: int = 1, **fields: Any) -> Answer:
    """A step of a campaign, of a new template unless one is given."""
    if "template_id" not in fields and "variants" not in fields:
        fields["template_id"] = template()
    return call("campaigns/add_step", {"step_number": step_number, **fields}, path={"campaign_id": campaign_id})


def step(campaign_id: str, step_number: int = 1, **fields: Any) -> str:
    """The id of a new step."""
    answer = add(campaign_id, step_number, **fields)
    assert answer.status == 201, answer.text
    return str(answer.json["id"])


def patch(campaign_id: str, changes: dict[str, Any], **more: Any) -> Answer:
    return call("campaigns/update_campaign", changes, path={"campaign_id": campaign_id}, **more)


def patch_step(campaign_id: str, step_id: str, changes: dict[str, Any], **more: Any) -> Answer:
    path = {"campaign_id": campaign_id, "step_id": step_id}
    return call("campaigns/update_step", changes, path=path, **more)


def stand(campaign_id: str, status: str, *, begun: int | None = None, recipients: int | None = None) -> None:
    """Puts a campaign into a status as a launch would; the step of this number has begun then."""
    found = store.find_campaign(campaign_id)
    assert found is not None
    found.status = status
    found.started_at = found.started_at or clock.now_stamp()
    if recipients is not None:
        found.total_recipients = recipients
    table.save(found)
    for one in store.steps_of(campaign_id):
        if one.step_number == begun:
            store.begin_step(found, one)


def named(answer: Answer) -> list[str]:
    """The fields that a 422 names."""
    assert answer.status == 422, answer.text
    return [error["field"] for error in answer.json["errors"]]


def made_lead(number: int, **fields: Any) -> str:
    return lead(name=f"Lead {number}", email=f"lead{number}@example.com", **fields)


def mail_of(campaign_id: str, step_number: int = 1, number: int = 1, **fields: Any) -> store.EmailSent:
    """A mail of a campaign's step to lead `number`, claimed as the engine claims it."""
    mail_id = store.tracking_id(("campaign", campaign_id, str(step_number), str(number)))
    mail = store.EmailSent(
        pk=f"EM#{mail_id}",
        sk="#",
        id=mail_id,
        tracking_id=mail_id,
        campaign_id=campaign_id,
        step_number=step_number,
        **{
            "template_id": "T1",
            "lead_id": f"L{number}",
            "recipient_email": f"lead{number}@example.com",
            "subject": "x",
            **fields,
        },
    )
    body = store.body_of(mail_id, store.Content(body="<p>x</p>", html="<p>x</p>", text="x"), [])
    assert store.claim(mail, body)
    return mail


def move(mail: store.EmailSent, change: Callable[..., MailState], *args: Any, **more: Any) -> store.EmailSent:
    """The mail after a move of its state."""
    return moved(mail, lambda state: change(state, *args, **more))


def stats(campaign_id: str) -> dict[str, Any]:
    """A campaign's numbers, held to the law of conservation."""
    answer = call("campaigns/get_stats", path={"campaign_id": campaign_id})
    assert answer.status == 200, answer.text
    told: dict[str, Any] = answer.json
    CampaignStats.model_validate(told)
    for one in told["steps"]:
        settled = sum(one[name] for name in ("sent", "skipped", "failed", "unknown", "pending"))
        assert settled == one["audience"] == told["audience"]
        assert sum(one["skipped_by_reason"].values()) == one["skipped"]
    return told
