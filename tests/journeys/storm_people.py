"""What goes on about single people while it storms: meetings compete, leads become one, people are erased.

Works of a storm as those of `storm_work.py`, judged by the API alone.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from local.client import Refused
from tests.journeys.storm_work import Sky

_HOST = "sam@storm.example.com"


class Meeting:
    """Several callers want one time of one colleague at once: one of them gets it, whatever happens to the others."""

    def __init__(self, slots: int, callers: int = 3) -> None:
        self._slots = slots
        self._callers = callers
        self._booked: list[str] = []
        self._wanted = 0
        self._lead = ""

    def prepare(self, sky: Sky) -> None:
        self._lead = sky.api.post("/leads", {"name": "Met", "email": "met@people.example.com"})["id"]

    def do(self, sky: Sky) -> None:
        for _ in range(self._slots):
            self._wanted += 1
            begins = datetime(2040, 1, 1, tzinfo=UTC) + timedelta(hours=self._wanted)
            wanted = {
                "lead_id": self._lead,
                "title": "Demo",
                "scheduled_at": begins.isoformat(),
                "duration_minutes": 30,
                "assigned_to": _HOST,
            }
            with ThreadPoolExecutor(self._callers) as pool:
                answers = list(pool.map(lambda _, wanted=wanted: self._asked(sky, wanted), range(self._callers)))
            self._booked += [answer for answer in answers if answer]

    def _asked(self, sky: Sky, wanted: dict[str, Any]) -> str | None:
        try:
            return str(sky.api.post("/appointments", wanted)["id"])
        except Refused as refused:
            if refused.status != 409:
                raise
            return None

    def is_over(self, sky: Sky) -> bool:
        return True

    def judged(self, sky: Sky) -> dict[str, Any]:
        kept = sky.api.every("/appointments", assigned_to=_HOST)
        times = [one["scheduled_at"] for one in kept]
        assert len(times) == len(set(times)) == self._wanted, f"{len(times)} meetings at {self._wanted} times"
        assert sorted(one["id"] for one in kept) == sorted(self._booked), "callers were told otherwise"
        return {"times": self._wanted, "callers": self._wanted * self._callers, "booked": len(kept)}


class Gathering:
    """Two leads that are one person become one, each with signals of its own; a third person is erased."""

    def __init__(self, people: int) -> None:
        self._people = people
        self._merged: list[tuple[str, str]] = []
        self._erased: dict[str, str] = {}
        self._erasures: list[str] = []

    def prepare(self, sky: Sky) -> None:
        self.do(sky)

    def do(self, sky: Sky) -> None:
        for _ in range(self._people):
            number = len(self._merged)
            kept, source, gone = (self._person(sky, f"{name}{number}") for name in ("kept", "source", "gone"))
            sky.api.post(f"/leads/{kept}/merge", {"source_lead_id": source})
            # What is said of the lead that was merged is said of the one it became.
            self._signal(sky, source)
            self._merged.append((kept, source))
            self._erase(sky, gone, f"gone{number}@people.example.com")

    def _person(self, sky: Sky, name: str) -> str:
        lead_id = str(sky.api.post("/leads", {"name": name, "email": f"{name}@people.example.com"})["id"])
        self._signal(sky, lead_id)
        sky.api.post("/tasks", {"title": "Call", "lead_id": lead_id})
        return lead_id

    def _signal(self, sky: Sky, lead_id: str) -> None:
        sky.api.post(f"/leads/{lead_id}/signals", {"signal_type": "form_submit", "score_impact": 2})

    def _erase(self, sky: Sky, lead_id: str, email: str) -> None:
        try:
            self._erasures.append(sky.api.delete(f"/leads/{lead_id}")["id"])
        except Refused as refused:
            # Erased already, by the try whose answer was lost.
            if refused.status != 404:
                raise
        self._erased[lead_id] = email

    def is_over(self, sky: Sky) -> bool:
        return all(sky.api.get(f"/erasures/{one}")["status"] == "completed" for one in self._erasures)

    def judged(self, sky: Sky) -> dict[str, Any]:
        for kept, source in self._merged:
            lead = sky.api.get(f"/leads/{kept}")
            assert lead == sky.api.get(f"/leads/{source}"), f"{source} is not {kept}"
            assert lead["score"] == 6, f"{lead['score']} of three signals of two"
            assert len(sky.api.every(f"/leads/{kept}/signals")) == 3
        for lead_id, email in self._erased.items():
            assert sky.api.request("GET", f"/leads/{lead_id}").status_code == 404, f"{lead_id} is still there"
            again = sky.api.request("POST", "/leads", {"name": "Again", "email": email})
            assert again.status_code == 409, f"the address of {lead_id} is free again: {again.status_code}"
        return {"merged": len(self._merged), "erased": len(self._erased)}
