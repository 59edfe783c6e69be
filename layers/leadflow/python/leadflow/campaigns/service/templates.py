"""Use cases of email templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from leadflow.campaigns import store
from leadflow.campaigns.rules.templates import disagreements
from leadflow.campaigns.rules.variants import templates_of
from leadflow.campaigns.service.counts import with_scores
from leadflow.core import parallel, table
from leadflow.core.errors import Conflict, InvalidInput, NotFound, PreconditionFailed, RateLimited
from leadflow.core.table import Record

if TYPE_CHECKING:
    from leadflow.campaigns.schema import EmailTemplateCreate, EmailTemplateUpdate, PreviewRequest

_ATTEMPTS = 8
_MOST_NAMED = 5


def create_template(body: EmailTemplateCreate) -> Record:
    """Adds a template. Raises InvalidInput for what cannot be read (with its line) and for variables that disagree."""
    fields = body.model_dump()
    _check(fields)
    return table.create(store.new_template(fields)).record()


def get_template(template_id: str) -> Record:
    """One template. Raises NotFound."""
    return with_scores([load(template_id).record()])[0]


def require_template(template_id: str) -> Record:
    """The same, for who is about to depend on it. Raises NotFound."""
    return load(template_id).record()


def list_templates(limit: int, cursor: str | None) -> dict[str, Any]:
    """Templates, newest first; a page of very large ones may be short and still have a next one."""
    page = store.page_of_templates(limit, cursor)
    return {**page, "items": with_scores(page["items"])}


def update_template(template_id: str, body: EmailTemplateUpdate, if_match: int | None) -> Record:
    """Changes the fields given; what changes nothing writes nothing. Mails that are claimed already keep their words.

    Raises NotFound, PreconditionFailed when `if_match` is not the version, InvalidInput as `create_template` does.
    """
    wanted = body.model_dump(exclude_unset=True)
    for _ in range(_ATTEMPTS):
        template = _expected(template_id, if_match)
        before = template.record()
        changes = {name: value for name, value in wanted.items() if before[name] != value}
        if not changes:
            return with_scores([before])[0]
        _check({**before, **changes})
        for name, value in changes.items():
            setattr(template, name, value)
        try:
            table.save(template)
        except table.Stale:
            continue
        return with_scores([template.record()])[0]
    raise RateLimited(f"Template {template_id} is being changed by many requests at once.")


def delete_template(template_id: str, if_match: int | None) -> None:
    """Removes a template; mails made of it stay.

    Raises NotFound, PreconditionFailed as `update_template` does, and Conflict naming a campaign that is still to send
    mails made of it.
    """
    for _ in range(_ATTEMPTS):
        template = _expected(template_id, if_match)
        naming = store.find_naming(template_id)
        _must_be_free(template_id)
        try:
            return store.remove_template(template, naming)
        except table.TransactionRefused:
            continue
    raise RateLimited(f"Template {template_id} is being changed by many requests at once.")


def preview_template(template_id: str, body: PreviewRequest) -> dict[str, Any]:
    """The template with a lead's values or made-up ones, and the variables that have none.

    The links to unsubscribe and view lead nowhere; footer and tracking are added when a mail is sent. Raises NotFound
    for the template, InvalidInput when there is no such lead or the values ask for too much work.
    """
    from leadflow.campaigns.service import composing

    template = load(template_id)
    return composing.preview(template, composing.preview_context(body.lead_id, body.variables or {}))


def load(template_id: str) -> store.EmailTemplate:
    """The template's item. Raises NotFound."""
    template = store.find_template(template_id)
    if template is None:
        raise NotFound("template", template_id)
    return template


def _expected(template_id: str, if_match: int | None) -> store.EmailTemplate:
    template = load(template_id)
    if if_match is not None and template.v != if_match:
        raise PreconditionFailed(f"Template {template_id} is at another version; read it again.")
    return template


def _must_be_free(template_id: str) -> None:
    """Raises Conflict when a step of a campaign that is not completed has the template."""
    campaigns = list(store.open_campaigns())
    steps = parallel.each(store.steps_of, [campaign.id for campaign in campaigns])
    using = [step for of_one in steps for step in of_one if template_id in templates_of(step.record())]
    if using:
        named = ", ".join(f"step {int(one.step_number)} of campaign {one.campaign_id}" for one in using[:_MOST_NAMED])
        more = f" and {len(using) - _MOST_NAMED} more" if len(using) > _MOST_NAMED else ""
        raise Conflict(f"Template {template_id} is that of {named}{more}.", using[0].campaign_id)


def _check(fields: dict[str, Any]) -> None:
    from leadflow.core import rendering

    subject = rendering.compile(fields["subject"], html=False, field="subject")
    body = rendering.compile(fields["body"], html=True, field="body")
    found = list(disagreements(fields["variables"], subject.variables | body.variables))
    if found:
        raise InvalidInput.many(found)
