"""Templates in the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.transactions import TransactWrite

from leadflow.campaigns.store.commits import committed
from leadflow.core import clock, ids, listing, table

_NAMED = "#NAMED"


class EmailTemplate(table.Item, discriminator="EmailTemplate"):
    """One template.

    pk `TPL#<id>`  sk `#META`  GSI1 `TPLS` / `<created_at>#<id>`
    """

    record_fields = (
        *("id", "name", "subject", "body", "variables", "category", "is_ai_generated", "ab_test_variant"),
        *("performance_score", "created_at", "updated_at"),
    )

    id = UnicodeAttribute()
    name = UnicodeAttribute()
    subject = UnicodeAttribute()
    body = UnicodeAttribute()
    variables = JSONAttribute(default=list)
    category = UnicodeAttribute(null=True)
    is_ai_generated = BooleanAttribute(default=False)
    ab_test_variant = UnicodeAttribute(null=True)
    performance_score = NumberAttribute(null=True)


class TemplateNaming(table.Item, discriminator="TemplateNaming"):
    """How often steps came to name a template, counted by its version.

    pk `TPL#<template>`  sk `#NAMED`

    Beside the template, whose own version says what its words are.
    """


def new_template(template_fields: Mapping[str, Any]) -> EmailTemplate:
    """A template that is not written yet, with its id and place in the list."""
    template_id, now = ids.new_id(), clock.now_stamp()
    item = EmailTemplate(pk=f"TPL#{template_id}", sk="#META", id=template_id, **template_fields)
    item.created_at, item.gsi1pk, item.gsi1sk = now, "TPLS", f"{now}#{template_id}"
    return item


def find_template(template_id: str) -> EmailTemplate | None:
    return table.find(EmailTemplate, f"TPL#{template_id}", "#META")


def find_naming(template_id: str) -> TemplateNaming | None:
    return table.find(TemplateNaming, f"TPL#{template_id}", _NAMED)


def note_naming(writes: TransactWrite, template_id: str) -> None:
    """Adds to a transaction that a step comes to name a template, which has to be there."""
    writes.condition_check(EmailTemplate, f"TPL#{template_id}", "#META", condition=EmailTemplate.pk.exists())
    kind, item = TemplateNaming, TemplateNaming(pk=f"TPL#{template_id}", sk=_NAMED, v=1)
    writes.update(item, [kind.kind.set(kind)], add_version_condition=False)


def remove_template(template: EmailTemplate, naming: TemplateNaming | None) -> None:
    """Deletes a template as it was read. Raises table.TransactionRefused when it has changed or been named since."""

    def fill(writes: TransactWrite) -> None:
        writes.delete(template)
        if naming is not None:
            writes.delete(naming)
            return
        writes.condition_check(TemplateNaming, template.pk, _NAMED, condition=TemplateNaming.pk.does_not_exist())

    committed(fill)


def missing_templates(template_ids: Sequence[str]) -> list[str]:
    """Those of these ids that no template has."""
    keys = {f"TPL#{template_id}": template_id for template_id in template_ids}
    found = {template.pk for template in table.find_many(EmailTemplate, [(key, "#META") for key in keys])}
    return [template_id for key, template_id in keys.items() if key not in found]


def page_of_templates(limit: int, cursor: str | None) -> dict[str, Any]:
    """Templates, newest first."""
    return listing.page(EmailTemplate, "GSI1", ["TPLS"], limit=limit, cursor=cursor, listing="templates")
