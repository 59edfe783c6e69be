"""Whether every lead's journey was what it should be: the run, its log, the mail, and what opening it does."""

from __future__ import annotations

import contextlib
import html
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local.demo.calls import Caller, GaveUp
from local.demo.people import Person
from local.demo.screen import Screen, until
from local.demo.story import AT_ONCE

_BROWSER = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Safari/605.1.15"
_PIXEL = re.compile(r'<img[^>]+src="([^"]+/t/[^"/]+/open\.gif)"')
_TRACKED = re.compile(r'<a[^>]+href="([^"]+/t/[^"/]+/c/\d+)"')
_ONE_CLICK = "List-Unsubscribe=One-Click"
# The actions in the order in which a run walks them.
_WALK = ("condition", "wait-warm", "send-warm", "wait-later", "send-later")
_MARKS = {"warm": "thank you for coming by", "later": "no hurry at all"}


@dataclass
class Journey:
    """What became of one lead. `problems` is empty when everything is as it should be."""

    person: Person
    lead_id: str
    runs: list[dict[str, Any]] = field(default_factory=list)
    mails: list[dict[str, Any]] = field(default_factory=list)
    mail_status: str = "none"
    opens: int = 0
    score: int = 0
    problems: list[str] = field(default_factory=list)

    def expect(self, fine: bool, problem: str) -> bool:
        if not fine:
            self.problems.append(problem)
        return fine

    @property
    def milliseconds(self) -> float | None:
        """How long the run took."""
        if len(self.runs) != 1 or not self.runs[0]["completed_at"]:
            return None
        return (_moment(self.runs[0]["completed_at"]) - _moment(self.runs[0]["started_at"])).total_seconds() * 1000


