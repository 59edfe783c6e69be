"""Posts of SendGrid's event webhook, signed as SendGrid signs them, and what came of them."""

from __future__ import annotations

import json
import logging
from functools import partial
from typing import Any

from leadflow.channels import service
from leadflow.channels.service.reading import Handing
from leadflow.core import aws
from leadflow.core.settings import settings
from leadflow.entry.queue import queue_worker
from tests.functional.channels.accounts import signature
from tests.harness import Answer, call, door

TIMESTAMP = "1772442000"


def event(mail_id: str | None = "1abc", name: str = "delivered", **fields: Any) -> dict[str, Any]:
    """One event as SendGrid reports it, the address included."""
    told = {"email": "ana@example.com", "timestamp": 1772442000, "event": name, "sg_event_id": f"{name}-1"}
    return {**told, **({"lf_id": mail_id} if mail_id else {}), **fields}


def body_of(*events: Any) -> bytes:
    """As SendGrid writes it: CRLF at the end, and no two writers of JSON would agree on the rest."""
    return b"[" + b",\r\n".join(json.dumps(each).encode() for each in events) + b"]\r\n"


def post(channel_id: str, raw: bytes, *, timestamp: str = TIMESTAMP, signed: str | None = None) -> Answer:
    headers = {
        "X-Twilio-Email-Event-Webhook-Signature": signature(timestamp, raw) if signed is None else signed,
        "X-Twilio-Email-Event-Webhook-Timestamp": timestamp,
    }
    return call("webhooks/sendgrid_events", raw, path={"channel_id": channel_id}, headers=headers, scopes=None)


def queued() -> list[dict[str, Any]]:
    """The messages that wait in the deliveries queue, taken off it."""
    sqs, url = aws.client("sqs"), settings().deliveries_queue_url
    found: list[dict[str, Any]] = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            found.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def work(*messages: dict[str, Any], hand_on: Handing | None = None) -> list[str]:
    """Hands messages to the worker, or to one that hands on elsewhere; the numbers of those that it gave back."""
    records = [{"messageId": str(number), "body": json.dumps(message)} for number, message in enumerate(messages)]
    worker = door("webhooks/process_delivery")
    if hand_on is not None:
        worker = queue_worker(park=service.park)(partial(service.process, hand_on=hand_on))
    answer = worker({"Records": records}, None)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def logged(records: list[logging.LogRecord]) -> str:
    """Everything that log lines hold, in one text."""
    return " ".join(str(vars(record)) for record in records)
