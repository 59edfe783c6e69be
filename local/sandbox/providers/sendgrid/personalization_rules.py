"""What SendGrid asks of `personalizations`: who gets the mail, and what is theirs alone.

From the documented list of mail send errors; `field` names the entry, so a caller with 1,000 of them finds the one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from local.sandbox.providers.sendgrid.problems import (
    RECIPIENT_ROLES,
    Problem,
    check_person,
    check_strings,
    first_repeated,
    integer,
    size_of,
)

MOST = 1_000
_MOST_TAGS = 10_000
_CUSTOM_ARGS_BYTES = 10_000
_FURTHEST = 72 * 3600
_RESERVED = frozenset({
    "x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding",
    "to", "from", "subject", "reply-to", "cc", "bcc",
})  # fmt: skip


def check_all(mail: dict[str, Any], now: float, substitution_bytes: int) -> Iterator[Problem]:
    """The whole array, then each entry. `now` is in epoch seconds."""
    entries = mail.get("personalizations")
    if not isinstance(entries, list) or not entries:
        yield Problem(
            "The personalizations field is required and must have at least one personalization.", "personalizations"
        )
        return
    if len(entries) > MOST:
        yield Problem(
            f"The personalization block is limited to {MOST} personalizations per API request. You have provided"
            f" {len(entries)} personalizations. Please consider splitting this into multiple requests and resending"
            " your request.",
            "personalizations",
        )
        return
    for index, entry in enumerate(entries):
        yield from _check_one(mail, entry, f"personalizations.{index}", now, substitution_bytes)
    yield from _check_recipients(entries)


def _check_recipients(entries: list[Any]) -> Iterator[Problem]:
    """Over all entries: how many people, and nobody twice."""
    addresses = [address for entry in entries if isinstance(entry, dict) for address in _addresses(entry)]
    if len(addresses) > MOST:
        yield Problem(f"There is a limit of {MOST} total recipients (to + cc + bcc) per request.", "personalizations")
    repeated = first_repeated(addresses)
    if repeated is not None:
        yield Problem(
            "Each unique email address in the personalizations array should only be included once. You have included"
            f" [{repeated}] more than once.",
            "personalizations",
        )


def _addresses(entry: dict[str, Any]) -> Iterator[str]:
    for role in RECIPIENT_ROLES:
        people = entry.get(role)
        for person in people if isinstance(people, list) else ():
            if isinstance(person, dict) and isinstance(person.get("email"), str):
                yield person["email"]


def _check_one(
    mail: dict[str, Any], entry: object, field: str, now: float, substitution_bytes: int
) -> Iterator[Problem]:
    if not isinstance(entry, dict):
        yield Problem("Each personalization must be an object.", field)
        return
    if not entry.get("to"):
        yield Problem(
            "The to array is required for all personalization objects, and must have at least one email object with a"
            " valid email address.",
            f"{field}.to",
        )
    for role in RECIPIENT_ROLES:
        yield from _check_people(entry.get(role), f"{field}.{role}", role)
    yield from _check_sender(mail, entry, field)
    if "subject" in entry:
        yield from check_subject(entry["subject"], f"{field}.subject")
    if entry.get("headers") is not None:
        yield from check_headers(entry["headers"], f"{field}.headers")
    yield from _check_substitutions(mail, entry, field, substitution_bytes)
    yield from _check_custom_args(mail, entry, field)
    if entry.get("send_at") is not None:
        yield from check_send_at(entry["send_at"], f"{field}.send_at", now)


def _check_people(people: object, field: str, role: str) -> Iterator[Problem]:
    if people is None:
        return
    if not isinstance(people, list):
        yield Problem(f"The {role} parameter must be an array of email objects.", field)
        return
    for index, person in enumerate(people):
        yield from check_person(person, f"{field}.{index}", role)
        name = person.get("name") if isinstance(person, dict) else None
        if isinstance(name, str) and any(mark in name for mark in ";,"):
            yield Problem("The name of a recipient cannot contain a comma or a semicolon.", f"{field}.{index}.name")


def _check_sender(mail: dict[str, Any], entry: dict[str, Any], field: str) -> Iterator[Problem]:
    sender = entry.get("from")
    if sender is None:
        return
    wrong = list(check_person(sender, f"{field}.from", "from"))
    yield from wrong
    root = mail.get("from")
    domain = str(root.get("email")).rpartition("@")[2] if isinstance(root, dict) else ""
    if not wrong and str(sender["email"]).rpartition("@")[2].lower() != domain.lower():
        yield Problem(
            "The from domain of a personalization must match the domain of the message's from address.",
            f"{field}.from.email",
        )


def _check_substitutions(mail: dict[str, Any], entry: dict[str, Any], field: str, most_bytes: int) -> Iterator[Problem]:
    tags = entry.get("substitutions")
    if tags is None:
        return
    field = f"{field}.substitutions"
    if not isinstance(tags, dict) or not all(value is None or isinstance(value, str) for value in tags.values()):
        yield Problem(
            "The substitution values must be an object of key/value pairs, where the values are all strings.", field
        )
    elif len(tags) > _MOST_TAGS:
        yield Problem("You are limited to 10,000 substitutions.", field)
    elif size_of(tags) > most_bytes:
        yield Problem(f"Substitutions are limited to {most_bytes} bytes per personalization block.", field)
    if tags and str(mail.get("template_id") or "").startswith("d-"):
        yield Problem("Substitutions may not be used with dynamic templating", field)


def _check_custom_args(mail: dict[str, Any], entry: dict[str, Any], field: str) -> Iterator[Problem]:
    own, shared = entry.get("custom_args"), mail.get("custom_args")
    field = f"{field}.custom_args"
    if own is not None:
        wrong = list(check_strings(own, field, "All values of custom arguments object must be strings"))
        yield from wrong
        if wrong:
            return
        if not own:
            yield Problem("custom_args cannot be empty.", field)
    merged = {**(shared if isinstance(shared, dict) else {}), **(own or {})}
    if size_of(merged) > _CUSTOM_ARGS_BYTES:
        yield Problem(
            "The combined size of both global and personalization custom arguments may not exceed 10,000 bytes per"
            " personalization.",
            field,
        )


def check_subject(subject: object, field: str) -> Iterator[Problem]:
    if not isinstance(subject, str) or not subject:
        yield Problem("The subject of your email must be a string at least one character in length.", field)


def check_headers(headers: object, field: str) -> Iterator[Problem]:
    wrong = list(check_strings(headers, field, "All values of the headers object must be strings."))
    yield from wrong
    if wrong or not isinstance(headers, dict):
        return
    if not all(key.isascii() and key and not any(mark.isspace() for mark in key) for key in headers):
        yield Problem("Header keys cannot contain non-ASCII characters or empty spaces.", field)
    if any(key.lower() in _RESERVED for key in headers):
        yield Problem("Header cannot be one of the reserved keys.", field)
    if first_repeated(headers) is not None:
        yield Problem("The headers cannot contain duplicate keys.", field)


def check_send_at(moment: object, field: str, now: float) -> Iterator[Problem]:
    if not integer(moment):
        yield Problem("The send_at parameter is expecting a Unix timestamp as an integer.", field)
    elif isinstance(moment, int) and moment > now + _FURTHEST:
        yield Problem("Scheduling more than 72 hours in advance is forbidden.", field)
