"""The models of leads and signals against the data model, and against what is stored."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from leadflow.core.schema import Read
from leadflow.core.table import Item
from leadflow.leads import enums, rules, schema, store

ROOT = Path(__file__).parents[3]


def test_enumerations_are_those_of_the_data_model() -> None:
    assert enums.STATUSES == ("new", "contacted", "qualified", "proposal", "closed_won", "closed_lost")
    sources = "website chat referral ads email whatsapp sms messenger instagram import api"
    assert tuple(sources.split()) == enums.SOURCES
    signal_types = "website_visit email_open email_click form_submit chat_message social_interaction"
    assert tuple(signal_types.split()) == enums.SIGNAL_TYPES
    assert rules.DEFAULT_IMPACTS.keys() == set(enums.SIGNAL_TYPES)


@pytest.mark.parametrize(("model", "item"), [(schema.Lead, store.Lead), (schema.IntentSignal, store.IntentSignal)])
def test_what_is_shown_is_what_the_document_says(model: type[Read], item: type[Item]) -> None:
    assert tuple(model.model_fields) == item.record_fields
    assert set(model.model_json_schema(mode="serialization")["required"]) == set(item.record_fields)


def test_the_document_offers_no_null_where_null_is_refused() -> None:
    properties = schema.LeadUpdate.model_json_schema()["properties"]

    refused = {name for name, field in properties.items() if "default" not in field}
    assert refused == {"email", "name", "status", "source", "interests", "tags", "custom", "consent"}
    assert schema.LeadUpdate.model_json_schema().get("required") is None


def test_an_empty_company_is_none() -> None:
    lead = schema.LeadCreate(name="Ada", email="ada@example.com", company="  ", notes="")

    assert (lead.company, lead.notes) == (None, None)


@pytest.mark.parametrize(
    "name", ["leads.get_lead", "leads.get_score", "leads.explain_lead", "leads.list_leads", "signals.list_signals"]
)
def test_reading_doors_start_without_what_only_writing_needs(name: str) -> None:
    program = (
        f"import sys, functions.{name}.app\n"
        "print([m for m in ('pydantic', 'phonenumbers', 'email_validator', 'httpx', 'boto3') if m in sys.modules])"
    )
    path = f"{ROOT}:{ROOT / 'layers/leadflow/python'}"

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={"PYTHONPATH": path}
    )

    assert done.stdout.strip() == "[]"
