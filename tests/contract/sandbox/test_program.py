"""The sandbox as a program of its own, killed without warning."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.contract.sandbox.world import ADMIN_KEY, Product, mail, product_running, sample

ROOT = Path(__file__).parents[3]


@contextmanager
def program(data_dir: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "local.sandbox", "--port", "0", "--data-dir", str(data_dir), *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        found = re.search(r"http://[\d.:]+", process.stdout.readline())
        assert found
        with httpx.Client(base_url=found.group(), trust_env=False) as client:
            yield process, client
    finally:
        process.kill()
        process.communicate()


def test_everything_it_said_yes_to_outlives_a_kill(tmp_path: Path) -> None:
    key = {"Authorization": "Bearer k"}
    with program(tmp_path) as (process, client):
        accepted = [client.post("/sendgrid/v3/mail/send", json=sample(), headers=key) for _ in range(20)]
        process.kill()
        process.wait()

    with product_running(Product()) as product:
        product.add_channel()
        with program(tmp_path, "--api-url", product.url, "--admin-key", ADMIN_KEY) as (_, client):
            ids = [item["request_id"] for item in client.get("/sent").json()["items"]]
            assert ids[::2] == ids[1::2] == [answer.headers["X-Message-Id"] for answer in accepted]
            events = product.wait_for_events(80)
    assert len({event["sg_event_id"] for event in events}) == 80


def test_it_ends_cleanly_when_asked_to_even_with_a_caller_on_hold(tmp_path: Path) -> None:
    with program(tmp_path) as (process, client):
        client.put("/behaviour/sendgrid", json={"mode": "timeout_after_accept"})
        with httpx.Client(base_url=client.base_url, timeout=0.3) as hasty:
            try:
                hasty.post("/sendgrid/v3/mail/send", json=mail(), headers={"Authorization": "Bearer k"})
            except httpx.ReadTimeout:
                process.terminate()
        _, errors = process.communicate(timeout=20)

    assert (process.returncode, errors) == (0, "")


def test_a_port_that_is_taken_is_one_clear_line(tmp_path: Path) -> None:
    with program(tmp_path) as (_, client):
        taken = subprocess.run(
            [sys.executable, "-m", "local.sandbox", "--port", str(client.base_url.port), "--data-dir", str(tmp_path)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )

    assert taken.returncode == 1
    assert len(taken.stderr.strip().splitlines()) == 1
    assert str(client.base_url.port) in taken.stderr
