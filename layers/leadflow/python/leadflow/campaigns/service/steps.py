"""Use cases of a campaign's steps. Each change goes in one transaction with the campaign, whose version it moves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from leadflow.campaigns import store
from leadflow.campaigns.rules import editing
from leadflow.campaigns.rules.variants import templates_of
from leadflow.campaigns.service import campaigns
from leadflow.core import conditions, ids, listing, table
from leadflow.core.errors import Conflict, InvalidInput, NotFound, PreconditionFailed
from leadflow.core.table import Record

if TYPE_CHECKING:
    from leadflow.campaigns.schema import EmailSequenceStepCreate, EmailSequenceStepUpdate
    from leadflow.campaigns.store.cohorts import CampaignRun


@dataclass(frozen=True)
class _Edit:
    """What an edit came to: the step, whether it is written (as a new one) or deleted, and what that does.

    `reorders`: another step may be the next one of who waits. `names` are the templates that it comes to name.
    """

    step: store.EmailSequenceStep
    written: bool = False
    is_new: bool = False
    gone: bool = False
    reorders: bool = False
    names: Collection[str] = ()
    effects: Sequence[Mapping[str, str]] = ()


_Decide = Callable[[store.EmailCampaign, list[store.EmailSequenceStep]], _Edit]


def add_step(campaign_id: str, body: EmailSequenceStepCreate) -> Record:
    """A new step.

    Raises NotFound, InvalidInput for a template that is not there or a condition that cannot be, Conflict when the
    number is taken, when a later step has begun, or when the campaign is completed.
    """
    step_id, fields = ids.new_id(), _settled_template(body.model_dump())

    def decide(campaign: store.EmailCampaign, steps: list[store.EmailSequenceStep]) -> _Edit:
        earlier = next((step for step in steps if step.id == step_id), None)
        if earlier is not None:
            return _Edit(earlier)
        _check(fields, fields["step_number"])
        if len(steps) >= editing.MAX_STEPS:
            raise InvalidInput("step_number", f"a campaign has at most {editing.MAX_STEPS} steps")
        _place(campaign, fields["step_number"], steps)
        return _Edit(
            store.new_step(campaign_id, step_id, fields),
            written=True,
            is_new=True,
            reorders=True,
            names=templates_of(fields),
            effects=editing.effects_on_steps(campaign.status, "added"),
        )

    return _edited(campaign_id, decide)


def list_steps(campaign_id: str, limit: int, cursor: str | None) -> dict[str, Any]:
    """The steps by their number. Raises NotFound."""
    campaigns.load(campaign_id)
    records = [step.record() for step in store.steps_of(campaign_id)]
    return listing.whole(records, limit=limit, cursor=cursor, listing=f"steps/{campaign_id}")


def update_step(
    campaign_id: str, step_id: str, body: EmailSequenceStepUpdate, if_match: int | None, *, dry_run: bool = False
) -> Record:
    """The step with the given fields changed, and the `effects` of that; `dry_run` only tells them.

    Raises as `add_step` does, PreconditionFailed, and Conflict for a step that has begun.
    """
    wanted = body.fields_given()

    def decide(campaign: store.EmailCampaign, steps: list[store.EmailSequenceStep]) -> _Edit:
        step = _expected(steps, step_id, if_match)
        before = step.record()
        changes = {name: value for name, value in wanted.items() if before[name] != value}
        if not changes:
            return _Edit(step)
        _still_open(campaign, step)
        after = _settled_template({**before, **changes}, chosen="template_id" in changes)
        _check(after, after["step_number"])
        others = [other for other in steps if other.id != step_id]
        if "step_number" in changes:
            _not_asked_about(step, others)
            _place(campaign, after["step_number"], others)
        for name in (*changes, "template_id"):
            setattr(step, name, after[name])
        effects = editing.effects_on_steps(campaign.status, "changed", changes)
        names = set(templates_of(after)).difference(templates_of(before))
        return _Edit(step, written=not dry_run, reorders="step_number" in changes, names=names, effects=effects)

    return _edited(campaign_id, decide)


def delete_step(campaign_id: str, step_id: str, if_match: int | None) -> None:
    """Removes a step.

    Raises NotFound, PreconditionFailed, Conflict when it has begun, another step's condition asks about it, or it is
    the only one of an active campaign, whose audience would come to the end without any.
    """

    def decide(campaign: store.EmailCampaign, steps: list[store.EmailSequenceStep]) -> _Edit:
        step = _expected(steps, step_id, if_match)
        _still_open(campaign, step)
        _not_asked_about(step, [other for other in steps if other.id != step_id])
        if campaign.status == "active" and len(steps) == 1:
            raise Conflict(f"Campaign {campaign_id} is active and has no other step; add one or pause it.", campaign_id)
        return _Edit(step, gone=True, reorders=True)

    _edited(campaign_id, decide)


def _edited(campaign_id: str, decide: _Decide) -> Record:
    for _ in campaigns.TURNS:
        campaign = campaigns.load(campaign_id)
        edit = decide(campaign, store.steps_of(campaign_id))
        if edit.written or edit.gone:
            written, gone = [edit.step] if edit.written else [], [edit.step] if edit.gone else []
            run = _run_to_follow(campaign, is_new=edit.is_new) if edit.reorders else None
            try:
                store.write_steps(campaign, written, gone, [run] if run else [], edit.names)
            except table.TransactionRefused:
                continue
            if run:
                from leadflow.campaigns.service import announcing

                announcing.announce(campaign_id)
        record = edit.step.record()
        record["effects"] = [dict(effect) for effect in edit.effects]
        return record
    raise campaigns.crowded(campaign_id)


def _run_to_follow(campaign: store.EmailCampaign, *, is_new: bool) -> CampaignRun | None:
    """The run of a launched campaign, asked to see who waits for a step that is not their next one any more.

    With a new step, that of an evergreen campaign also sends on who had come to the end; a snapshot does so when it
    ends.
    """
    if campaign.status not in ("active", "paused"):
        return None
    from leadflow.campaigns.store import cohorts as runs

    run = runs.find_run(campaign.id)
    if run is not None:
        run.reorder = True
        run.follow_late = run.follow_late or (is_new and campaign.audience_mode == "evergreen")
        runs.ask_again(run)
    return run


def _expected(steps: list[store.EmailSequenceStep], step_id: str, if_match: int | None) -> store.EmailSequenceStep:
    step = next((one for one in steps if one.id == step_id), None)
    if step is None:
        raise NotFound("step", step_id)
    if if_match is not None and step.v != if_match:
        raise PreconditionFailed(f"Step {step_id} is at another version; read it again.")
    return step


def _still_open(campaign: store.EmailCampaign, step: store.EmailSequenceStep) -> None:
    settled = editing.step_is_settled(campaign.status, step.begun_at)
    if settled:
        raise Conflict(f"Step {int(step.step_number)} cannot be changed any more: {settled}.", step.id)


def _place(campaign: store.EmailCampaign, step_number: int, others: list[store.EmailSequenceStep]) -> None:
    taken = next((other for other in others if other.step_number == step_number), None)
    if taken is not None:
        raise Conflict(f"Step {step_number} of the campaign is {taken.id}.", taken.id)
    settled = editing.place_is_settled(campaign.status, step_number, [other.record() for other in others])
    if settled:
        raise Conflict(f"There can be no step {step_number} any more: {settled}.", campaign.id)


def _not_asked_about(step: store.EmailSequenceStep, others: list[store.EmailSequenceStep]) -> None:
    asking = next((one for one in others if editing.asked_about(one.condition, int(step.step_number))), None)
    if asking is not None:
        raise Conflict(
            f"The condition of step {int(asking.step_number)} asks about step {int(step.step_number)}.", asking.id
        )


def _settled_template(fields: dict[str, Any], *, chosen: bool = True) -> dict[str, Any]:
    """With variants, the template is one of them: the first, unless another was chosen."""
    templates = [variant["template_id"] for variant in fields["variants"]]
    if not templates or (chosen and fields["template_id"] in templates):
        return fields
    if chosen and fields["template_id"] is not None:
        raise InvalidInput("template_id", "must be one of the variants")
    return {**fields, "template_id": templates[0]}


def _check(fields: Mapping[str, Any], step_number: int) -> None:
    """Whether the templates are there and the condition can be. Raises InvalidInput."""
    asked = conditions.FieldCatalog(conditions.SEQUENCE_STEP.roots, first_steps=step_number - 1)
    conditions.validate(fields["condition"], asked, "condition")
    missing = store.missing_templates([variant["template_id"] for variant in fields["variants"]])
    if missing:
        raise InvalidInput("variants", f"there is no template {missing[0]}")
    if store.missing_templates([fields["template_id"]]):
        raise InvalidInput("template_id", f"there is no template {fields['template_id']}")
