"""Messages of many people at once over real HTTP, with duplicates, while the host is killed again and again."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from local.client import Api, Run
from tests.journeys.deliveries import Post, Senders, deliver
from tests.journeys.host import HostProcess

# DELIVERIES=10000 for the figures of record.
DELIVERIES = int(os.environ.get("DELIVERIES", "200"))
AT_ONCE = 50
PEOPLE = 20
_SETTLED_SECONDS = 60 + DELIVERIES / 5


def _posts(senders: Senders, chance: random.Random) -> list[Post]:
    """Everybody's messages, a tenth of them twice, in no order at all."""
    posts = [
        (senders.sms if person % 2 else senders.messenger)(person, number)
        for person in range(PEOPLE)
        for number in range(DELIVERIES // PEOPLE)
    ]
    posts += chance.sample(posts, len(posts) // 10)
    chance.shuffle(posts)
    return posts


def _conversations(api: Api) -> dict[str, list[dict[str, Any]]]:
    """The messages of every conversation, oldest first."""
    found = {}
    for conversation in api.every("/conversations"):
        messages = api.every(f"/conversations/{conversation['id']}/messages")
        found[f"{conversation['channel']} {conversation['id']}"] = messages[::-1]
    return found


def _settled(api: Api) -> None:
    """Waits until everything that was posted has been worked on."""
    give_up = time.monotonic() + _SETTLED_SECONDS
    while time.monotonic() < give_up:
        if not api.get("/webhook-inbox", params={"state": "received", "limit": 1})["items"]:
            return
        time.sleep(0.5)
    raise AssertionError("deliveries are still waiting")


@pytest.mark.parametrize("kills", [2])
def test_nothing_is_lost_doubled_or_out_of_order_whatever_dies(
    new_host: Callable[..., HostProcess], kills: int
) -> None:
    host = new_host()
    run: Run = host.start()
    api = Api(run.api_url, run.admin_key)
    chance = random.Random(7)  # noqa: S311 - the same in every run
    posts = _posts(Senders(host.data_dir, api.every("/channels")), chance)
    limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
    with (
        httpx.Client(base_url=run.api_url, timeout=30, trust_env=False, limits=limits) as client,
        ThreadPoolExecutor(AT_ONCE) as crowd,
    ):
        share = len(posts) // (kills + 1)
        for part in range(kills + 1):
            first = part * share
            taken = [crowd.submit(deliver, client, post) for post in posts[first : first + share + kills]]
            if part < kills:
                taken[len(taken) // 2].result()
                host.kill()
                host.start()
            for one in taken:
                one.result()
        # Whatever the slices left out, and everything else once more.
        for one in [crowd.submit(deliver, client, post) for post in posts]:
            one.result()
    _settled(api)

    found = _conversations(api)
    assert len(found) == PEOPLE
    for name, messages in found.items():
        numbers = [int(message["content"].removeprefix("message ")) for message in messages]
        assert sorted(numbers) == list(range(DELIVERIES // PEOPLE)), name
        if name.startswith("messenger"):
            assert numbers == sorted(numbers), name
    assert api.get("/webhook-inbox", params={"state": "parked"})["items"] == []
    api.close()
