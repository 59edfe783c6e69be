"""Files that come with messages: fetched from the provider by a worker, kept in the bucket, given out by signed links.

Where the provider has a file, and with which credentials it is fetched, is never shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from leadflow.channels import store
from leadflow.channels.rules import files
from leadflow.channels.rules.arrivals import Arrival
from leadflow.core import clock
from leadflow.core.errors import (
    CredentialsRefused,
    Forbidden,
    InProgress,
    LeadflowError,
    NotFound,
    PayloadTooLarge,
    UpstreamRejected,
)
from leadflow.leads.service import jobs

JOB = "attachments"
# A job that has done nothing by then is taken for lost.
_ATTENDED = timedelta(minutes=2)
# Providers keep media for hours (Meta) or until it is deleted (Twilio).
_GIVEN_UP_AFTER = timedelta(days=3)
# These are places elsewhere, or stories that may not be kept.
_LINKS = frozenset({"share", "fallback", "link", "story_mention", "location", "template", "ig_post", "post"})


def taken_in(arrival: Arrival, message_id: str) -> list[dict[str, Any]]:
    """The attachments of an arrival as its message keeps them; those that came with their bytes are in the bucket."""
    kept = []
    for number, one in enumerate(arrival.attachments[: files.MOST]):
        shown = files.described(one, number)
        if one.content is not None:
            kept.append(_stored(shown, message_id, number, one.content, one.media_type))
        elif one.url and len(one.url) > files.LONGEST_URL:
            kept.append({**shown, "state": "failed", "reason": "Its address is longer than any that can be fetched."})
        elif one.url and one.kind not in _LINKS:
            kept.append({**shown, "state": "pending", "source": one.url})
        else:
            kept.append({**shown, "state": "link", "url": one.url})
    return kept


def await_files(message: store.Message) -> None:
    """Puts a message that is about to be written where the worker finds it, if files of it are to be fetched."""
    if _pending(message):
        store.mark(message, store.WAITING_FILES, clock.stamp(clock.now() + _ATTENDED))


def announce(message: store.Message) -> None:
    """Tells the worker of files that are to be fetched."""
    if _pending(message):
        jobs.announce(JOB, message.id)


def fetch(message_id: str) -> None:
    """The worker: fetches the files of a message. Raises NotFound, and what may pass."""
    message = store.find_message(message_id)
    if message is None:
        raise NotFound("message", message_id)
    for number in [number for number, one in enumerate(message.attachments) if one["state"] == "pending"]:
        fetched = _fetched(message, number)

        def put(stored: store.Message, number: int = number, fetched: dict[str, Any] = fetched) -> dict[str, Any]:
            return _with(stored, number, fetched)

        try:
            message = store.amend(message, put)
        except InProgress:
            if store.find_message(message_id) is None:
                # It was erased while its file was on the way.
                remove([_key(message_id, number)])
            raise
        if len(message.attachments) <= number and "key" in fetched:
            # It was taken back while its file was on the way.
            store.remove_file(fetched["key"])


def get_link(message_id: str, number: str) -> str:
    """Where the n-th attachment of a message (from 0) may be got for 5 minutes. Raises NotFound, InProgress."""
    message = store.find_message(message_id)
    held = message.attachments if message else []
    if not (number.isascii() and number.isdigit() and len(number) < 4 and int(number) < len(held)):
        raise NotFound("attachment", f"{message_id}/{number}"[:100])
    one = held[int(number)]
    if one["state"] == "pending":
        raise InProgress("The file is being fetched from the provider.", retry_after_seconds=5)
    if one["state"] != "stored":
        raise NotFound("attachment", f"{message_id}/{number}")
    return store.file_link(one["key"], one["media_type"], files.file_name(one["name"], int(number)))


def reconcile() -> dict[str, int]:
    """Announces messages again whose files nobody is at."""
    announced = 0
    for message in store.unattended_messages(store.WAITING_FILES):
        store.amend(message, _due_again)
        announced += jobs.announce(JOB, message.id)
    return {"files_requeued": announced}


def _due_again(message: store.Message) -> dict[str, Any]:
    later = clock.stamp(clock.now() + 5 * _ATTENDED)
    return dict(store.due_keys(message, store.WAITING_FILES, later)) if _pending(message) else {}


def keys_of(message: store.Message) -> list[str]:
    """Where in the bucket the files of a message are, or may be: a worker may have died before it noted one."""
    held = list(enumerate(message.attachments))
    return [_key(message.id, number) for number, one in held if one.get("key") or one["state"] == "pending"]


def remove(keys: Iterable[str]) -> None:
    """Removes files from the bucket; safe to repeat."""
    for key in keys:
        store.remove_file(key)


def _pending(message: store.Message) -> bool:
    return any(one["state"] == "pending" for one in message.attachments)


def _fetched(message: store.Message, number: int) -> dict[str, Any]:
    """The attachment as it is once it was fetched, or why it cannot be."""
    from leadflow.channels.service import connecting

    one = message.attachments[number]
    try:
        media = connecting.messenger(str(message.channel_id)).fetch(one["source"], files.MAX_BYTES)
    except PayloadTooLarge:
        return _failed(one, f"The file is larger than {files.MAX_BYTES // 1_000_000} MB.")
    except CredentialsRefused as error:
        return _later(message, one, error)
    except (UpstreamRejected, Forbidden, NotFound) as error:
        return _failed(one, error.detail)
    except LeadflowError as error:
        return _later(message, one, error)
    return _stored(one, message.id, number, media.content, media.media_type or one["media_type"])


def _later(message: store.Message, one: dict[str, Any], error: LeadflowError) -> dict[str, Any]:
    """Raises InProgress as long as the provider may still give the file."""
    if clock.now() > clock.parse(str(message.created_at)) + _GIVEN_UP_AFTER:
        return _failed(one, error.detail)
    raise InProgress(error.detail) from error


def _failed(one: dict[str, Any], reason: str) -> dict[str, Any]:
    return {**_without_source(one), "state": "failed", "reason": reason}


def _stored(one: dict[str, Any], message_id: str, number: int, content: bytes, claimed: str | None) -> dict[str, Any]:
    media_type, key = files.media_type_of(content, claimed), _key(message_id, number)
    store.put_file(key, content, media_type)
    return {**_without_source(one), "state": "stored", "key": key, "media_type": media_type, "size": len(content)}


def _key(message_id: str, number: int) -> str:
    return f"attachments/{message_id}/{number}"


def _without_source(one: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in one.items() if name != "source"}


def _with(message: store.Message, number: int, fetched: dict[str, Any]) -> dict[str, Any]:
    if len(message.attachments) <= number:
        return {}
    held = [dict(one) for one in message.attachments]
    held[number] = fetched
    done = not any(one["state"] == "pending" for one in held)
    cleared: dict[str, Any] = {"gsi3pk": None, "gsi3sk": None} if done else {}
    return {"attachments": held, **cleared}
