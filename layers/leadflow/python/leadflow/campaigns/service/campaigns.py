"""Use cases of campaigns as records: made, read, changed, removed. What sends them is elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from leadflow.campaigns import store
from leadflow.campaigns.rules import editing
from leadflow.campaigns.service.counts import with_counts
from leadflow.core import conditions, table
from leadflow.core.errors import Conflict, InvalidInput, NotFound, PreconditionFailed, RateLimited
from leadflow.core.table import Record
from leadflow.core.turns import Turns

if TYPE_CHECKING:
    from leadflow.campaigns.schema import EmailCampaignCreate, EmailCampaignUpdate

TURNS = Turns(8, longest_pause_seconds=0.5)
# Who belongs to the audience of an evergreen campaign is asked of all leads again when one of these has changed.
_OF_AUDIENCE = frozenset({"target_audience", "exclusions"})
# Who was put off to a later time is asked again when one of these has changed.
_OF_WAITING = frozenset({"send_window", "timezone", "rate_per_second", "rate_per_hour", "warm_up"})
# What leads do is told to a launched campaign by its audience and goal, and the rest is for its worker to see to.
_OF_RUN = _OF_AUDIENCE | _OF_WAITING | {"goal"}


def create_campaign(body: EmailCampaignCreate, created_by: str | None) -> Record:
    """A new draft. Raises InvalidInput naming what of audience, exclusions, goal or channel cannot be."""
    fields = body.model_dump(by_alias=True)
    _check(fields)
    return with_counts([table.create(store.new_campaign(fields, created_by))])[0]


def get_campaign(campaign_id: str) -> Record:
    """One campaign with its counts. Raises NotFound."""
    return with_counts([load(campaign_id)])[0]


def list_campaigns(limit: int, cursor: str | None, status: str | None) -> dict[str, Any]:
    """Campaigns, newest first, of one status or of any."""
    page = store.page_of_campaigns(limit, cursor, status)
    found = {item.id: item for item in store.find_campaigns([record["id"] for record in page["items"]])}
    page["items"] = with_counts([found[record["id"]] for record in page["items"] if record["id"] in found])
    return page


def update_campaign(
    campaign_id: str, body: EmailCampaignUpdate, if_match: int | None, *, dry_run: bool = False
) -> Record:
    """The campaign with the given fields changed, and the `effects` of that; `dry_run` only tells them.

    Raises NotFound, PreconditionFailed, InvalidInput, Conflict naming what cannot be changed any more.
    """
    wanted = body.fields_given()
    for _ in TURNS:
        campaign = expected(campaign_id, if_match)
        before = campaign.record()
        changes = {name: value for name, value in wanted.items() if before[name] != value}
        _allow(campaign, changes)
        _check(changes, campaign_id)
        if campaign.status != "draft" and changes.get("target_audience", before["target_audience"]) is None:
            raise InvalidInput("target_audience", 'cannot be emptied after the launch; {"all": []} is everyone')
        for name, value in changes.items():
            setattr(campaign, name, value)
        if changes and not dry_run and not _written(campaign, changes):
            continue
        record = with_counts([campaign])[0]
        record["effects"] = editing.effects_of_change(campaign.status, changes)
        return record
    raise crowded(campaign_id)


def delete_campaign(campaign_id: str, if_match: int | None) -> None:
    """Removes a campaign with its steps, at once, and by a worker all else that is its own; its mails stay.

    Raises NotFound, PreconditionFailed, Conflict for one that may still send, and for one whose people a running
    campaign leaves out, which is named.
    """
    from leadflow.campaigns.service import removing

    for _ in TURNS:
        campaign = expected(campaign_id, if_match)
        if campaign.status in ("active", "paused"):
            raise Conflict(f"Campaign {campaign_id} is {campaign.status}; complete it first.", campaign_id)
        _must_not_be_left_out(campaign_id)
        try:
            removing.begin(campaign)
        except table.TransactionRefused:
            continue
        return
    raise crowded(campaign_id)


def load(campaign_id: str) -> store.EmailCampaign:
    """The campaign's item. Raises NotFound."""
    campaign = store.find_campaign(campaign_id)
    if campaign is None:
        raise NotFound("campaign", campaign_id)
    return campaign


