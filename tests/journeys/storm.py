"""The whole product on the one-machine mode, killed, held and lied to at random while it works.

The whole host is killed (SIGKILL: workers, queues, timers and all) and started again, a campaign is paused and resumed,
AWS does to functions what `local/faults.py` lists, and providers time out after accepting, refuse for too much, or
break. Beside the campaign runs, conversations, enrichment and signals go on (`storm_work.py`). In the end the books of
the providers, the API, a recount and a look at every item of the table say whether all held. `make chaos` is 2,000
leads, two steps and 50 kills.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from local import faults
from local.client import Api, Refused, Run
from tests.journeys.host import ROOT, HostProcess
from tests.journeys.patient import Patient
from tests.journeys.storm_people import Gathering, Meeting
from tests.journeys.storm_work import Enriching, Running, Scoring, Talking, Work

KEY = "lf_" + "s" * 43
_PATIENCE_SECONDS = 240
# Addresses, numbers and the key that this storm's people have: none may stand in a log or in a key of the table.
_SOMEBODYS = re.compile(r"[\w.+-]+@[\w-]+\.example\.com|\+1415555\d{4}|lf_s{20,}")
_KEYS = ("pk", "sk", "gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk", "gsi3pk", "gsi3sk")
_BEHAVING = ("sendgrid", "twilio", "webhook", "people_data_labs", "crustdata", "forager")
_RECOUNTED = """
import sys
from local.tools import target
target.find().enter()
from leadflow.campaigns.service.recounting import recount_campaign
print(*recount_campaign(sys.argv[1]))
"""
_QUEUED = """
import json
from local.tools import target
target.find().enter()
from leadflow.core import aws
sqs = aws.client("sqs")
names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"]
left = {}
for url in sqs.list_queues()["QueueUrls"]:
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    if count := sum(int(found[name]) for name in names):
        left[url.rsplit("/", 1)[1]] = count
