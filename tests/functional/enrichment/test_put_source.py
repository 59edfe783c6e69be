"""PUT /enrichment-sources/{name}."""

from __future__ import annotations

from typing import Any

import pytest

from leadflow.core import table
from leadflow.enrichment.store.sources import EnrichmentSource
from tests.functional.enrichment.sources import World, source
from tests.harness import Answer, call

FULL = {
    "api_key": "secret-key",
    "is_active": True,
    "priority": 2,
    "rate_limit_per_minute": 15,
    "cost_per_request": 0.25,
    "cost_per_credit": 0.1,
    "daily_budget": 10,
    "min_confidence": 0.6,
    "ttl_days": 14,
    "only_if": {"field": "lead.company", "op": "eq", "value": "Acme"},
    "min_fill_rate": 0.2,
}


def put(name: str = "crustdata", headers: dict[str, str] | None = None, **fields: Any) -> Answer:
    return call("enrichment/put_source", {**FULL, **fields}, path={"name": name}, headers=headers or {})


def test_it_is_shown_as_set_and_its_key_never(world: World) -> None:
    answer = put(generation="legacy")

    shown = answer.json
    assert answer.status == 200
    assert "secret-key" not in answer.text
    assert {name: shown[name] for name in FULL if name != "api_key"} == {
        k: v for k, v in FULL.items() if k != "api_key"
    }
    assert (shown["api_key_configured"], shown["is_ready"], shown["is_healthy"]) == (True, True, True)
    assert (shown["generation"], shown["spent_today"], shown["last_used_at"]) == ("legacy", 0, None)
    kept = table.find(EnrichmentSource, "CFG#ENRSRC", "crustdata")
    assert kept is not None
    assert "secret-key" not in str(kept.attribute_values)


def test_a_key_that_is_left_out_stays_and_null_removes_it(world: World) -> None:
    put()
    kept = call("enrichment/put_source", {"is_active": True, "priority": 1}, path={"name": "crustdata"}).json
    gone = put(api_key=None).json

    assert (kept["api_key_configured"], kept["daily_budget"], kept["priority"]) == (True, None, 1)
    assert (gone["api_key_configured"], gone["is_ready"]) == (False, False)


def test_forager_is_ready_with_an_account_only(world: World) -> None:
    assert put("forager").json["is_ready"] is False
    assert put("forager", account_id="4711").json["is_ready"] is True


def test_a_version_that_is_not_the_newest_is_refused(world: World) -> None:
    tag = put().etag
    assert put(headers={"if-match": tag}, priority=5).status == 200
    assert put(headers={"if-match": tag}).status == 412
    assert put("forager", headers={"if-match": '"another"'}).status == 412
    unset = call("enrichment/get_source", path={"name": "forager"}).etag
    assert put("forager", headers={"if-match": unset}).status == 200
    assert source("crustdata")["priority"] == 5


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"api_key": ""}, "api_key"),
        ({"api_key": "a\r\nX: 1"}, "api_key"),
        ({"api_key": "clé"}, "api_key"),
        ({"account_id": "../1"}, "account_id"),
        ({"priority": -1}, "priority"),
        ({"priority": None}, "priority"),
        ({"rate_limit_per_minute": 0}, "rate_limit_per_minute"),
        ({"cost_per_request": -0.1}, "cost_per_request"),
        ({"cost_per_credit": -0.1}, "cost_per_credit"),
        ({"min_fill_rate": 1.1}, "min_fill_rate"),
        ({"only_if": {"field": "lead.shoe", "op": "eq", "value": 1}}, "only_if.field"),
        ({"daily_budget": float(10**9)}, "daily_budget"),
        ({"min_confidence": 1.1}, "min_confidence"),
        ({"ttl_days": -1}, "ttl_days"),
        ({"generation": "v3"}, "generation"),
        ({"url": "https://x.example"}, "url"),
    ],
)
def test_wrong_fields_are_named(world: World, fields: dict[str, Any], field: str) -> None:
    answer = put(**fields)

    assert answer.status == 422
    assert [one["field"] for one in answer.json["errors"]] == [field]


def test_generations_are_crustdatas_alone(world: World) -> None:
    assert put("people_data_labs", generation="legacy").status == 422


@pytest.mark.parametrize("account_id", ["acme", "-1", "1" * 16, "١٢"])
def test_an_account_that_forager_cannot_have_is_refused(world: World, account_id: str) -> None:
    """Else whoever is enriched next would fall over it."""
    answer = put("forager", account_id=account_id)

    assert answer.status == 422
    assert [one["field"] for one in answer.json["errors"]] == ["account_id"]
    assert put("crustdata", account_id="acme").status == 200


def test_another_name_is_not_found(world: World) -> None:
    assert put("clearbit").status == 404


def test_it_wants_the_right_to_write(world: World) -> None:
    assert call("enrichment/put_source", FULL, path={"name": "crustdata"}, scopes="enrichment:read").status == 403
