"""POST /simulate: a person or a test says what a recipient did, and the product gets the real webhook for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.sandbox.world import (
    Product,
    Running,
    is_signed,
    mail,
    product_running,
    sample,
    sandbox_running,
    to,
)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Product]]:
    """A sandbox that has sent the sample to two people, with its own events out of the way; one for the whole file."""
    with product_running(Product()) as product:
        product.add_channel()
        with sandbox_running(tmp_path_factory.mktemp("simulate"), product) as sandbox:
            sandbox.send(sample())
            product.wait_for_events(4)
            yield sandbox, product


@pytest.fixture
def product(pair: tuple[Running, Product]) -> Product:
    return pair[1]


@pytest.fixture
def told(pair: tuple[Running, Product]) -> Running:
    sandbox, product = pair
    product.posted.clear()
    return sandbox


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("processed", {"event": "processed"}),
        ("deferred", {"event": "deferred", "attempt": "1"}),
        ("delivered", {"event": "delivered", "tls": 1}),
        (
            "bounce",
            {"event": "bounce", "type": "bounce", "status": "5.1.1", "bounce_classification": "Invalid Address"},
        ),
        ("blocked", {"event": "bounce", "type": "blocked"}),
        ("dropped", {"event": "dropped", "reason": "Bounced Address"}),
        ("open", {"event": "open", "sg_machine_open": False}),
        ("machine_open", {"event": "open", "sg_machine_open": True, "useragent": "Mozilla/5.0"}),
        ("click", {"event": "click", "url": "https://www.example.com/tour?lead=1"}),
        ("spamreport", {"event": "spamreport"}),
        ("unsubscribe", {"event": "unsubscribe"}),
        ("group_unsubscribe", {"event": "group_unsubscribe", "asm_group_id": 1}),
        ("group_resubscribe", {"event": "group_resubscribe", "asm_group_id": 1}),
    ],
)
def test_every_event_reaches_the_product_signed(
    told: Running, product: Product, name: str, expected: dict[str, Any]
) -> None:
    answer = told.simulate(event=name, to="zoe.obrien@example.com")

    assert answer.status_code == 200
    result = answer.json()
    (post,) = product.posted
    assert is_signed(post, told.sandbox.sendgrid_public_key())
    assert (result["delivered"], result["statuses"], result["events"]) == (1, [200], post.events)
    (event,) = post.events
    assert {key: event[key] for key in expected} == expected
    assert event["mail_id"] == "mail-0001"
    assert event["sg_message_id"] == told.sent(to="zoe.obrien@example.com")[0]["id"]


def test_a_mail_is_found_by_id_by_request_id_or_as_the_latest_to_an_address(told: Running, product: Product) -> None:
    told.send(mail(personalizations=to("ida@example.com", "other@example.com")))
    told.send(mail(personalizations=to("ida@example.com")))
    product.wait_for_events(6)
    first, second = told.sent(to="ida@example.com")

    def meant(**asked: str) -> str:
        return told.simulate(event="open", **asked).json()["events"][0]["sg_message_id"]

    assert meant(to="Ida@Example.com") == second["id"]
    assert meant(message_id=first["id"]) == first["id"]
    assert meant(message_id=second["request_id"]) == second["id"]
    assert meant(message_id=first["request_id"], to="ida@example.com") == first["id"]


def test_duplicates_are_deliveries_of_the_same_event(told: Running, product: Product) -> None:
    result = told.simulate(event="open", to="zoe.obrien@example.com", duplicate=3).json()

    assert (result["delivered"], result["statuses"]) == (3, [200, 200, 200])
    assert len({post.body for post in product.posted}) == 1
    assert len(product.posted) == 3


def test_several_events_come_in_order_or_shuffled(told: Running, product: Product) -> None:
    names = ["processed", "delivered", "open", "click", "unsubscribe"]
    told.simulate(event=names, to="zoe.obrien@example.com")
    assert [event["event"] for post in product.posted for event in post.events] == names
    product.posted.clear()

    told.simulate(event=names, to="zoe.obrien@example.com", duplicate=2, shuffle=True)

    came = [event["event"] for post in product.posted for event in post.events]
    assert sorted(came) == sorted(names * 2)
    assert came != names * 2
    assert len(product.posted) == 10


def test_a_click_may_name_its_link_and_further_fields_overrule(told: Running) -> None:
    asked = {"url": "https://other.test/x", "useragent": "Outlook-SafeLinks", "to": "zoe.obrien@example.com"}

    (event,) = told.simulate(event="click", **asked).json()["events"]

    assert (event["url"], event["useragent"]) == ("https://other.test/x", "Outlook-SafeLinks")


def test_the_products_refusal_is_shown_and_the_event_tried_again(told: Running, product: Product) -> None:
    product.answers = [401]

    result = told.simulate(event="bounce", to="zoe.obrien@example.com").json()

    assert (result["delivered"], result["statuses"]) == (0, [401])
    posts = product.wait_for(lambda posts: len(posts) == 2)
    assert posts[0].events == posts[1].events


def test_without_a_channel_there_is_nobody_to_tell(lonely: Running) -> None:
    lonely.send(mail())

    answer = lonely.simulate(event="open", to="ana@example.com")

    assert answer.status_code == 409
    assert "email channel" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("asked", "status", "field"),
    [
        ({"provider": "pigeon"}, 422, "provider"),
        ({"provider": None, "channel": None}, 422, "provider"),
        ({"event": "explode"}, 422, "event"),
        ({"event": None}, 422, "event"),
        ({"event": ["open", "explode"]}, 422, "event"),
        ({"event": []}, 422, "event"),
        ({"channel": "sms"}, 422, "channel"),
        ({"to": None}, 422, "to"),
        ({"to": 5}, 422, "to"),
        ({"to": "nobody@example.com"}, 404, "to"),
        ({"message_id": "unknown"}, 404, "message_id"),
        ({"duplicate": 0}, 422, "duplicate"),
        ({"duplicate": 101}, 422, "duplicate"),
        ({"duplicate": "2"}, 422, "duplicate"),
        ({"shuffle": "yes"}, 422, "shuffle"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(
    told: Running, product: Product, asked: dict[str, Any], status: int, field: str
) -> None:
    whole = {"event": "open", "channel": "email", "to": "zoe.obrien@example.com", **asked}

    answer = told.simulate(**whole)

    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert product.posted == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]"])
def test_a_body_that_is_no_object_is_refused(told: Running, body: bytes) -> None:
    assert told.http.post("/simulate", content=body).status_code == 400