print(json.dumps(left))
"""
_MODES: tuple[dict[str, Any], ...] = (
    {"mode": "ok"},
    {"mode": "timeout_after_accept", "rate": 0.3},
    {"mode": "rate_limit", "rate": 0.5, "retry_after": 1},
    {"mode": "server_error", "rate": 0.4},
)


@dataclass
class Storm:
    """One run: a host on this directory, and what has been done to it."""

    data_dir: Path
    seed: int
    leads: int
    kills: int
    per_second: int
    works: list[Work] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311 - a seed that can be given again is what is wanted
        self.host = HostProcess(self.data_dir, TIME_SCALE="3600", ADMIN_KEY=KEY)
        self.campaign_id = ""
        self.api: Api | None = None
        self.sandbox: Api | None = None
        self.sandbox_url = ""

    def run(self) -> dict[str, Any]:
        """The figures of the whole run. Raises AssertionError when the law does not hold or a mail went out twice."""
        started = time.monotonic()
        try:
            self._connect(self.host.start())
            self._prepare()
            launched = time.monotonic()
            while self.done["kills"] < self.kills or self._status() == "paused":
                self._something()
            self._calm()
            self._until(lambda: self._status() == "completed", "the campaign never ended", self._pending)
            sending = time.monotonic() - launched
            for work in self.works:
                self._until(lambda work=work: work.is_over(self), f"{type(work).__name__} was never over")
            stats = self._settled()
            return {
                **self._judged(stats),
                **self._in_order(),
                **{type(work).__name__.lower(): work.judged(self) for work in self.works},
                "faults": dict(sorted(faults.done(self.data_dir).items())),
                "seconds_sending": round(sending),
                "seconds": round(time.monotonic() - started),
            }
        finally:
            self._disconnect()
            self.host.kill()

    def _connect(self, run: Run) -> None:
        self._disconnect()
        self.api, self.sandbox = Patient(run.api_url, run.admin_key), Api(run.sandbox_url)
        self.sandbox_url = run.sandbox_url

    def _disconnect(self) -> None:
        for client in (self.api, self.sandbox):
            if client is not None:
                client.close()

    def _prepare(self) -> None:
        lines = [json.dumps({"name": f"Lead {n}", "email": f"lead{n}@storm.example.com"}) for n in range(self.leads)]
        made = self.api.request(
            "POST",
            "/leads/import?fire_triggers=false",
            content="\n".join(lines).encode(),
            headers={"content-type": "application/x-ndjson"},
        ).json()
        for work in self.works:
            work.prepare(self)
        # The storm begins while leads are still coming in.
        self.host.set(FAULTS=str(self.seed))
        self._killed()
        self._until(lambda: self.api.get(f"/imports/{made['id']}")["status"] == "completed", "the leads never came")
        assert self.api.get(f"/imports/{made['id']}")["created"] == self.leads
        ours = {"field": "lead.email", "op": "ends_with", "value": "@storm.example.com"}
        campaign = {"name": "Storm", "target_audience": ours, "rate_per_second": self.per_second}
        self.campaign_id = self.api.post("/campaigns", campaign)["id"]
        for number in (1, 2):
            words = {"name": f"Step {number}", "subject": f"Step {number} for {{{{ name }}}}", "variables": ["name"]}
            template = self.api.post("/templates", {**words, "body": "<p>Hello {{ name }}</p>"})
            step = {"step_number": number, "delay_hours": 2 * (number - 1), "template_id": template["id"]}
            self.api.post(f"/campaigns/{self.campaign_id}/steps", step)
        self.api.post(f"/campaigns/{self.campaign_id}/launch")

    def _something(self) -> None:
        """One thing that may happen, and a moment to work in between."""
        if self._status() == "completed":
            raise AssertionError(f"the campaign was over after {self.done['kills']} kills: send more slowly")
        what = self.chance.choice(("kill", "kill", "pause", "resume", "resume", "provider", "work", "work"))
        if what == "kill":
            self._killed()
            self.done["kills"] += 1
        elif what == "provider":
            mode = self.chance.choice(_MODES)
            self.sandbox.request("PUT", f"/behaviour/{self.chance.choice(_BEHAVING)}", mode)
            self.done[str(mode["mode"])] += 1
        elif what == "work":
            if self.works:
                self.chance.choice(self.works).do(self)
        else:
            try:
                self.api.post(f"/campaigns/{self.campaign_id}/{what}")
                self.done[f"{what}s"] += 1
            except Refused:
                # It is as it was to become already.
                pass
        time.sleep(self.chance.uniform(0.05, 0.8))

    def _killed(self) -> None:
        self.host.kill()
        self._connect(self.host.start())

    def _calm(self) -> None:
        """Nothing is struck any more: whatever was begun must come to its end."""
        for work in self.works:
            work.do(self)
        for provider in _BEHAVING:
            self.sandbox.request("PUT", f"/behaviour/{provider}", {"mode": "ok"})
        self.host.set(FAULTS="")
        self._killed()
        if self._status() == "paused":
            self.api.post(f"/campaigns/{self.campaign_id}/resume")

    def _status(self) -> str:
        return str(self.api.get(f"/campaigns/{self.campaign_id}")["status"])

    def _pending(self) -> int:
        return int(self.api.get(f"/campaigns/{self.campaign_id}/stats")["pending"])

    def _settled(self) -> dict[str, Any]:
        """The numbers once they stand still: the provider has reported, and the stream is read."""
        before: dict[str, Any] = {}
        still = 0
        give_up = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < give_up:
            stats: dict[str, Any] = self.api.get(f"/campaigns/{self.campaign_id}/stats")
            del stats["as_of"]
            still = still + 1 if stats == before else 0
            if still == 8 and stats["pending"] == 0:
                return stats
            before = stats
            time.sleep(0.5)
        raise AssertionError(f"the numbers never stood still: {before}")

    def _judged(self, stats: dict[str, Any]) -> dict[str, Any]:
        for step in stats["steps"]:
            parts = [step[name] for name in ("sent", "skipped", "failed", "unknown", "pending")]
            assert sum(parts) == step["audience"] == self.leads, step
        mails = self.sandbox.get("/sent?provider=sendgrid")["items"]
        got = Counter((mail["to"], mail["subject"].partition(" for ")[0]) for mail in mails)
        got = Counter({mail: times for mail, times in got.items() if mail[0].endswith("@storm.example.com")})
        twice = [mail for mail, times in got.items() if times > 1]
        assert not twice, f"{len(twice)} mails went out twice, as {twice[:3]}"
        steps = [{name: step[name] for name in ("sent", "skipped", "failed", "unknown")} for step in stats["steps"]]
        assert sum(step["sent"] for step in steps) <= got.total(), "more counted as sent than the provider has"
        assert got.total() <= sum(step["sent"] + step["unknown"] for step in steps), (
            "the provider has more than we know"
        )
        return {"leads": self.leads, "steps": steps, "at_provider": got.total(), "twice": 0, **self.done}

    def _in_order(self) -> dict[str, Any]:
        """What the product's own tools say: every item is right and has its owner, and a recount finds nothing."""
        valid = self._tool("-m", "local.tools", "validate")
        assert valid.returncode == 0, valid.stdout[-2000:] + valid.stderr[-2000:]
        recounted = self._tool("-c", _RECOUNTED, self.campaign_id)
        assert recounted.returncode == 0, recounted.stderr[-2000:]
        assert recounted.stdout.split() == ["0", "0"], f"missed and mended by the recount: {recounted.stdout}"
        self._until(lambda: not self._queued(), "queues never were empty")
        seen = {found[0] for text in self._where_nobody_is() for found in _SOMEBODYS.finditer(text)}
        assert not seen, f"{len(seen)} people or secrets are in logs or keys, as {min(seen)}"
        return {"validate": valid.stdout.splitlines()[-1], "recount": "missed 0, mended 0", "queued": 0}

    def _where_nobody_is(self) -> Iterator[str]:
        """All logs of the host, and all keys of the table."""
        for log in self.data_dir.glob("*.log*"):
            yield log.read_text()
        with closing(sqlite3.connect(f"file:{self.data_dir / 'leadflow.db'}?mode=ro", uri=True)) as database:
            for (body,) in database.execute("SELECT body FROM items"):
                item = json.loads(body)
                yield from (str(item[name]) for name in _KEYS if name in item)

    def _queued(self) -> dict[str, int]:
        """How many messages wait in each queue that has any, dead-letter queues among them."""
        found = self._tool("-c", _QUEUED)
        assert found.returncode == 0, found.stderr[-2000:]
        waiting: dict[str, int] = json.loads(found.stdout)
        return waiting

    def _tool(self, *command: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "DATA_DIR": str(self.data_dir)}
        return subprocess.run(
            [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
        )

    def _until(self, look: Callable[[], bool], otherwise: str, left: Callable[[], int] = int) -> None:
        """Waits as long as what is `left` becomes less, since a busy machine takes its time."""
        least, give_up = left(), time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < give_up:
            try:
                if look():
                    return
                if (now := left()) < least:
                    least, give_up = now, time.monotonic() + _PATIENCE_SECONDS
            except httpx.TransportError:
                pass
            time.sleep(0.2)
        raise AssertionError(otherwise)


def works(leads: int) -> list[Work]:
    """Everything but the campaign, of about this size."""
    if not leads:
        return []
    some = max(1, leads // 5)
    about_people = [Meeting(some), Gathering(max(1, leads // 10))]
    return [Running(some), Talking(max(2, some)), Enriching(leads), Scoring(some), *about_people]


def main(arguments: list[str]) -> int:
    """Prints the figures as JSON."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--leads", type=int, default=2_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--per-second", type=int, default=25)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--others", type=int, default=20, help="how many leads the other works have; 0 for none")
    parser.add_argument("--keep", help="a directory to keep the data in, to look at when it failed")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(options.keep or folder) / "data"
        directory.parent.mkdir(parents=True, exist_ok=True)
        storm = Storm(directory, options.seed, options.leads, options.kills, options.per_second, works(options.others))
        print(json.dumps({"seed": options.seed, **storm.run()}, indent=2))  # noqa: T201 - what the program is for
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