def expected(campaign_id: str, if_match: int | None) -> store.EmailCampaign:
    """The campaign's item, at the version an If-Match names. Raises NotFound, PreconditionFailed."""
    campaign = load(campaign_id)
    if if_match is not None and campaign.v != if_match:
        raise PreconditionFailed(f"Campaign {campaign_id} is at another version; read it again.")
    return campaign


def missing_exclusions(exclusions: Mapping[str, Any] | None) -> list[str]:
    """The ids of excluded campaigns that are not there, of which nobody knows any more whom they mailed."""
    excluded = (exclusions or {}).get("campaign_ids", [])
    there = {campaign.id for campaign in store.find_campaigns(excluded)}
    return [one for one in excluded if one not in there]


def _must_not_be_left_out(campaign_id: str) -> None:
    """Raises Conflict when a campaign that is running leaves out the people of this one."""
    for one in store.open_campaigns():
        if one.status != "draft" and campaign_id in (one.exclusions or {}).get("campaign_ids", []):
            raise Conflict(
                f"Campaign {one.id} is {one.status} and leaves out who had mail of campaign {campaign_id}.", one.id
            )


def crowded(campaign_id: str) -> RateLimited:
    return RateLimited(f"Campaign {campaign_id} is being changed by many requests at once.")


def _allow(campaign: store.EmailCampaign, changes: Mapping[str, Any]) -> None:
    settled = list(editing.settled_fields(campaign.status, campaign.audience_mode, changes))
    if settled:
        told = "; ".join(f"{field}: {reason}" for field, reason in settled)
        raise Conflict(f"What cannot be changed any more of campaign {campaign.id}: {told}.", campaign.id)


def _written(campaign: store.EmailCampaign, changes: Mapping[str, Any]) -> bool:
    """Whether a changed campaign could be written, with what follows from the change."""
    if campaign.status not in ("active", "paused") or _OF_RUN.isdisjoint(changes):
        try:
            table.save(campaign)
        except table.Stale:
            return False
        return True
    from leadflow.campaigns.service import announcing
    from leadflow.campaigns.store import cohorts as runs

    run = runs.find_run(campaign.id)
    if run is None:
        raise NotFound("campaign", campaign.id)
    run.walk_again = run.walk_again or not _OF_AUDIENCE.isdisjoint(changes)
    run.reorder = run.reorder or not _OF_WAITING.isdisjoint(changes)
    runs.ask_again(run)
    try:
        runs.start_run(campaign, run)
    except table.TransactionRefused:
        return False
    announcing.announce(campaign.id)
    return True


def _check(fields: Mapping[str, Any], campaign_id: str | None = None) -> None:
    """What a schema cannot see: conditions, and whether what is named is there. Raises InvalidInput."""
    conditions.validate(fields.get("target_audience"), conditions.AUDIENCE, "target_audience")
    exclusions, goal = fields.get("exclusions") or {}, fields.get("goal") or {}
    conditions.validate(exclusions.get("condition"), conditions.AUDIENCE, "exclusions.condition")
    conditions.validate(goal.get("condition"), conditions.AUDIENCE, "goal.condition")
    if campaign_id in exclusions.get("campaign_ids", []):
        raise InvalidInput("exclusions.campaign_ids", "a campaign cannot exclude its own recipients")
    missing = missing_exclusions(exclusions)
    if missing:
        raise InvalidInput("exclusions.campaign_ids", f"there is no campaign {missing[0]}")
    if fields.get("channel_id") is not None:
        _check_channel(str(fields["channel_id"]))


def _check_channel(channel_id: str) -> None:
    from leadflow.channels import service as channels

    try:
        channel = channels.get(channel_id)
    except NotFound as error:
        raise InvalidInput("channel_id", error.detail) from error
    if channel["channel_type"] != "email":
        raise InvalidInput("channel_id", "must be an email channel")