class Judge:
    """`reader` reaches the API without a key, as those do who read mails; `made` holds the ids of the story."""

    def __init__(self, api: Caller, reader: Caller, sandbox: Caller, made: Mapping[str, str], screen: Screen) -> None:
        self._api = api
        self._reader = reader
        self._sandbox = sandbox
        self._made = made
        self._screen = screen

    def judge(
        self, people: Sequence[Person], lead_ids: Mapping[int, str], runs: Sequence[dict[str, Any]]
    ) -> tuple[list[Journey], list[str]]:
        """Everybody's journey, and what is wrong beyond single leads. `runs` are all executions of the workflow."""
        by_lead: dict[str | None, list[dict[str, Any]]] = defaultdict(list)
        for run in runs:
            by_lead[run["lead_id"]].append(run)
        journeys = [Journey(each, lead_ids[each.number], by_lead[lead_ids[each.number]]) for each in people]
        self._collect_mails(journeys)
        for what, step in (
            ("runs checked", self._check_run),
            ("mails checked", self._check_mail),
            ("mails opened", self._open),
        ):
            self._for_all(what, journeys, step)
        return journeys, self._check_whole(journeys, runs)

    def _for_all(self, what: str, journeys: Sequence[Journey], step: Callable[[Journey], None]) -> None:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for done, _ in enumerate(pool.map(step, journeys), 1):
                self._screen.progress(f"  {what}: {done} of {len(journeys)}")
        self._screen.say(f"  {what}: {len(journeys)} of {len(journeys)}")

    def _collect_mails(self, journeys: Sequence[Journey]) -> None:
        """What the provider took for each lead, once it has told us that it was delivered."""
        by_address = self._mails()
        for journey in journeys:
            journey.mails = by_address[journey.person.email.lower()]
        waiting = [journey for journey in journeys if journey.mails]

        def delivered() -> int:
            waiting[:] = [journey for journey in waiting if not self._is_delivered(journey)]
            return len(journeys) - len(waiting)

        try:
            until(self._screen, "mails delivered", len(journeys), delivered)
        except GaveUp:
            for journey in waiting:
                journey.problems.append("the product has not heard that its mail was delivered")

    def _mails(self) -> dict[str, list[dict[str, Any]]]:
        """All the provider took, by address."""
        by_address: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for mail in self._sandbox.get("/sent", params={"provider": "sendgrid"})["items"]:
            by_address[mail["to"].lower()].append(mail)
        return by_address

    def _is_delivered(self, journey: Journey) -> bool:
        mails = self._api.every(f"/leads/{journey.lead_id}/emails")
        return bool(mails) and all(mail["delivered_at"] for mail in mails)

    def _check_run(self, journey: Journey) -> None:
        if not journey.expect(len(journey.runs) == 1, f"has {len(journey.runs)} runs instead of one"):
            return
        run = journey.runs[0]
        journey.expect(run["status"] == "completed", f"its run is {run['status']}: {run['error_message']}")
        logs = self._api.every(f"/executions/{run['id']}/logs")
        attempts = Counter((log["action_id"], log["attempt"]) for log in logs)
        journey.expect(all(count == 1 for count in attempts.values()), "an attempt stands in the log more than once")
        journey.expect(all(log["duration_ms"] is not None for log in logs), "a log entry has no duration")
        last = {log["action_id"]: log["status"] for log in logs}
        journey.expect(list(last) == [self._made[name] for name in _WALK], "its log is not in the order of the actions")
        taken = {"condition", f"wait-{journey.person.branch}", f"send-{journey.person.branch}"}
        for name in _WALK:
            status, wanted = last.get(self._made[name]), "completed" if name in taken else "skipped"
            journey.expect(status == wanted, f"its action {name} is {status} instead of {wanted}")

    def _check_mail(self, journey: Journey) -> None:
        if not journey.expect(len(journey.mails) == 1, f"got {len(journey.mails)} mails instead of one"):
            return
        person, mail = journey.person, journey.mails[0]
        team = person.company or "your team"
        subject = (
            f"{person.first_name}, a tour for {team}?"
            if person.branch == "warm"
            else f"Whenever you are ready, {person.first_name}"
        )
        journey.expect(mail["subject"] == subject, f"its subject is {mail['subject']!r} instead of {subject!r}")
        page = html.unescape(mail["html"] or "")
        for part, text in (("page", page), ("text", mail["body"])):
            flat = " ".join(text.split())
            for wanted in (f"Hi {person.first_name},", _MARKS[person.branch], team, f"by {person.body['source']}."):
                journey.expect(wanted in flat, f"the {part} of its mail lacks {wanted!r}")
            journey.expect("{{" not in flat, f"the {part} of its mail shows a variable")
        headers = mail["headers"]
        journey.expect(headers.get("List-Unsubscribe", "").startswith("<http"), "its mail lacks List-Unsubscribe")
        journey.expect(headers.get("List-Unsubscribe-Post") == _ONE_CLICK, "its mail lacks one-click unsubscribe")
        journey.expect(len(_PIXEL.findall(mail["html"] or "")) == 1, "its mail lacks the tracking pixel")
        journey.expect(len(set(_TRACKED.findall(mail["html"] or ""))) == 2, "its mail has not two tracked links")

    def _open(self, journey: Journey) -> None:
        """Opens the mail as a person does, twice; only the first counts."""
        pixels = _PIXEL.findall(journey.mails[0]["html"] or "") if len(journey.mails) == 1 else []
        before = self._lead(journey)["score"]
        opened_before = len(self._opens(journey))
        for times in range(1, 3) if pixels else ():
            answer = self._reader.ask("GET", _path(pixels[0]), headers={"User-Agent": _BROWSER})
            journey.expect(answer.headers["Content-Type"] == "image/gif", "its pixel is no picture")
            journey.score, journey.opens = self._lead(journey)["score"], len(self._opens(journey))
            risen = before if opened_before else before + 1
            journey.expect(journey.score >= risen, f"its score is {journey.score} after opening, {before} before")
            journey.expect(journey.opens == 1, f"has {journey.opens} open signals after {times} of its openings")
            before, opened_before = journey.score, 1
            journey.expect(times == 1 or journey.score == before, "its score rose by opening again")
        mails = self._api.every(f"/leads/{journey.lead_id}/emails")
        if journey.expect(len(mails) == 1, f"the product lists {len(mails)} mails to it"):
            mail = mails[0]
            journey.mail_status = mail["status"]
            journey.expect(mail["status"] == "opened", f"its mail is {mail['status']} instead of opened")
            journey.expect(mail["outcome"] == "accepted", f"its mail's outcome is {mail['outcome']}")
            wanted = self._made[f"template-{journey.person.branch}"]
            journey.expect(mail["template_id"] == wanted, "its mail was made from the other template")

    def _lead(self, journey: Journey) -> dict[str, Any]:
        lead: dict[str, Any] = self._api.get(f"/leads/{journey.lead_id}")
        return lead

    def _opens(self, journey: Journey) -> list[Any]:
        signals = self._api.every(f"/leads/{journey.lead_id}/signals")
        return [signal for signal in signals if signal["signal_type"] == "email_open"]

    def _check_whole(self, journeys: Sequence[Journey], runs: Sequence[dict[str, Any]]) -> list[str]:
        ours = {journey.lead_id for journey in journeys}
        problems = []
        if strangers := sum(1 for run in runs if run["lead_id"] not in ours):
            problems.append(f"{strangers} runs are for leads that this demo has not added")
        if len(ours) != len(journeys):
            problems.append("two people became one lead")
        by_address = self._mails()
        for journey in journeys:
            now = len(by_address[journey.person.email.lower()])
            journey.expect(now == len(journey.mails), f"has {now} mails in the end, {len(journey.mails)} before")
        return problems + self._miscounted(runs)

    def _miscounted(self, runs: Sequence[dict[str, Any]]) -> list[str]:
        """Whether the workflow counts its runs right, as soon as it has counted them all."""
        wanted = {"execution_count": len(runs), "success_count": sum(run["status"] == "completed" for run in runs)}
        counted: dict[str, int] = {}

        def reached() -> int:
            workflow = self._api.get(f"/workflows/{self._made['workflow']}")
            counted.update({name: workflow[name] for name in wanted})
            return sum(counted[name] >= wanted[name] for name in wanted)

        with contextlib.suppress(GaveUp):
            until(self._screen, "workflow counters up to date", len(wanted), reached)
        return [
            f"the workflow's {name} is {counted[name]} instead of {number}"
            for name, number in wanted.items()
            if counted[name] != number
        ]


def _path(url: str) -> str:
    """A public link without the address it was made for: the server may have moved to another port since."""
    return "/" + url.split("/", 3)[3]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
