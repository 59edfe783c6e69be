"""The models of templates and mails against the data model, and against what is stored."""

from __future__ import annotations

from typing import get_args

import pytest

from leadflow.campaigns import enums, schema, store
from leadflow.core.effects import Outcome


def test_enumerations_are_those_of_the_data_model() -> None:
    statuses = "queued sent delivered opened clicked bounced failed"
    assert tuple(statuses.split()) == enums.EMAIL_STATUSES
    assert set(get_args(enums.EmailOutcome)) == set(Outcome)
    reasons = "unsubscribe bounce spam_report stop_keyword manual"
    assert get_args(enums.SuppressionReason) == tuple(reasons.split())


def test_what_is_shown_is_what_the_document_says() -> None:
    assert tuple(schema.EmailTemplate.model_fields) == store.EmailTemplate.record_fields
    assert set(schema.EmailSent.model_fields) == {*store.EmailSent.record_fields, "body"}


def test_the_document_offers_no_null_where_null_is_refused() -> None:
    properties = schema.EmailTemplateUpdate.model_json_schema()["properties"]

    refused = {name for name, field in properties.items() if "default" not in field}
    assert refused == {"name", "subject", "body", "variables", "is_ai_generated"}


@pytest.mark.parametrize("name", ["name", "first_name", "plan-b", "address.city", "lead.custom.x", "_x"])
def test_a_name_templates_can_use_can_be_declared(name: str) -> None:
    template = schema.EmailTemplateCreate(name="x", subject="x", body="x", variables=[name])

    assert template.variables == [name]


@pytest.mark.parametrize("name", ["", "a b", "1a", "a.", ".a", "{{a}}", "a" * 101, "é"])
def test_no_other_name_can(name: str) -> None:
    with pytest.raises(ValueError, match="variables"):
        schema.EmailTemplateCreate(name="x", subject="x", body="x", variables=[name])
