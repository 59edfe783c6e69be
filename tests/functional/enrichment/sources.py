"""Sources of data for tests, in the place of the real ones, and the queue's part in enriching."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from leadflow.core import aws, seams
from leadflow.core.settings import settings
from leadflow.enrichment.enums import SOURCES
from leadflow.enrichment.rules import Answer, Found, Person
from tests import harness
from tests.harness import Answer as Response
from tests.harness import Clock, call

FILLS: dict[str, frozenset[str]] = {
    "people_data_labs": frozenset({"company_name", "job_title", "linkedin_url", "skills"}),
    "crustdata": frozenset({"company_name", "job_title", "company_size"}),
    "forager": frozenset({"job_title", "tech_stack"}),
}
MISS = Answer("not_found")


@dataclass
class FakeSource:
    """A source that answers what it is told to, and notes whom it was asked about."""

    name: str
    answers: list[Any] = field(default_factory=list)
    asked: list[tuple[Person, frozenset[str]]] = field(default_factory=list)
    meanwhile: Callable[[], object] | None = None
    most_at_once: int = 1
    credits_of_a_request: float = 1
    charged: int = 0
    together: list[int] = field(default_factory=list)
    whole: list[Exception] = field(default_factory=list)

    @property
    def fills(self) -> frozenset[Any]:
        return FILLS[self.name]

    def can_ask(self, person: Person) -> bool:
        return person.email is not None

    def price(self, person: Person, fields: Set[str]) -> int:
        return 1 if fields & self.fills else 0

    def most_credits(self, person: Person, fields: Set[str]) -> float:
        return self.price(person, fields) * self.credits_of_a_request

    def lookup(self, person: Person, fields: Set[str]) -> Answer:
        self.asked.append((person, frozenset(fields)))
        if self.meanwhile is not None:
            self.meanwhile()
        answer = self._next()
        if isinstance(answer, Exception):
            raise answer
        found: Answer = answer
        return found

    def _next(self) -> Any:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0] if self.answers else MISS
        self.charged += answer.charged if isinstance(answer, Answer) else 0
        return answer

    def shares(self, fields: Set[str]) -> bool:
        return self.most_at_once > 1

    def shared_kind(self, person: Person, fields: Set[str]) -> str | None:
        return "person" if self.shares(fields) else None

    def lookup_many(self, people: Sequence[Person], fields: Set[str]) -> list[Any]:
        """An answer or an error each; those in `whole` are of the request. `together` has how many were asked for."""
        self.together.append(len(people))
        self.asked += [(person, frozenset(fields)) for person in people]
        if self.meanwhile is not None:
            self.meanwhile()
        if self.whole:
            raise self.whole.pop(0)
        return [self._next() for _ in people]


class World:
    """The three sources, set up over their own doors, and the queue."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.sources = {name: FakeSource(name) for name in SOURCES}
        seams.current().kept["enrichment providers"] = lambda name, *_: self.sources[name]

    def __getitem__(self, name: str) -> FakeSource:
        return self.sources[name]

    def put(self, name: str, **fields: Any) -> dict[str, Any]:
        body = {"api_key": "secret-key", "is_active": True, "priority": 1, "cost_per_request": 0.1, **fields}
        if name == "forager":
            body.setdefault("account_id", "7")
        answer = call("enrichment/put_source", body, path={"name": name})
        assert answer.status == 200, answer.text
        shown: dict[str, Any] = answer.json
        return shown

    def put_all(self, **fields: Any) -> None:
        for priority, name in enumerate(("people_data_labs", "crustdata", "forager"), start=1):
            self.put(name, priority=priority, **fields)

    def work(self) -> None:
        """What is queued, until nothing is left; the clock moves to what was delayed."""
        while messages := self.messages():
            for body, _ in messages:
                deliver(body)

    def messages(self) -> list[tuple[dict[str, Any], int]]:
        """Queued messages with their delays, taken from the queue; the clock moves on by the shortest delay."""
        taken = list(seams.current().kept.pop("queued enrichments", []))
        if not taken:
            return []
        delay = min(one[1] for one in taken)
        self.clock.advance(seconds=delay)
        rest = [(body, late - delay) for body, late in taken if late > delay]
        if rest:
            seams.current().kept["queued enrichments"] = rest
        return [one for one in taken if one[1] == delay]

    def run(self, lead_id: str, **wanted: Any) -> dict[str, Any]:
        """A run from its request to its end."""
        run = asked(lead_id, **wanted)
        self.work()
        return shown(run["id"])


def deliver(body: dict[str, Any]) -> None:
    record = {"messageId": "1", "body": json.dumps(body)}
    assert harness.door("enrichment/run_enrichment")({"Records": [record]}, None) == {"batchItemFailures": []}


def asked(lead_id: str, **wanted: Any) -> dict[str, Any]:
    answer = call("enrichment/enrich_lead", wanted, path={"lead_id": lead_id})
    assert answer.status == 202, answer.text
    run: dict[str, Any] = answer.json
    return run


def shown(run_id: str) -> dict[str, Any]:
    answer = call("enrichment/get_run", path={"run_id": run_id})
    assert answer.status == 200, answer.text
    run: dict[str, Any] = answer.json
    return run


def source(name: str) -> dict[str, Any]:
    answer = call("enrichment/get_source", path={"name": name})
    assert answer.status == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


def job(job_id: str) -> dict[str, Any]:
    answer = call("enrichment/get_job", path={"job_id": job_id})
    assert answer.status == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


def enrichments(lead_id: str) -> list[dict[str, Any]]:
    answer: Response = call("enrichment/list_enrichments", path={"lead_id": lead_id})
    assert answer.status == 200, answer.text
    found: list[dict[str, Any]] = answer.json["items"]
    return found


def knows(
    confidence: float = 0.9, charged: int = 1, outcome: Any = "matched", took: float = 0, **values: Any
) -> Answer:
    """An answer with these values."""
    found: Any = {name: Found(value, confidence) for name, value in values.items()}
    return Answer(outcome, found, confidence, {"person": dict(values)}, charged, took)


def note_queued(params: dict[str, Any], **_: Any) -> None:
    """Keeps what is put on the queue, since moto's own would really wait out a delay."""
    if params["QueueUrl"] == settings().enrichments_queue_url:
        queued = seams.current().remember("queued enrichments", list)
        queued.extend((json.loads(one["MessageBody"]), one.get("DelaySeconds", 0)) for one in params["Entries"])


def queue_events() -> Any:
    return aws.client("sqs").meta.events
