"""A small client of a running one-machine mode, for the demo, seeds and journeys."""

from __future__ import annotations

import json
import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

_POLL_SECONDS = 0.05
_ANSWER_SECONDS = 5.0


class NotReady(Exception):
    """The host did not come up in time, or ended."""


class Refused(Exception):
    """The API answered otherwise than expected; `status` and `problem` say how."""

    def __init__(self, method: str, path: str, status: int, problem: Any) -> None:
        super().__init__(f"{method} {path} answered {status}: {json.dumps(problem)}")
        self.status = status
        self.problem = problem


@dataclass(frozen=True)
class Run:
    """Where a running host answers, from its run file."""

    api_url: str
    admin_key: str
    sandbox_url: str
    docs_url: str
    pid: int


def read_run(data_dir: Path) -> Run | None:
    """The run that a data directory speaks of; None when it speaks of none."""
    try:
        facts = json.loads((data_dir / "run.json").read_text())
    except FileNotFoundError:
        return None
    return Run(**{name: facts[name] for name in Run.__dataclass_fields__})


def find_run(data_dir: Path) -> Run | None:
    """The run on a data directory that is alive, which a killed run is not; None without one."""
    run = read_run(data_dir)
    return run if run and _is_alive(run.pid) and _answers(run.api_url) else None


def wait_ready(data_dir: Path, timeout: float = 60) -> Run:
    """Waits until a host on this data directory answers. Raises NotReady after `timeout` seconds."""
    give_up = time.monotonic() + timeout
    while time.monotonic() < give_up:
        if run := find_run(data_dir):
            return run
        time.sleep(_POLL_SECONDS)
    raise NotReady(f"no host is ready on {data_dir} after {timeout:g} seconds")


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _answers(url: str) -> bool:
    """Whether anything listens there: a process that was killed may be listed for a moment more."""
    where = httpx.URL(url)
    try:
        socket.create_connection((where.host, where.port or 80), _ANSWER_SECONDS).close()
    except OSError:
        return False
    return True


class Api:
    """JSON over HTTP with an API key; also fits the provider sandbox, which needs none."""

    def __init__(self, url: str, key: str | None = None, timeout: float = 30) -> None:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout, trust_env=False)

    def request(self, method: str, path: str, json: Any = None, **options: Any) -> httpx.Response:
        """The answer whatever it is; `options` are httpx's (params, headers, content …)."""
        return self._http.request(method, path, json=json, **options)

    def call(self, method: str, path: str, json: Any = None, *, expect: int | None = None, **options: Any) -> Any:
        """The answer's JSON (None when empty). Raises Refused unless it is 2xx, or `expect` where given."""
        answer = self.request(method, path, json, **options)
        fine = answer.is_success if expect is None else answer.status_code == expect
        content = _content(answer)
        if not fine:
            raise Refused(method, path, answer.status_code, content)
        return content

    def get(self, path: str, **options: Any) -> Any:
        return self.call("GET", path, **options)

    def post(self, path: str, json: Any = None, **options: Any) -> Any:
        return self.call("POST", path, json, **options)

    def patch(self, path: str, json: Any = None, **options: Any) -> Any:
        return self.call("PATCH", path, json, **options)

    def put(self, path: str, json: Any = None, **options: Any) -> Any:
        return self.call("PUT", path, json, **options)

    def delete(self, path: str, **options: Any) -> Any:
        return self.call("DELETE", path, **options)

    def every(self, path: str, **params: Any) -> list[Any]:
        """All items of a list, page by page."""
        items: list[Any] = []
        cursor: str | None = None
        while True:
            page = self.get(path, params={**params, "limit": 100, **({"cursor": cursor} if cursor else {})})
            items += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return items

    def close(self) -> None:
        self._http.close()


def _content(answer: httpx.Response) -> Any:
    if not answer.content:
        return None
    if "json" in answer.headers.get("content-type", ""):
        return answer.json()
    return answer.text
