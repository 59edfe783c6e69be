"""What callers get of a campaign's numbers."""

from __future__ import annotations

from typing import Literal

from leadflow.campaigns.enums import CampaignStatus
from leadflow.campaigns.schema.audiences import MissingVariable
from leadflow.core.schema import Read, Timestamp


class EngagementSplit(Read):
    """The same by who was behind it: people (whom an unknown client counts as), or machines and scanners."""

    human: int
    machine: int


class Numbers(Read):
    """What became of mails. audience = sent + skipped + failed + unknown + pending holds for every step.

    `delivered`, `bounced`, `complained` (reported as spam), `replied` and `unsubscribed` are of those sent. `opened`
    and `clicked` count mails, `opens` and `clicks` how often that was done.
    """

    audience: int
    sent: int
    skipped: int
    failed: int
    unknown: int
    pending: int
    skipped_by_reason: dict[str, int]
    delivered: int
    bounced: int
    complained: int
    replied: int
    unsubscribed: int
    opened: EngagementSplit
    clicked: EngagementSplit
    opens: EngagementSplit
    clicks: EngagementSplit


class StepStats(Numbers):
    """The numbers of one step. Its audience is that of the campaign: who does not come to it is skipped."""

    step_id: str
    step_number: int


class VariantStats(Read):
    """What became of the mails of one template of a step.

    `acted` counts mails that people clicked or answered, `performance_score` is the share of those sent that did, at
    the least (lower bound at 95 % confidence), 0 to 100.
    """

    step_number: int
    template_id: str
    sent: int
    delivered: int
    bounced: int
    complained: int
    replied: int
    unsubscribed: int
    opened: EngagementSplit
    clicked: EngagementSplit
    acted: int
    performance_score: float | None


class LinkStats(Read):
    """In how many mails of a step a link was followed; `link` is its address, or its site where it differs by lead."""

    step_number: int
    link_number: int
    link: str
    clicked: EngagementSplit


class HourStats(Read):
    """How many mails were sent, first opened and first clicked in an hour of UTC."""

    hour: Timestamp
    sent: int
    opened: EngagementSplit
    clicked: EngagementSplit


class Reclassification(Read):
    """How far a campaign's opens and clicks are judged again: mails looked at, and those that changed by it."""

    campaign_id: str
    status: Literal["running", "completed"]
    mails: int
    changed: int
    started_at: Timestamp
    completed_at: Timestamp | None


class CampaignStats(Numbers):
    """The numbers of a campaign: `audience` counts leads, the rest the mails of all steps together.

    They are exact as of the last change that was read, usually a second ago. `missing_variables` counts the leads of
    the audience whose mails leave a gap, by what leads and templates were when they joined.
    """

    campaign_id: str
    status: CampaignStatus
    as_of: Timestamp
    converted: int
    steps: list[StepStats]
    variants: list[VariantStats]
    links: list[LinkStats]
    hours: list[HourStats]
    missing_variables: list[MissingVariable]
