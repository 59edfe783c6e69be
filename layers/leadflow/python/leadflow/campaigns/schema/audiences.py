"""What callers send and get about a campaign's audience before it is launched, and about a simulated campaign."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from leadflow.core.schema import Moment, Read, Text, Timestamp, Write

Share = Annotated[float, Field(ge=0, le=1)]
Cursor = Annotated[Text, Field(min_length=1, max_length=1_000_000)]


class AudiencePreviewRequest(Write):
    """How many of the leads who would get the first mail are shown; `cursor` goes on with a long audience."""

    sample: Annotated[int, Field(ge=0, le=50)] = 10
    cursor: Cursor | None = None


class SampleLead(Read):
    """A lead who would get the first mail."""

    id: str
    name: str
    email: str
    template_id: str | None


class MissingVariable(Read):
    """A variable of a template that `count` leads have no value for, where the template has no default either."""

    template_id: str
    variable: str
    count: int


class AudiencePreview(Read):
    """Whom a campaign would reach if its first mail went out now.

    `matched` leads fit the target audience: `count` of them get the first mail, the others do not, by reason. All
    numbers are of the leads looked at so far; with `complete` false, asking with `next_cursor` goes on and answers the
    numbers up to there. `without_timezone` of those who get the mail would have the campaign's time zone. Who comes to
    fit an evergreen campaign later, or has no address yet, is in no number.
    """

    count: int
    matched: int
    excluded: dict[str, int]
    sample: list[SampleLead]
    missing_variables: list[MissingVariable]
    without_timezone: int
    complete: bool
    next_cursor: str | None


class Assumptions(Write):
    """Which share of the mails of every step people open, click and answer; who does follows from lead and step."""

    opened: Share = 0
    clicked: Share = 0
    replied: Share = 0


class CampaignSimulationRequest(Write):
    """A launch that is thought through: at `at` (now), under assumptions about what people do.

    `price_per_1000` is what a thousand mails cost, in USD; `cursor` goes on with a long audience.
    """

    at: Moment | None = None
    assume: Assumptions = Field(default_factory=Assumptions)
    price_per_1000: Annotated[float, Field(ge=0, le=10_000)] = 0
    cursor: Cursor | None = None


class SimulatedStep(Read):
    """What becomes of a step: audience = sent + skipped."""

    step_id: str
    step_number: int
    audience: int
    sent: int
    skipped: int
    skipped_by_reason: dict[str, int]
    variants: dict[str, int]
    first_at: Timestamp | None
    last_at: Timestamp | None


class SimulatedHour(Read):
    """How many mails of a step go out in an hour of UTC."""

    hour: Timestamp
    step_number: int
    sent: int


class SimulatedCost(Read):
    """What sending takes: mails, calls of the provider, and USD at the given price."""

    mails: int
    provider_calls: int
    usd: float


class CampaignSimulation(Read):
    """A campaign as it would run for those who fit now; who joins an evergreen campaign later is not foreseen.

    `excluded` leads fit the target audience but for the exclusions. With `complete` false, the numbers are of the leads
    looked at so far, and asking with `next_cursor` goes on and answers the numbers up to there.
    """

    campaign_id: str
    audience: int
    excluded: int
    started_at: Timestamp
    completed_at: Timestamp | None
    steps: list[SimulatedStep]
    hours: list[SimulatedHour]
    cost: SimulatedCost
    complete: bool
    next_cursor: str | None
