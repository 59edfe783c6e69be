"""Messages of many people at once over real HTTP, with duplicates, while the host is killed again and again.

Who writes by SMS sends a message when the one before it was taken, so that there is an order of receipt; on Messenger
everything comes in no order at all, and the provider's time says what came first.
"""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import httpx

from local.client import Api, Run
from tests.journeys.deliveries import Post, Senders, deliver
from tests.journeys.host import HostProcess

AT_ONCE = 50
PEOPLE = 20
# Every tenth post comes again right behind the first; all of them come once more in the end.
_TWICE = 10


@dataclass
class Posted:
    """What was posted, and how long it took in seconds: `taken` until all was taken, `settled` until all was worked on.

    `found` has what each person's conversation then holds, oldest first, as `<channel> <person>` to message numbers.
    """

    messages: int
    posts: int
    kills: int
    taken: float
    settled: float
    found: dict[str, list[int]]
    parked: int

    @property
    def missing(self) -> int:
        return self.messages - sum(len(set(numbers)) for numbers in self.found.values())

    @property
    def doubled(self) -> int:
        return sum(len(numbers) - len(set(numbers)) for numbers in self.found.values())

    def out_of_order(self, channel: str) -> int:
        """How many messages of conversations on this channel stand before one that came earlier."""
        pairs = (pair for name, numbers in self.found.items() if name.startswith(channel) for pair in pairwise(numbers))
        return sum(first > second for first, second in pairs)


def run(host: HostProcess, count: int, kills: int) -> Posted:
    """Posts `count` messages and looks at what came of them. The host is started, and left running."""
    started: Run = host.start()
    with closing(Api(started.api_url, started.admin_key)) as api:
        senders = Senders(host.data_dir, api.every("/channels"))
        begun = time.monotonic()
        posts = _all_posted(host, started, senders, count, kills)
        taken = time.monotonic()
        _settle(api, 60 + count / 5)
        settled = time.monotonic()
        parked = len(api.get("/webhook-inbox", params={"state": "parked"})["items"])
        messages = count // PEOPLE * PEOPLE
        return Posted(messages, posts, kills, taken - begun, settled - taken, _found(api), parked)


def _all_posted(host: HostProcess, started: Run, senders: Senders, count: int, kills: int) -> int:
    chance = random.Random(7)  # noqa: S311 - the same in every run
    numbers = range(count // PEOPLE)
    by_sms = [[senders.sms(person, number) for number in numbers] for person in range(1, PEOPLE, 2)]
    by_messenger = [senders.messenger(person, number) for person in range(0, PEOPLE, 2) for number in numbers]
    by_messenger += chance.sample(by_messenger, len(by_messenger) // _TWICE)
    chance.shuffle(by_messenger)
    again = [*by_messenger, *(post for posts in by_sms for post in posts)]
    chance.shuffle(again)
    limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
    with (
        httpx.Client(base_url=started.api_url, timeout=30, trust_env=False, limits=limits) as client,
        ThreadPoolExecutor(AT_ONCE) as crowd,
    ):
        pending = [crowd.submit(_one_by_one, client, posts) for posts in by_sms]
        single = [crowd.submit(_one_by_one, client, [post]) for post in by_messenger]
        for kill in range(1, kills + 1):
            single[len(single) * kill // (kills + 1)].result()
            host.kill()
            host.start()
        count = sum(one.result() for one in [*pending, *single])
        # Only now: what comes again before its first time would be the first.
        return count + sum(one.result() for one in [crowd.submit(_one_by_one, client, [post]) for post in again])


def _one_by_one(client: httpx.Client, posts: list[Post]) -> int:
    """Posts in this order, some of them twice; how many posts that were."""
    for place, post in enumerate(posts, 1):
        deliver(client, post)
        if place % _TWICE == 0:
            deliver(client, post)
    return len(posts) + len(posts) // _TWICE


def _settle(api: Api, patience: float) -> None:
    """Waits until everything that was posted has been worked on."""
    give_up = time.monotonic() + patience
    while time.monotonic() < give_up:
        if not _is_one_waiting(api):
            return
        time.sleep(1)
    raise AssertionError("deliveries are still waiting")


def _is_one_waiting(api: Api) -> bool:
    """A page of a long list may be empty and have a next one, so all of them are looked at."""
    page = api.get("/webhook-inbox", params={"state": "received", "limit": 1})
    while not page["items"] and page["next_cursor"]:
        params = {"state": "received", "limit": 1, "cursor": page["next_cursor"]}
        page = api.get("/webhook-inbox", params=params)
    return bool(page["items"])


def _found(api: Api) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for conversation in api.every("/conversations"):
        listed: list[dict[str, Any]] = api.every(f"/conversations/{conversation['id']}/messages")
        numbers = [int(message["content"].removeprefix("message ")) for message in listed[::-1]]
        # A second conversation with the same person would be one too many.
        found.setdefault(f"{conversation['channel']} {conversation['id']}", []).extend(numbers)
    return found
