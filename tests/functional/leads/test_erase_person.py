"""The worker of the erasures queue."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from leadflow.campaigns.service import suppressions
from leadflow.channels import store as channels
from leadflow.core import seams
from leadflow.leads import service
from tests.functional.campaigns.mailing import MailService, mail_service
from tests.functional.leads.announced import work
from tests.functional.leads.erasing import (
    OTHER,
    PERSON,
    World,
    erase,
    erasure,
    everything,
    left_of_the_person,
    queued,
)
from tests.functional.webhooks import posts
from tests.functional.wire import Killed, counts, killed_at, stored
from tests.functional.workflows.engine import Engine
from tests.harness import Clock, call, door


@pytest.fixture
def mails(cloud: seams.Seams) -> Iterator[MailService]:
    with mail_service() as service:
        yield service


@pytest.fixture
def world(mails: MailService, clock: Clock) -> World:
    return World(Engine(clock))


def totals(workflow_id: str) -> dict[str, Any]:
    found = call("workflows/get_workflow", path={"workflow_id": workflow_id}).json
    return {name: found[name] for name in ("execution_count", "success_count", "failure_count")}


def of_the_other(world: World) -> dict[str, str]:
    """What is kept about the other person, by key."""
    names = (world.other_id, world.other_mail_id)
    return {
        item["pk"]["S"] + item["sk"]["S"]: repr(item)
        for item in stored()
        if item["type"]["S"] != "Delivery" and any(name in repr(item) for name in names)
    }


def test_nothing_of_the_person_is_left_anywhere(world: World, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    assert set(left_of_the_person(everything())) == {"zebedee", "quillfeather", "2079460018", "marmalade", "marmaduke"}
    before, numbers = of_the_other(world), (totals(world.mailing), totals(world.waiting))

    assert erase(world.lead_id).status == 202
    assert work(*queued()) == []

    assert left_of_the_person(everything()) == []
    assert left_of_the_person(posts.logged(caplog.records).lower()) == []
    assert of_the_other(world) == before
    assert (totals(world.mailing), totals(world.waiting)) == numbers
    done = erasure(world.lead_id)
    assert (done["status"], done["completed_at"]) == ("completed", "2026-03-02T09:00:01.000Z")
    assert {name: number > 0 for name, number in done["deleted"].items()} == dict.fromkeys(
        ("workflows", "enrichment", "activities", "campaigns", "channels", "leads"), True
    )
    kept = {item["type"]["S"] for item in stored() if world.lead_id in repr(item) or world.mail_id in repr(item)}
    assert kept == {"Erasure", "ErasedMail", "Suppression", "CountedPlace"}
    # The time of the person's appointment, over midnight, is free again; that of the other is not.
    [agenda] = stored("Agenda")
    assert "T22:30" in repr(agenda)
    assert 'T23:30:00.000Z", "2026-03-05' not in repr(agenda)
    # What went on without the person: the run that waited is over, others' entries and the suppression stay.
    waited = {start["execution_id"]: start for _, start in world.engine.asleep}
    ends = [door("workflows/run_segment")(dict(start), None)["next"] for start in waited.values()]
    assert sorted(ends) == ["done", "wait"]
    assert suppressions.is_suppressed("email", PERSON["email"].upper()) == "unsubscribe"
    bodies = [json.loads(channels.body_of(delivery)) for delivery in channels.deliveries_since("2026")]
    assert [body[0] for body in bodies] == [{"erased": True}] * 3
    assert [entry["email"] for body in bodies for entry in body[1:]] == [OTHER["email"]] * 2


def test_what_comes_late_brings_nothing_back(world: World, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    numbers = (totals(world.mailing), totals(world.waiting))
    every_change_again = Engine(clock).changes()
    erase(world.lead_id)
    work(*queued())
    world.engine.deliver()
    before = counts()

    path, reader = {"tracking_id": world.mail_id}, {"user-agent": "Quillfeather"}
    for name, status in (("open", 200), ("view", 404), ("unsubscribe_page", 404), ("unsubscribe", 404)):
        assert call(f"tracking/{name}", path=path, headers=reader, scopes=None).status == status
    assert call("tracking/click", path={**path, "link": "1"}, headers=reader, scopes=None).status == 404
    assert call("signals/record_signal", {"signal_type": "email_open"}, path={"lead_id": world.lead_id}).status == 404
    world.engine.deliver(every_change_again)
    world.engine.deliver()
    assert counts() == before
    assert (totals(world.mailing), totals(world.waiting)) == numbers

    world.post(posts.event(world.mail_id, "bounce", email=PERSON["email"]), posts.event(world.other_mail_id, "open"))
    assert posts.work(*posts.queued()) == []

    # The provider is not sure we got its large post, and sends it again.
    world.post(*world.large)

    assert {item["state"]["S"] for item in stored("Delivery")} == {"processed", "received"}
    assert len(stored("Delivery")) == 4
    assert left_of_the_person(everything()) == []
    assert left_of_the_person(posts.logged(caplog.records).lower()) == []


def test_killed_again_and_again_it_comes_to_the_same_end(world: World, clock: Clock) -> None:
    """The worker dies at its first call, the next at its fourth, and so on until one has less to do than that.

    Every other death comes before the call is sent, the others when it is done. Reconcile brings each of them back.
    """
    other = of_the_other(world)
    erase(world.lead_id)
    deaths = 0
    while messages := queued():
        try:
            with killed_at(3 * deaths + 1, sent=deaths % 2 == 1):
                work(*messages)
        except Killed:
            deaths += 1
        clock.advance(minutes=4)
        service.reconcile()

    assert deaths > 10
    assert erasure(world.lead_id)["status"] == "completed"
    assert left_of_the_person(everything()) == []
    assert of_the_other(world) == other
    assert {item["type"]["S"] for item in stored() if world.lead_id in repr(item)} == {
        "Erasure",
        "ErasedMail",
        "CountedPlace",
    }
