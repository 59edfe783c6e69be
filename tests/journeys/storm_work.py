"""What goes on beside the campaign while it storms, and what must be true of each when it is over.

Every work prepares while the sky is clear, does a piece now and then, is over at some time, and is judged by the books
of the providers' sandbox and by the API.
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from decimal import Decimal
from typing import Any, Protocol
from urllib.parse import quote

from local.client import Api, Refused

PRICES = {"people_data_labs": 0.1, "crustdata": 0.05, "forager": 0.03}


class Sky(Protocol):
    """What a work sees of the storm it is in."""

    api: Api
    sandbox: Api
    sandbox_url: str
    chance: random.Random


class Work(Protocol):
    """One kind of work; `do` is called now and then, the rest once, in this order."""

    def prepare(self, sky: Sky) -> None: ...

    def do(self, sky: Sky) -> None: ...

    def is_over(self, sky: Sky) -> bool: ...

    def judged(self, sky: Sky) -> dict[str, Any]: ...


class Running:
    """Leads that come by the API start a run each: a wait, a tag, a mail and a webhook."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._leads: dict[str, str] = {}
        self._workflow = ""

    def prepare(self, sky: Sky) -> None:
        template = sky.api.post("/templates", {"name": "Run", "subject": "Run", "body": "<p>Run</p>"})["id"]
        self._workflow = sky.api.post("/workflows", {"name": "Storm"})["id"]
        ours = {"field": "lead.email", "op": "ends_with", "value": "@run.example.com"}
        trigger = {"trigger_type": "lead_created", "trigger_config": {"filters": ours}}
        sky.api.post(f"/workflows/{self._workflow}/triggers", trigger)
        hook = {"url": f"{sky.sandbox_url}/webhook/crm", "body": {"who": "{{ lead.email }}"}}
        actions: list[tuple[str, dict[str, Any]]] = [
            ("wait", {"hours": 1}),
            ("update_lead", {"add_tags": ["run"]}),
            ("send_email", {"template_id": template}),
            ("call_webhook", hook),
        ]
        for order, (kind, config) in enumerate(actions):
            body = {"action_type": kind, "action_config": config, "order": order}
            sky.api.post(f"/workflows/{self._workflow}/actions", body)
        sky.api.post(f"/workflows/{self._workflow}/activate")

    def do(self, sky: Sky) -> None:
        for _ in range(self._at_once):
            email = f"person{len(self._leads)}@run.example.com"
            self._leads[email] = sky.api.post("/leads", {"name": "Run", "email": email})["id"]

    def is_over(self, sky: Sky) -> bool:
        runs = sky.api.every(f"/workflows/{self._workflow}/executions")
        return len(runs) >= len(self._leads) and all(run["status"] != "running" for run in runs)

    def judged(self, sky: Sky) -> dict[str, Any]:
        runs = sky.api.every(f"/workflows/{self._workflow}/executions")
        started = Counter(run["lead_id"] for run in runs)
        assert started == Counter(self._leads.values()), "a lead has no run of its own, or several"
        mails = Counter(mail["to"] for mail in sky.sandbox.get("/sent?provider=sendgrid")["items"])
        posted: dict[str, set[str]] = {email: set() for email in self._leads}
        for one in sky.sandbox.get("/sent?provider=webhook")["items"]:
            posted[json.loads(one["body"])["who"]].add(one["headers"]["idempotency-key"])
        tagged = 0
        for email, lead_id in self._leads.items():
            # A mail of a run whose fate nobody tells in time may be sent once more, by policy.
            assert mails[email] <= 2, f"{lead_id} got {mails[email]} mails"
            assert len(posted[email]) <= 1, f"{lead_id} was posted under {len(posted[email])} keys"
            tagged += sky.api.get(f"/leads/{lead_id}")["tags"] == ["run"]
        statuses = Counter(run["status"] for run in runs)
        assert tagged >= statuses["completed"]
        return {
            "runs": dict(statuses),
            "mails": sum(mails[email] for email in self._leads),
            "mails sent once more by policy": sum(mails[email] == 2 for email in self._leads),
            "webhooks": sum(len(keys) for keys in posted.values()),
        }


