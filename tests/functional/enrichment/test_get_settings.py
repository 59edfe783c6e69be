"""GET /enrichment-settings."""

from __future__ import annotations

from tests.harness import call


def test_everything_automatic_is_off_until_somebody_switches_it_on() -> None:
    assert call("enrichment/get_settings").json == {
        "auto_enrich": {"enabled": False},
        "refresh": {"enabled": False},
        "write_policy": {},
        "max_cost_per_lead": None,
        "updated_at": None,
    }
