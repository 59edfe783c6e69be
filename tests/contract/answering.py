"""Sources of data about people that answer what a test tells them to, over the clients of the product."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx

from leadflow.core import seams
from leadflow.enrichment import providers
from leadflow.enrichment.enums import FIELDS, SOURCES, Generation, Source
from leadflow.enrichment.providers.contract import EnrichmentProvider
from leadflow.enrichment.rules import Answer, Person

SAMPLES = Path(__file__).parents[2] / "events" / "providers"
ANA = Person(name="Ana Ruiz", email="ana@acme-demo.example", linkedin_url="linkedin.com/in/ana-ruiz-demo")
ALL = frozenset(FIELDS)
KINDS: tuple[tuple[Source, Generation], ...] = (
    ("people_data_labs", "2025-11-01"),
    ("crustdata", "2025-11-01"),
    ("crustdata", "legacy"),
    ("forager", "2025-11-01"),
)


def sample(source: str, name: str) -> Any:
    return json.loads((SAMPLES / source / f"{name}.json").read_text(encoding="utf-8"))


class World:
    """Answers each request with the next of its answers, the last again and again, and keeps what it was asked."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Any, dict[str, str]]] = []
        self.asked: list[httpx.Request] = []

    def says(self, body: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.answers.append((status, body, headers or {}))

    def take(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        status, body, headers = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return httpx.Response(status, content=content, headers=headers)


def installed(world: World) -> Any:
    """Each source's kept client is one that asks this world."""
    clients = {
        f"http:{source}": httpx.Client(transport=httpx.MockTransport(world.take), base_url="https://source.test")
        for source in SOURCES
    }
    return seams.installed(seams.Seams(kept=dict(clients)))


def source(name: Source, generation: Generation = "2025-11-01") -> EnrichmentProvider:
    return providers.client(name, "a-key", "42", generation)


def values(answer: Answer) -> dict[str, Any]:
    return {name: found.value for name, found in answer.fields.items()}