class Talking:
    """People write by SMS, everything is delivered three times, and they are answered."""

    def __init__(self, people: int) -> None:
        self._people = [f"+1415555{number:04d}" for number in range(200, 200 + people)]
        self._wrote: Counter[str] = Counter()
        self._answers: set[tuple[str, str]] = set()

    def prepare(self, sky: Sky) -> None:
        self.do(sky)

    def do(self, sky: Sky) -> None:
        for person in self._people:
            number = self._wrote[person]
            told: dict[str, Any] = {
                "provider": "twilio",
                "event": "inbound",
                "channel": "sms",
                "from": person,
                "duplicate": 2,
            }
            told |= {"body": f"message {number}", "message_id": f"SM{person[1:]}x{number}"}
            # The sandbox asks the product for its channels first, and may be told nothing.
            while sky.sandbox.request("POST", "/simulate", told).status_code == 409:
                time.sleep(0.2)
            self._wrote[person] += 1
        for one in sky.api.every("/conversations", channel="sms"):
            words = f"Answer {len(self._answers)}"
            try:
                sky.api.post(f"/conversations/{one['id']}/messages", {"content": words})
            except Refused as refused:
                if refused.status != 409:
                    raise
                continue
            self._answers.add((one["id"], words))

    def is_over(self, sky: Sky) -> bool:
        if sky.api.get("/webhook-inbox", params={"state": "received", "limit": 1})["items"]:
            return False
        talks = self._talks(sky)
        received = sum(message["status"] == "received" for talk in talks.values() for message in talk)
        # One of which nobody can say whether it was sent stays queued, with the reason, and is not sent again.
        waiting = [m for talk in talks.values() for m in talk if m["status"] == "queued" and not m["error_message"]]
        return received >= sum(self._wrote.values()) and not waiting

    def judged(self, sky: Sky) -> dict[str, Any]:
        talks = self._talks(sky)
        assert len(talks) == len(self._people), f"{len(self._people)} people have {len(talks)} conversations"
        received = Counter(m["content"] for talk in talks.values() for m in talk if m["status"] == "received")
        rounds = next(iter(self._wrote.values()))
        assert received == {f"message {n}": len(self._people) for n in range(rounds)}, "a message is lost or doubled"
        written = Counter((talk, m["content"]) for talk in talks for m in talks[talk] if m["status"] != "received")
        assert written == Counter(self._answers), "an answer is lost or doubled"
        got = Counter(
            one["body"]
            for person in self._people
            for one in sky.sandbox.get(f"/sent?provider=twilio&to={quote(person)}")["items"]
        )
        assert max(got.values(), default=0) <= 1, f"an answer went out twice: {got.most_common(2)}"
        parked = sky.api.every("/webhook-inbox", state="parked")
        assert not parked, f"{len(parked)} deliveries are parked, as {parked[0]}"
        statuses = Counter(m["status"] for talk in talks.values() for m in talk)
        return {"messages": dict(statuses), "answers at the provider": sum(got.values())}

    def _talks(self, sky: Sky) -> dict[str, list[dict[str, Any]]]:
        found = sky.api.every("/conversations", channel="sms")
        return {one["id"]: sky.api.every(f"/conversations/{one['id']}/messages") for one in found}


class Enriching:
    """A job that asks three paid sources about many leads, under a budget that does not reach for all."""

    def __init__(self, leads: int) -> None:
        self._leads = leads
        self._job = ""
        self._budget = round(0.06 * leads, 2)

    def prepare(self, sky: Sky) -> None:
        who = ("person", "someone", "member", "nobody")
        for number in range(self._leads):
            sky.api.post("/leads", {"name": "Rich", "email": f"{who[number % 4]}{number}@rich{number % 5}.example.com"})

    def do(self, sky: Sky) -> None:
        if not self._job:
            ours = {"field": "lead.name", "op": "eq", "value": "Rich"}
            asked = {"filter": ours, "max_cost": self._budget}
            self._job = sky.api.post("/enrichment/runs", asked)["id"]

    def is_over(self, sky: Sky) -> bool:
        return bool(sky.api.get(f"/enrichment/runs/{self._job}")["status"] == "completed")

    def judged(self, sky: Sky) -> dict[str, Any]:
        job = sky.api.get(f"/enrichment/runs/{self._job}")
        assert job["total"] == job["done"] == self._leads, job
        assert job["reserved"] == 0, f"{job['reserved']} stays reserved"
        charged = {one["provider"]: int(one["charged"]) for one in sky.sandbox.get("/spent")["items"]}
        paid = sum(PRICES[name] * count for name, count in charged.items())
        assert round(paid, 6) <= round(job["cost"], 6) <= self._budget, (paid, job["cost"], self._budget)
        for name in PRICES:
            asked = Counter(one["to"] for one in sky.sandbox.get(f"/sent?provider={name}")["items"] if "@" in one["to"])
            twice = [person for person, times in asked.items() if times > 1]
            assert not twice, f"{name} was asked twice about {len(twice)}"
        return {"leads": job["done"], "charged": round(paid, 2), "counted": job["cost"], "budget": self._budget}


class Scoring:
    """Signals of a few leads; each is recorded under a key of its own until it is taken."""

    def __init__(self, leads: int) -> None:
        self._count = leads
        self._given: Counter[str] = Counter()

    def prepare(self, sky: Sky) -> None:
        for number in range(self._count):
            lead = sky.api.post("/leads", {"name": "Scored", "email": f"scored{number}@score.example.com"})
            self._given[lead["id"]] = 0

    def do(self, sky: Sky) -> None:
        for lead_id in self._given:
            impact = sky.chance.choice((1.5, 2.25, -1))
            sky.api.post(f"/leads/{lead_id}/signals", {"signal_type": "form_submit", "score_impact": impact})
            self._given[lead_id] += 1

    def is_over(self, sky: Sky) -> bool:
        return True

    def judged(self, sky: Sky) -> dict[str, Any]:
        for lead_id, given in self._given.items():
            signals = sky.api.every(f"/leads/{lead_id}/signals")
            assert len(signals) == given, f"{len(signals)} signals of {given}"
            score = sky.api.get(f"/leads/{lead_id}/score")
            points = sum(Decimal(repr(part["points"])) for part in score["parts"]) + Decimal(repr(score["rest"]))
            assert points == Decimal(repr(score["total"])), f"the parts of {lead_id} are not its score"
            assert score["score"] == sky.api.get(f"/leads/{lead_id}")["score"]
        return {"signals": self._given.total()}
