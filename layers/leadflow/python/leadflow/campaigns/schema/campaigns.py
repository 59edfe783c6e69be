"""What callers send and get about campaigns."""

from __future__ import annotations

from typing import Annotated, get_args

from pydantic import AfterValidator, Field, JsonValue, model_validator

from leadflow.campaigns.enums import AudienceMode, CampaignStatus, Day, GoalEvent, UnknownPolicy
from leadflow.campaigns.schema.audiences import MissingVariable
from leadflow.core.schema import (
    Email,
    JsonObject,
    Line,
    Read,
    Text,
    TimeOfDay,
    TimeOfDayOrMidnight,
    Timestamp,
    TimeZone,
    Write,
    left_alone,
)

MAX_EXCLUDED_LEADS = 1_000
MAX_EXCLUDED_CAMPAIGNS = 50
MAX_WARM_UP_DAYS = 90


def _null_when_empty(value: str | None) -> str | None:
    return value or None


def _each_once(ids: list[str]) -> list[str]:
    if len(set(ids)) != len(ids):
        raise ValueError("must name each once")
    return ids


RecordId = Annotated[Text, Field(min_length=1, max_length=64)]
CampaignName = Annotated[Line, Field(min_length=1, max_length=200)]
Description = Annotated[Annotated[Text, Field(max_length=1000)] | None, AfterValidator(_null_when_empty)]
SenderName = Annotated[Line, Field(min_length=1, max_length=200)]


class Exclusions(Write):
    """Who gets nothing though the audience has them.

    Leads that fit `condition`, leads by id, and leads that were sent a mail by one of `campaign_ids`.
    """

    condition: JsonObject | None = None
    lead_ids: Annotated[list[RecordId], Field(max_length=MAX_EXCLUDED_LEADS), AfterValidator(_each_once)] = Field(
        default_factory=list
    )
    campaign_ids: Annotated[list[RecordId], Field(max_length=MAX_EXCLUDED_CAMPAIGNS), AfterValidator(_each_once)] = (
        Field(default_factory=list)
    )


class SendWindow(Write):
    """Hours and weekdays in which mails go out, in the lead's own time zone unless `use_lead_timezone` is false.

    `from` belongs to it and `to` does not; `to` may be 24:00. It does not go past midnight. A lead without a time zone
    has the campaign's.
    """

    days: Annotated[list[Day], Field(min_length=1, max_length=7), AfterValidator(_each_once)] = Field(
        default_factory=lambda: list(get_args(Day))
    )
    from_: TimeOfDay = Field(alias="from")
    to: TimeOfDayOrMidnight
    use_lead_timezone: bool = True

    @model_validator(mode="after")
    def _opens(self) -> SendWindow:
        if self.from_ >= self.to:
            raise ValueError("from must be before to; a window ends at midnight at the latest")
        return self


class FrequencyCap(Write):
    """A person gets at most `max` campaign mails within any `per_hours` hours, counted over all campaigns."""

    max: Annotated[int, Field(ge=1, le=1_000)]
    per_hours: Annotated[int, Field(ge=1, le=24 * 90)]


class WarmUpDay(Write):
    """From this day of the campaign on (the first 24 hours after its launch are day 1) at most `max` mails a day."""

    day: Annotated[int, Field(ge=1, le=MAX_WARM_UP_DAYS)]
    max: Annotated[int, Field(ge=1, le=100_000_000)]


class Goal(Write):
    """What a lead is to come to: a condition that holds, or something they do. Who got there gets no more mails.

    Who had a mail of the campaign counts as converted, once, also by what they do after its last mail, until 30 days
    after it was completed. `email_clicked` is a click by a person in a mail of this campaign.
    """

    condition: JsonObject | None = None
    event: GoalEvent | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Goal:
        if (self.condition is None) == (self.event is None):
            raise ValueError("give either condition or event")
        return self


class AutoPause(Write):
    """The campaign pauses itself when more than this share of its mails bounced, or was reported as spam.

    Both are shares of what was sent, 0 to 1; nothing is judged before `min_sent` mails. Hard bounces count, mails that
    were only blocked or given up do not. It is judged before each batch, after the last one, and whenever bounces and
    complaints are counted, over all mails of the campaign; resumed as it is, it pauses again, so raise the limit or
    leave it out first.
    """

    max_bounce_rate: Annotated[float, Field(ge=0, le=1)] | None = None
    max_complaint_rate: Annotated[float, Field(ge=0, le=1)] | None = None
    min_sent: Annotated[int, Field(ge=1, le=1_000_000)] = 100


def _rising(days: list[WarmUpDay] | None) -> list[WarmUpDay] | None:
    numbers = [one.day for one in days or ()]
    if numbers != sorted(set(numbers)):
        raise ValueError("must name its days in order, each once")
    return days


