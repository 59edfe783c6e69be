"""Campaigns and their steps in the table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.transactions import TransactWrite

from leadflow.campaigns.store.commits import committed
from leadflow.campaigns.store.templates import note_naming
from leadflow.core import clock, ids, listing, table

_STEP = "STEP#"
_PAGE = 100


class EmailCampaign(table.Item, discriminator="EmailCampaign"):
    """One campaign; its version moves with its steps.

    pk `CAMP#<id>`  sk `#META`  GSI1 `CAMPS` / `<created_at>#<id>`

    `generation` counts launches and resumes: what was planned under an earlier one is no longer to be done.
    `total_recipients` is the size of the audience, counted up as it is frozen. `launched` is what was settled at the
    launch. `pause_reason` is set when the campaign paused itself.
    """

    record_fields = (
        *("id", "name", "description", "status", "target_audience", "audience_mode", "exclusions", "channel_id"),
        *("sender", "from_name", "reply_to", "timezone", "send_window", "frequency_cap", "rate_per_second"),
        *("rate_per_hour", "warm_up", "stop_on_reply", "goal", "auto_pause", "unknown_policy", "created_by"),
        *("total_recipients", "pause_reason", "started_at", "completed_at", "created_at", "updated_at"),
    )

    id = UnicodeAttribute()
    name = UnicodeAttribute()
    description = UnicodeAttribute(null=True)
    status = UnicodeAttribute(default="draft")
    target_audience = JSONAttribute(null=True)
    audience_mode = UnicodeAttribute(default="snapshot")
    exclusions = JSONAttribute(null=True)
    channel_id = UnicodeAttribute(null=True)
    sender = UnicodeAttribute(null=True)
    from_name = UnicodeAttribute(null=True)
    reply_to = UnicodeAttribute(null=True)
    timezone = UnicodeAttribute(default="UTC")
    send_window = JSONAttribute(null=True)
    frequency_cap = JSONAttribute(null=True)
    rate_per_second = NumberAttribute(null=True)
    rate_per_hour = NumberAttribute(null=True)
    warm_up = JSONAttribute(null=True)
    stop_on_reply = BooleanAttribute(default=True)
    goal = JSONAttribute(null=True)
    auto_pause = JSONAttribute(null=True)
    unknown_policy = UnicodeAttribute(default="keep")
    created_by = UnicodeAttribute(null=True)
    generation = NumberAttribute(default=0)
    total_recipients = NumberAttribute(default=0)
    launched = JSONAttribute(null=True)
    pause_reason = UnicodeAttribute(null=True)
    started_at = UnicodeAttribute(null=True)
    paused_at = UnicodeAttribute(null=True)
    completed_at = UnicodeAttribute(null=True)

    def counted_as(self) -> dict[str, str]:
        return {"status": self.status}


class EmailSequenceStep(table.Item, discriminator="EmailSequenceStep"):
    """One step of a campaign, changed only together with it.

    pk `CAMP#<campaign>`  sk `STEP#<id>`

    `variants` are `{template_id, weight}`; empty when all leads get `template_id`. `begun_at` is set before the first
    mail of the step goes out.
    """

    record_fields = (
        *("id", "campaign_id", "template_id", "step_number", "delay_hours", "condition", "variants", "begun_at"),
        *("created_at", "updated_at"),
    )

    id = UnicodeAttribute()
    campaign_id = UnicodeAttribute()
    template_id = UnicodeAttribute()
    step_number = NumberAttribute()
    delay_hours = NumberAttribute(default=0)
    condition = JSONAttribute(null=True)
    variants = JSONAttribute(default=list)
    begun_at = UnicodeAttribute(null=True)


def new_campaign(fields: Mapping[str, Any], created_by: str | None) -> EmailCampaign:
    """A draft that is not written yet, with its id and place in the list."""
    campaign_id, now = ids.new_id(), clock.now_stamp()
    item = EmailCampaign(pk=f"CAMP#{campaign_id}", sk="#META", id=campaign_id, created_by=created_by, **fields)
    item.created_at, item.gsi1pk, item.gsi1sk = now, "CAMPS", f"{now}#{campaign_id}"
    return item


def new_step(campaign_id: str, step_id: str, fields: Mapping[str, Any]) -> EmailSequenceStep:
    """A step that is not written yet."""
    return EmailSequenceStep(
        pk=f"CAMP#{campaign_id}", sk=f"{_STEP}{step_id}", id=step_id, campaign_id=campaign_id, **fields
    )


def find_campaign(campaign_id: str) -> EmailCampaign | None:
    return table.find(EmailCampaign, f"CAMP#{campaign_id}", "#META")


def find_campaigns(campaign_ids: Sequence[str]) -> list[EmailCampaign]:
    """Those of these campaigns that are there."""
    return table.find_many(EmailCampaign, [(f"CAMP#{campaign_id}", "#META") for campaign_id in campaign_ids])


def page_of_campaigns(limit: int, cursor: str | None, status: str | None) -> dict[str, Any]:
    """Campaigns, newest first, of one status or of any."""
    return listing.page(
        EmailCampaign,
        "GSI1",
        ["CAMPS"],
        limit=limit,
        cursor=cursor,
        listing=f"campaigns/{status}",
        keep=lambda campaign: status in (None, campaign.status),
    )


def open_campaigns() -> Iterator[EmailCampaign]:
    """Campaigns that are not completed, newest first."""
    after: str | None = None
    while True:
        keys = table.query_keys("GSI1", "CAMPS", after=after, limit=_PAGE)
        found = table.find_many(EmailCampaign, [(pk, sk) for _, pk, sk in keys])
        yield from (campaign for campaign in found if campaign.status != "completed")
        if len(keys) < _PAGE:
            return
        after = keys[-1][0]


def steps_of(campaign_id: str) -> list[EmailSequenceStep]:
    """The steps of a campaign by their number, read consistently."""
    found = table.query_items(EmailSequenceStep, f"CAMP#{campaign_id}", prefix=_STEP)
    return sorted(found, key=lambda step: int(step.step_number))


def begin_step(campaign: EmailCampaign, step: EmailSequenceStep) -> None:
    """Notes that the step's first mails are about to go out; from then on it is not changed, nor any put before it.

    Raises table.TransactionRefused when the campaign or one of its steps has changed since they were read: read them
    again and go by what they say then.
    """
    with table.transaction() as writes:
        writes.condition_check(
            EmailCampaign, campaign.pk, campaign.sk, condition=EmailCampaign.v == int(campaign.v or 0)
        )
        now = clock.now_stamp()
        writes.update(step, [EmailSequenceStep.begun_at.set(now), EmailSequenceStep.updated_at.set(now)])


def write_steps(
    campaign: EmailCampaign,
    written: Sequence[EmailSequenceStep],
    gone: Sequence[EmailSequenceStep] = (),
    also: Sequence[table.Item] = (),
    named: Iterable[str] = (),
) -> None:
    """Changes steps in one transaction with their campaign, and with what `also` has changed by that.

    Raises table.TransactionRefused when one of them was overtaken, or a template that they come to name is gone.
    """
    items: list[table.Item] = [campaign, *written, *also]
    for item in items:
        item.touch()

    def fill(writes: TransactWrite) -> None:
        for template_id in named:
            note_naming(writes, template_id)
        for step in gone:
            writes.delete(step)
        for item in items:
            writes.save(item)

    committed(fill)
