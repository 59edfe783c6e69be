"""Launching, pausing, resuming and completing campaigns, and sending to who was left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from leadflow.campaigns import store
from leadflow.campaigns.rules.variants import templates_of
from leadflow.campaigns.service import announcing, gaps
from leadflow.campaigns.service.campaigns import TURNS, crowded, load, missing_exclusions
from leadflow.campaigns.service.counts import with_counts
from leadflow.campaigns.store import cohorts as runs
from leadflow.channels import service as channels
from leadflow.core import clock, table
from leadflow.core.errors import Conflict, InvalidInput, NotFound
from leadflow.core.table import Record


def launch(campaign_id: str) -> Record:
    """Begins to send a draft; with its record goes what its mails have no value for, as far as there was time to look.

    Its audience is put into cohorts from now on.

    Raises NotFound, Conflict when it is no draft, InvalidInput naming all that it lacks.
    """

    looked: dict[str, Any] = {}

    def begin(campaign: store.EmailCampaign) -> runs.CampaignRun:
        if campaign.status != "draft":
            raise Conflict(f"Campaign {campaign_id} is {campaign.status}; only a draft can be launched.", campaign_id)
        _check(campaign)
        looked.update(gaps.before_launch(campaign.record(), [step.record() for step in store.steps_of(campaign_id)]))
        _activate(campaign)
        campaign.started_at = clock.now_stamp()
        return runs.new_run(campaign_id, "freeze")

    launched = _begun(campaign_id, begin)
    return Record({**launched, **looked}, launched.version)


def resume(campaign_id: str) -> Record:
    """Goes on with a paused campaign.

    Raises NotFound, Conflict when it is not paused, InvalidInput as `launch` does.
    """

    def begin(campaign: store.EmailCampaign) -> runs.CampaignRun:
        _must_be(campaign, "paused")
        _check(campaign)
        _activate(campaign)
        return _woken(campaign_id)

    return _begun(campaign_id, begin)


def resume_rest(campaign_id: str) -> Record:
    """Sends a paused or completed campaign to all of its audience that had no turn yet.

    Raises NotFound, Conflict for a draft or an active campaign, InvalidInput as `launch` does.
    """

    def begin(campaign: store.EmailCampaign) -> runs.CampaignRun:
        _must_be(campaign, "paused", "completed")
        _check(campaign)
        _activate(campaign)
        return _woken(campaign_id)

    return _begun(campaign_id, begin)


def retry_failed(campaign_id: str) -> Record:
    """Sends mails again that the provider refused, each once.

    Raises NotFound, Conflict for a draft, a paused campaign, or one whose audience is still being put together,
    InvalidInput as `launch` does.
    """

    def begin(campaign: store.EmailCampaign) -> runs.CampaignRun:
        _must_be(campaign, "active", "completed")
        _check(campaign)
        if campaign.status == "completed":
            _activate(campaign)
        run = _woken(campaign_id, put_back=False)
        if run.task == "freeze":
            raise Conflict(f"The audience of campaign {campaign_id} is still being put together.", campaign_id)
        run.task, run.cursor = "retry", None
        return run

    return _begun(campaign_id, begin)


def pause(campaign_id: str) -> Record:
    """Holds an active campaign: no batch begins any more. Raises NotFound, Conflict when it is not active."""

    def change(campaign: store.EmailCampaign) -> None:
        _must_be(campaign, "active")
        campaign.status, campaign.paused_at, campaign.pause_reason = "paused", clock.now_stamp(), None

    return _changed(campaign_id, change)


def complete(campaign_id: str) -> Record:
    """Ends a campaign now; who had no turn yet gets nothing. Raises NotFound, Conflict when it was not launched."""

    def end(campaign: store.EmailCampaign) -> runs.CampaignRun:
        _must_be(campaign, "active", "paused")
        campaign.status, campaign.completed_at, campaign.pause_reason = "completed", clock.now_stamp(), None
        return _woken(campaign_id, put_back=False)

    return _begun(campaign_id, end)


def _begun(campaign_id: str, begin: Callable[[store.EmailCampaign], runs.CampaignRun]) -> Record:
    for _ in TURNS:
        campaign = load(campaign_id)
        run = begin(campaign)
        try:
            runs.start_run(campaign, run)
        except table.TransactionRefused:
            continue
        announcing.announce(campaign_id)
        return with_counts([campaign])[0]
    raise crowded(campaign_id)


def _changed(campaign_id: str, change: Callable[[store.EmailCampaign], None]) -> Record:
    for _ in TURNS:
        campaign = load(campaign_id)
        change(campaign)
        try:
            table.save(campaign)
        except table.Stale:
            continue
        return with_counts([campaign])[0]
    raise crowded(campaign_id)


def _activate(campaign: store.EmailCampaign) -> None:
    campaign.status, campaign.generation = "active", int(campaign.generation) + 1
    campaign.completed_at = campaign.paused_at = campaign.pause_reason = None


def _woken(campaign_id: str, *, put_back: bool = True) -> runs.CampaignRun:
    """The campaign's run, waiting for its worker. Raises Conflict when it has none."""
    run = runs.find_run(campaign_id)
    if run is None:
        raise Conflict(f"Campaign {campaign_id} was never launched.", campaign_id)
    run.put_back = run.put_back or put_back
    runs.ask_again(run)
    return run


def _must_be(campaign: store.EmailCampaign, *statuses: str) -> None:
    if campaign.status not in statuses:
        wanted = " or ".join(statuses)
        raise Conflict(f"Campaign {campaign.id} is {campaign.status}; it must be {wanted}.", campaign.id)


def _check(campaign: store.EmailCampaign) -> None:
    """Whether it has all it needs to send. Raises InvalidInput naming everything it lacks."""
    errors = []
    if campaign.target_audience is None:
        errors.append(("target_audience", 'is needed to launch; {"all": []} is everyone'))
    steps = store.steps_of(campaign.id)
    if not steps:
        errors.append(("steps", "a campaign needs a step to be launched"))
    for step in steps:
        missing = store.missing_templates(templates_of(step.record()))
        errors += [(f"steps.{int(step.step_number)}.template_id", f"there is no template {one}") for one in missing]
    unknown = missing_exclusions(campaign.exclusions)
    errors += [("exclusions.campaign_ids", f"there is no campaign {one}") for one in unknown]
    errors += _channel_errors(campaign)
    if errors:
        raise InvalidInput.many(errors)


def _channel_errors(campaign: store.EmailCampaign) -> list[tuple[str, str]]:
    try:
        channel = channels.get(campaign.channel_id) if campaign.channel_id else channels.active_email_channel()
    except NotFound as error:
        return [("channel_id", error.detail)]
    if channel is None or not channel["is_active"]:
        return [("channel_id", "there is no active email channel")]
    errors = []
    if not (campaign.sender or channel["from_email"]):
        errors.append(("sender", "neither the campaign nor its channel has one"))
    if not channel["postal_address"]:
        errors.append(("channel_id", "its channel has no postal_address, which every mail must show"))
    return errors