WarmUp = Annotated[Annotated[list[WarmUpDay], Field(max_length=MAX_WARM_UP_DAYS)] | None, AfterValidator(_rising)]
PerSecond = Annotated[int, Field(ge=1, le=10_000)]
PerHour = Annotated[int, Field(ge=1, le=10_000_000)]


class EmailCampaignCreate(Write):
    """A new campaign. Its name is all it needs; to be launched it also needs `target_audience` and a step.

    `target_audience` is a condition over leads; `{"all": []}` is everyone. By default the audience is frozen at the
    launch (`snapshot`), there is no cap, window, rate or ramp, and who replies gets no more mails. With `evergreen`
    every lead with an email address that comes to fit after the launch joins too, once, and begins with the first step;
    such a campaign goes on until it is completed. `warm_up` holds from each of its days until the next one it names;
    the last one ends with its day.
    """

    name: CampaignName
    description: Description = None
    target_audience: JsonObject | None = None
    audience_mode: AudienceMode = "snapshot"
    exclusions: Exclusions | None = None
    channel_id: RecordId | None = None
    sender: Email | None = None
    from_name: SenderName | None = None
    reply_to: Email | None = None
    timezone: TimeZone = "UTC"
    send_window: SendWindow | None = None
    frequency_cap: FrequencyCap | None = None
    rate_per_second: PerSecond | None = None
    rate_per_hour: PerHour | None = None
    warm_up: WarmUp = None
    stop_on_reply: bool = True
    goal: Goal | None = None
    auto_pause: AutoPause | None = None
    unknown_policy: UnknownPolicy = "keep"


class EmailCampaignUpdate(Write):
    """A change of a campaign: fields left out stay, null empties those that may be empty."""

    name: CampaignName = Field(default_factory=left_alone)
    description: Description = None
    target_audience: JsonObject | None = None
    audience_mode: AudienceMode = Field(default_factory=left_alone)
    exclusions: Exclusions | None = None
    channel_id: RecordId | None = None
    sender: Email | None = None
    from_name: SenderName | None = None
    reply_to: Email | None = None
    timezone: TimeZone = Field(default_factory=left_alone)
    send_window: SendWindow | None = None
    frequency_cap: FrequencyCap | None = None
    rate_per_second: PerSecond | None = None
    rate_per_hour: PerHour | None = None
    warm_up: WarmUp = None
    stop_on_reply: bool = Field(default_factory=left_alone)
    goal: Goal | None = None
    auto_pause: AutoPause | None = None
    unknown_policy: UnknownPolicy = Field(default_factory=left_alone)


class EmailCampaign(Read):
    """A campaign. The counts are of leads, exact once the changes of the last moments are read.

    `emails_sent` counts mails the provider took, `emails_opened` and `emails_clicked` those people acted on,
    `conversion_count` leads that came to the goal. `pause_reason` says why a campaign paused itself.
    """

    id: str
    name: str
    description: str | None
    status: CampaignStatus
    target_audience: dict[str, JsonValue] | None
    audience_mode: AudienceMode
    exclusions: dict[str, JsonValue] | None
    channel_id: str | None
    sender: str | None
    from_name: str | None
    reply_to: str | None
    timezone: str
    send_window: dict[str, JsonValue] | None
    frequency_cap: dict[str, JsonValue] | None
    rate_per_second: int | None
    rate_per_hour: int | None
    warm_up: list[dict[str, JsonValue]] | None
    stop_on_reply: bool
    goal: dict[str, JsonValue] | None
    auto_pause: dict[str, JsonValue] | None
    unknown_policy: UnknownPolicy
    created_by: str | None
    total_recipients: int
    emails_sent: int
    emails_delivered: int
    emails_opened: int
    emails_clicked: int
    emails_bounced: int
    emails_failed: int
    unsubscribed_count: int
    replied_count: int
    conversion_count: int
    pause_reason: str | None
    started_at: Timestamp | None
    completed_at: Timestamp | None
    created_at: Timestamp
    updated_at: Timestamp


class EmailCampaignLaunch(EmailCampaign):
    """A campaign that was just launched, and the variables its mails have no value and no default for.

    They are counted over `leads_looked_at` leads of its audience; with `all_looked_at` false there are more than could
    be looked at in this answer, and the campaign's stats count all of them as they join.
    """

    missing_variables: list[MissingVariable]
    leads_looked_at: int
    all_looked_at: bool


class EditEffect(Read):
    """What the change of one field does to a campaign that has been launched."""

    field: str
    effect: str


class EmailCampaignEdit(EmailCampaign):
    """A campaign after a change, or as it would be after it, and what the change does to mails still to come."""

    effects: list[EditEffect]
