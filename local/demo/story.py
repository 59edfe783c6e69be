"""What the demo does: two templates, one workflow, many leads, and waiting until everybody's run has ended."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from local.client import Refused
from local.demo.calls import Caller
from local.demo.memory import Memory
from local.demo.people import WARM_SOURCES, Person
from local.demo.screen import Screen, until

AT_ONCE = 4
_SIGNED = "<p>Warmly,<br>Ines</p><p><small>You asked us by {{ source }}.</small></p>"
TEMPLATES: dict[str, dict[str, Any]] = {
    "warm": {
        "name": "welcome-warm",
        "subject": '{{ first_name | default: "there" }}, a tour for {{ company | default: "your team" }}?',
        "body": '<p>Hi {{ first_name | default: "there" }},</p>'
        '<p>thank you for coming by. What {{ company | default: "your team" }} does with its leads can be seen in a'
        ' <a href="https://www.example.com/tour">two-minute tour</a>, and what it costs on'
        ' <a href="https://www.example.com/pricing">one page</a>.</p>' + _SIGNED,
        "variables": ["first_name", "company", "source"],
    },
    "later": {
        "name": "welcome-later",
        "subject": 'Whenever you are ready, {{ first_name | default: "there" }}',
        "body": '<p>Hi {{ first_name | default: "there" }},</p>'
        '<p>no hurry at all. When {{ company | default: "your team" }} wants to look around, here is the'
        ' <a href="https://www.example.com/tour">two-minute tour</a>, and here are'
        ' <a href="https://www.example.com/stories">some stories</a>.</p>' + _SIGNED,
        "variables": ["first_name", "company", "source"],
    },
}


class Story:
    """Every step can be taken again after a kill: what was made is remembered, and each post is made only once."""

    def __init__(self, api: Caller, memory: Memory, data_dir: Path, screen: Screen) -> None:
        self._api = api
        self._memory = memory
        self._data_dir = data_dir
        self._screen = screen

    def set_up(self) -> None:
        """The templates and the active workflow. An earlier run's workflow is paused: one welcome is enough."""
        if self._memory.previous_workflow:
            self._pause(self._memory.previous_workflow)
        for name, template in TEMPLATES.items():
            self._make(f"template-{name}", "/templates", template)
        workflow = self._make("workflow", "/workflows", {"name": "Welcome", "description": "Made by the demo."})
        base = f"/workflows/{workflow}"
        self._make("trigger", f"{base}/triggers", {"trigger_type": "lead_created"})
        asked = {"if": {"field": "lead.source", "op": "in", "value": list(WARM_SOURCES)}}
        root = self._make("condition", f"{base}/actions", {"action_type": "condition", "action_config": asked})
        for order, (name, side, hours) in enumerate((("warm", "yes", 1), ("later", "no", 2))):
            child = {"parent_action_id": root, "condition": {"branch": side}}
            wait = {"action_type": "wait", "action_config": {"hours": hours}, "order": 2 * order}
            mail = {"template_id": self._memory.made[f"template-{name}"]}
            send = {"action_type": "send_email", "action_config": mail, "order": 2 * order + 1}
            self._make(f"wait-{name}", f"{base}/actions", {**wait, **child})
            self._make(f"send-{name}", f"{base}/actions", {**send, **child})
        self._make("activation", f"{base}/activate", None)
        self._screen.say("  templates, workflow, trigger and actions are there; the workflow is active")

    def add_leads(self, people: Sequence[Person]) -> dict[int, str]:
        """The ids of everybody's leads by their numbers."""
        ids: dict[int, str] = {}
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for person, lead_id in zip(people, pool.map(self._add, people), strict=True):
                ids[person.number] = lead_id
                self._screen.progress(f"  leads: {len(ids)} of {len(people)}")
        self._screen.say(f"  leads: {len(ids)} of {len(people)}")
        return ids

    def wait_for_runs(self, count: int) -> list[dict[str, Any]]:
        """The workflow's executions, once so many have ended."""
        path = f"/workflows/{self._memory.made['workflow']}/executions"
        runs: list[dict[str, Any]] = []

        def ended() -> int:
            runs[:] = self._api.every(path)
            return sum(1 for run in runs if run["status"] != "running")

        until(self._screen, "runs ended", count, ended)
        return runs

    def _add(self, person: Person) -> str:
        try:
            lead = self._api.post("/leads", person.body, self._key(f"lead-{person.number:04d}"))
        except Refused as refused:
            if refused.status != 409:
                raise
            found = self._api.get("/leads", params={"email": person.email})["items"]
            if not found:
                raise
            lead = found[0]
        return str(lead["id"])

    def _make(self, name: str, path: str, body: Any) -> str:
        """The id of what is called this here, made unless it was made before."""
        if name not in self._memory.made:
            self._memory.made[name] = str(self._api.post(path, body, self._key(name))["id"])
            self._memory.save(self._data_dir)
        return self._memory.made[name]

    def _pause(self, workflow: str) -> None:
        try:
            self._api.post(f"/workflows/{workflow}/pause", None, self._key("pause"))
        except Refused as refused:
            if refused.status not in (404, 409):  # gone, or paused already
                raise

    def _key(self, name: str) -> str:
        return f"demo-r{self._memory.run}-{name}"
