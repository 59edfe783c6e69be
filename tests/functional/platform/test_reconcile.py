"""The scheduled function that puts waiting work back to work in every wing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from leadflow.campaigns import service as campaigns
from leadflow.channels import service as channels
from leadflow.enrichment.service import recovery as enrichment
from leadflow.leads import service as leads
from leadflow.workflows.service import recovery, timing
from tests.harness import ROOT, Clock, door

WINGS = ("workflows", "campaigns", "channels", "leads", "timers", "enrichment")


def tick() -> dict[str, int]:
    event = json.loads((ROOT / "events" / "platform" / "reconcile.json").read_text(encoding="utf-8"))
    counts: dict[str, int] = door("platform/reconcile")(event, None)
    return counts


def test_an_empty_house_has_nothing_waiting() -> None:
    counts = tick()
    assert set(counts.values()) == {0}
    assert {name.split("_")[0] for name in counts} == set(WINGS)


def test_counts_are_told_by_wing(monkeypatch: pytest.MonkeyPatch) -> None:
    for number, wing in enumerate((recovery, campaigns, channels, leads, timing, enrichment), start=1):
        monkeypatch.setattr(wing, "reconcile", lambda number=number: {"done": number})
    assert tick() == {f"{wing}_done": n for n, wing in enumerate(WINGS, start=1)}


def test_a_wing_that_fails_is_told_and_stops_no_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[str] = []

    def broken(error: Exception) -> Any:
        def reconcile() -> dict[str, int]:
            asked.append(type(error).__name__)
            raise error

        return reconcile

    def fine() -> dict[str, int]:
        asked.append("fine")
        return {"done": 1}

    monkeypatch.setattr(recovery, "reconcile", broken(ConnectionError("ana@example.com")))
    monkeypatch.setattr(campaigns, "reconcile", broken(ZeroDivisionError()))
    monkeypatch.setattr(channels, "reconcile", fine)
    monkeypatch.setattr(leads, "reconcile", dict)
    with pytest.raises(ExceptionGroup, match="2 wings"):
        tick()
    assert sorted(asked) == ["ConnectionError", "ZeroDivisionError", "fine"]
    told = [vars(record) for record in caplog.records if record.message == "schedule failed"]
    assert [line["error_type"] for line in told] == ["ConnectionError", "ZeroDivisionError"]
    assert "ana@example.com" not in str(told)


def test_another_wing_begins_each_time(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    """Lambda ends a call that takes too long, and the same wing would be the last every time."""
    asked: list[str] = []
    for name, wing in zip(WINGS, (recovery, campaigns, channels, leads, timing, enrichment), strict=True):
        monkeypatch.setattr(wing, "reconcile", lambda name=name: asked.append(name) or {})
    for _ in WINGS:
        tick()
        clock.advance(minutes=15)
    assert set(asked[:: len(WINGS)]) == set(WINGS)
    assert [asked.count(name) for name in WINGS] == [len(WINGS)] * len(WINGS)
