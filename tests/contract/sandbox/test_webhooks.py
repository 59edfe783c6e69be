"""The signed event webhooks that follow an accepted mail: what they hold, and that none is ever lost."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from local.sandbox.providers.sendgrid.events import EVENTS
from tests.contract.sandbox.world import (
    SAMPLE,
    MovableClock,
    Posted,
    Product,
    Running,
    is_signed,
    mail,
    product_running,
    sample,
    sandbox_running,
    to,
)


def events_of(posts: list[Posted]) -> list[tuple[str, str]]:
    return sorted((event["email"], event["event"]) for post in posts for event in post.events)


def test_processed_and_delivered_follow_by_themselves(sandbox: Running, product: Product) -> None:
    request_id = sandbox.send(sample()).headers["X-Message-Id"]

    events = product.wait_for_events(4)

    assert sorted((event["email"], event["event"]) for event in events) == [
        ("amara.okafor@example.net", "delivered"),
        ("amara.okafor@example.net", "processed"),
        ("zoe.obrien@example.com", "delivered"),
        ("zoe.obrien@example.com", "processed"),
    ]
    items = {item["to"]: item["id"] for item in sandbox.sent()}
    for event in events:
        assert event["sg_message_id"] == items[event["email"]]
        assert event["sg_message_id"].partition(".")[0] == request_id
        assert event["smtp-id"] == f"<{request_id}@geopod-ismtpd-0>"
        assert event["category"] == ["spring-tour"]
        assert event["campaign"] == "spring-tour"
        assert abs(event["timestamp"] - time.time()) < 60
    assert {event["mail_id"] for event in events} == {"mail-0001", "mail-0002"}
    assert {event["step"] for event in events if event["mail_id"] == "mail-0002"} == {"2"}
    assert len({event["sg_event_id"] for event in events}) == 4
    assert {post.path for post in product.posted} == {"/hook/email-1"}


def test_the_signature_covers_timestamp_and_raw_body(sandbox: Running, product: Product) -> None:
    sandbox.send(mail())
    (post,) = product.wait_for(lambda posts: len(posts) == 1)
    key = sandbox.sandbox.sendgrid_public_key()

    assert is_signed(post, key)
    assert post.body.endswith(b"]\r\n")
    assert post.headers["content-type"] == "application/json"
    assert not is_signed(Posted(post.path, post.headers, post.body.strip()), key)
    assert not is_signed(Posted(post.path, post.headers, json.dumps(post.events).encode()), key)
    later = str(int(post.headers["x-twilio-email-event-webhook-timestamp"]) + 1)
    forged = {**post.headers, "x-twilio-email-event-webhook-timestamp": later}
    assert not is_signed(Posted(post.path, forged, post.body), key)


def test_the_key_pair_is_kept_where_only_its_owner_reads_it(lonely: Running, tmp_path: Path) -> None:
    folder = tmp_path / "sandbox"
    key = lonely.sandbox.sendgrid_public_key()

    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "sendgrid_private_key.pem").stat().st_mode & 0o777 == 0o600
    assert (folder / "sendgrid_public_key.txt").read_text() == f"{key}\n"
    assert len(key) == 124


def test_sendgrids_own_fields_win_over_custom_arguments(sandbox: Running, product: Product) -> None:
    sandbox.send(mail(custom_args={"event": "mine", "email": "mine", "sg_message_id": "mine", "mine": "1"}))

    for event in product.wait_for_events(2):
        assert event["event"] in ("processed", "delivered")
        assert event["email"] == "ana@example.com"
        assert event["sg_message_id"] != "mine"
        assert event["mine"] == "1"


def test_many_events_travel_in_few_posts(sandbox: Running, product: Product) -> None:
    sandbox.send(mail(personalizations=to(*(f"p{number}@example.com" for number in range(1000)))))

    events = product.wait_for_events(2000)

    assert len(events) == len({event["sg_event_id"] for event in events}) == 2000
    assert len(product.posted) <= 4
    assert max(len(post.body) for post in product.posted) < 768 * 1024


def test_a_refused_webhook_comes_again_with_the_same_ids(
    sandbox: Running, product: Product, clock: MovableClock
) -> None:
    product.answers = [500, 401, 302]
    sandbox.send(mail())

    posts = product.wait_for(lambda posts: len(posts) >= 4, clock)

    ids = [[event["sg_event_id"] for event in post.events] for post in posts]
    assert ids == [ids[0]] * 4
    assert all(is_signed(post, sandbox.sandbox.sendgrid_public_key()) for post in posts)
    stamps = [int(post.headers["x-twilio-email-event-webhook-timestamp"]) for post in posts]
    assert stamps == sorted(set(stamps))


def test_a_post_under_way_is_not_begun_again_when_the_clock_runs_ahead(
    sandbox: Running, product: Product, clock: MovableClock
) -> None:
    product.answering.clear()
    sandbox.send(mail())
    product.wait_for(lambda posts: len(posts) == 1)

    clock.advance(3600)
    sandbox.send(mail(personalizations=to("second@example.com")))
    posts = product.wait_for(lambda posts: len(posts) == 2)
    product.answering.set()

    assert events_of(posts[1:]) == [("second@example.com", "delivered"), ("second@example.com", "processed")]


def test_an_event_is_given_up_after_a_day(sandbox: Running, product: Product, clock: MovableClock) -> None:
    product.status = 500
    sandbox.send(mail(subject="old"))
    product.wait_for(lambda posts: len(posts) >= 2, clock)
    assert sandbox.waiting() == 2

    clock.advance(24 * 3600)

    product.wait_for(lambda _: sandbox.waiting() == 0, clock)


def test_events_wait_until_there_is_a_channel(sandbox: Running, product: Product, clock: MovableClock) -> None:
    product.channels.clear()
    sandbox.send(mail())
    product.wait_for(lambda _: len(product.asked) >= 2, clock)
    assert product.posted == []

    product.add_channel("email-2")

    assert events_of(product.wait_for(lambda posts: posts != [])) == [
        ("ana@example.com", "delivered"),
        ("ana@example.com", "processed"),
    ]
    assert product.posted[0].path == "/hook/email-2"


@pytest.mark.parametrize("known", [True, False])
def test_undelivered_events_survive_a_restart(tmp_path: Path, known: bool) -> None:
    """Whether the product refused them or could not be found at all."""
    with product_running(Product(status=503)) as product:
        product.add_channel()
        with sandbox_running(tmp_path, product if known else None) as before:
            before.send(mail())
            if known:
                product.wait_for(lambda posts: len(posts) == 1)

        product.status = 200
        product.posted.clear()
        with sandbox_running(tmp_path, product) as after:
            (post,) = product.wait_for(lambda posts: len(posts) == 1)
            assert is_signed(post, after.sandbox.sendgrid_public_key())
            assert [event["event"] for event in post.events] == ["processed", "delivered"]


def test_after_a_restart_nobody_waits_for_the_next_try(tmp_path: Path, clock: MovableClock) -> None:
    with product_running(Product(status=503)) as product:
        product.add_channel()
        with sandbox_running(tmp_path, product, clock=clock) as before:
            before.send(mail())
            product.wait_for(lambda posts: len(posts) >= 4, clock)

        # Given a clock that stands still, so that no further try is ever due by itself
        product.status, now = 200, clock()
        product.posted.clear()
        with sandbox_running(tmp_path, product, clock=lambda: now) as after:
            product.wait_for(lambda _: after.waiting() == 0)


def test_delivered_webhooks_are_not_repeated_after_a_restart(tmp_path: Path) -> None:
    with product_running(Product()) as product:
        product.add_channel()
        with sandbox_running(tmp_path, product) as before:
            before.send(mail())
            product.wait_for(lambda posts: len(posts) == 1)
        with sandbox_running(tmp_path, product) as after:
            after.send(mail(personalizations=to("second@example.com")))
            posts = product.wait_for(lambda posts: len(posts) == 2)

    assert events_of(posts[1:]) == [("second@example.com", "delivered"), ("second@example.com", "processed")]


def test_the_channel_that_sends_from_this_address_is_told(sandbox: Running, product: Product) -> None:
    product.add_channel("email-2", from_email="Sales@leadflow.test")
    product.add_channel("sms-1", channel_type="sms", from_email="sales@leadflow.test")
    product.page_size = 1

    sandbox.send(mail(**{"from": {"email": "sales@leadflow.test"}}))
    product.wait_for(lambda posts: len(posts) == 1)
    sandbox.send(mail(**{"from": {"email": "other@leadflow.test"}}))
    posts = product.wait_for(lambda posts: len(posts) == 2)

    assert [post.path for post in posts] == ["/hook/email-2", "/hook/email-1"]


def test_an_active_channel_is_preferred_to_an_older_one_that_is_not(sandbox: Running, product: Product) -> None:
    product.channels.clear()
    product.add_channel("old", is_active=False, from_email="x@leadflow.test")
    product.add_channel("new", from_email="y@leadflow.test")

    sandbox.send(mail())

    assert product.wait_for(lambda posts: len(posts) == 1)[0].path == "/hook/new"


def test_a_scheduled_mail_is_delivered_when_it_leaves(sandbox: Running, product: Product, clock: MovableClock) -> None:
    leaves_at = int(clock()) + 3600
    sandbox.send(mail(send_at=leaves_at))

    (processed,) = product.wait_for_events(1)
    assert (processed["event"], processed["send_at"]) == ("processed", leaves_at)

    clock.advance(3601)
    delivered = product.wait_for_events(2)[1]
    assert (delivered["event"], delivered["timestamp"]) == ("delivered", leaves_at)


def test_clearing_what_was_sent_does_not_take_back_its_events(sandbox: Running, product: Product) -> None:
    sandbox.send(mail())
    sandbox.http.delete("/sent")

    assert len(product.wait_for_events(2)) == 2


def test_the_sample_batch_has_every_kind_of_event() -> None:
    batch = json.loads((SAMPLE.parent / "events_batch.json").read_text(encoding="utf-8"))

    kinds = {fields.get("event", name) for name, fields in EVENTS.items()}
    assert {event["event"] for event in batch} == kinds
    assert any("sg_message_id" not in event for event in batch)
    assert len({event["sg_event_id"] for event in batch}) == len(batch)
