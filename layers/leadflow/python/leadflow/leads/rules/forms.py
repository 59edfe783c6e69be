"""What a public form may say of a lead, and what is made of it.

Anybody may post to a form, also in the name of somebody else. So a form never takes away or overwrites: it fills what
is empty, and whatever it may not put on the lead stays readable with the submission.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from leadflow.core.errors import InvalidInput
from leadflow.leads.enums import CONSENT_CHANNELS

FORM_ID = re.compile(r"[a-z0-9_-]{1,64}")
# Left empty by people, since they do not see it; programs fill in every field.
HONEYPOT = "_gotcha"
# Names one filling-in of the form; a page that sends it may post as often as it needs to.
SUBMISSION = "_idempotency_key"
# The random word under which the page has reported visits of somebody who was not known yet.
VISITOR = "_visitor"

MAX_FIELDS = 50
MAX_NAME_LENGTH = 100
MAX_TEXT_LENGTH = 5_000
MAX_ANSWERS_BYTES = 16 * 1024
# The only fields of a lead that a form may fill. Status, tags and score are ours to say.
FILLABLE = ("name", "company", "phone", "budget", "timeline", "interests", "notes", "timezone")
_KNOWN = frozenset({"email", *FILLABLE})
_PARTS_OF_NAME = ("first_name", "last_name")
# Fields of a lead that no form fills: what is posted under their names does not become a custom field either.
_OURS = frozenset({"id", "status", "score", "source", "tags", "custom", "consent", "qualified_at", "lead"})
_CONSENT = {f"consent_{channel}": channel for channel in CONSENT_CHANNELS}
_YES = frozenset({"true", "on", "yes", "1"})


@dataclass(frozen=True)
class Post:
    """A posted form, taken apart: `known` are fields of a lead still to be checked, `answers` all others."""

    known: dict[str, Any]
    answers: dict[str, Any]
    consent: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    token: str = ""
    visitor: str = ""

    def content(self, known: Mapping[str, Any]) -> str:
        """All that was said beside the address, as the same text for the same words in any order."""
        said = {name: value for name, value in known.items() if name != "email"}
        return json.dumps([said, self.answers], sort_keys=True, ensure_ascii=False)


@dataclass(frozen=True)
class Filling:
    """What a submission changes on a lead, and what it says beside that."""

    fields: dict[str, Any]
    answers: dict[str, Any] = field(default_factory=dict)


def check_trap(name: str | None) -> None:
    """Raises InvalidInput for a trap that would drop or refuse every post of every person."""
    if name in ("email", SUBMISSION, VISITOR):
        raise InvalidInput("honeypot_field", f"must be a field that people leave empty, which {name} is not")


def is_trap(fields: Mapping[str, Any], honeypot: str | None) -> bool:
    """Whether a field was filled in that no person sees."""
    return any(bool(fields.get(name)) for name in (HONEYPOT, honeypot) if name)


def taken_apart(fields: Mapping[str, Any], honeypot: str | None = None) -> Post:
    """The fields of a form by what becomes of them; blank ones count as not given.

    Raises InvalidInput naming fields that are too many, too long or not plain values.
    """
    told = {name: value for name, value in _checked(fields).items() if name not in (HONEYPOT, honeypot)}
    token, visitor = str(told.pop(SUBMISSION, "")), str(told.pop(VISITOR, ""))
    known = {name: value for name, value in told.items() if name in _KNOWN}
    parts = [told[part] for part in _PARTS_OF_NAME if part in told]
    if parts and "name" not in told:
        # What is no text is left to the check of the lead's fields to refuse.
        known["name"] = " ".join(parts) if all(isinstance(part, str) for part in parts) else parts
    if isinstance(known.get("interests"), str):
        known["interests"] = [known["interests"]]
    consent = tuple(channel for name, channel in _CONSENT.items() if str(told.get(name, "")).lower() in _YES)
    joined = _PARTS_OF_NAME if "name" not in told else ()
    answers = {name: value for name, value in told.items() if name not in _KNOWN and name not in joined}
    if len(json.dumps(answers, ensure_ascii=False).encode()) > MAX_ANSWERS_BYTES:
        raise InvalidInput("fields", f"must be at most {MAX_ANSWERS_BYTES // 1024} KB in all")
    return Post(known, answers, consent, tuple(sorted(told)), token, visitor)


def first_filling(known: Mapping[str, Any], post: Post, now: str) -> Filling:
    """What a new lead is made of. `known` are the checked fields; without a name the address gives one."""
    fields = {name: value for name, value in known.items() if value}
    fields.setdefault("name", str(known["email"]).partition("@")[0][:100])
    fields["custom"] = {name: value for name, value in post.answers.items() if name not in _OURS | _CONSENT.keys()}
    fields["consent"] = {channel: {"opted_in": True, "at": now} for channel in post.consent}
    return Filling(fields, dict(post.answers))


def further_filling(lead: Mapping[str, Any], known: Mapping[str, Any], post: Post, now: str) -> Filling:
    """What is empty on a lead that is on file and the form knows; the rest of it stays with the submission.

    Consent is taken only for a channel about which nothing is on file, so no opt-out is undone by a form.
    """
    given = {name: known[name] for name in FILLABLE if known.get(name)}
    fields = {name: value for name, value in given.items() if not lead[name]}
    consent = {channel: {"opted_in": True, "at": now} for channel in post.consent if channel not in lead["consent"]}
    if consent:
        fields["consent"] = {**lead["consent"], **consent}
    other = {name: value for name, value in given.items() if name not in fields and value != lead[name]}
    return Filling(fields, {**post.answers, **other})


def _checked(fields: Mapping[str, Any]) -> dict[str, Any]:
    if len(fields) > MAX_FIELDS:
        raise InvalidInput("fields", f"are too many; at most {MAX_FIELDS} are taken")
    told: dict[str, Any] = {}
    errors: list[tuple[str, str]] = []
    for name, value in fields.items():
        if not 1 <= len(name) <= MAX_NAME_LENGTH or not _is_plain(name):
            raise InvalidInput("fields", f"have a name that is not plain text of 1 to {MAX_NAME_LENGTH} characters")
        try:
            cleaned = _plain(value)
        except ValueError as error:
            errors.append((name, str(error)))
            continue
        if cleaned not in (None, "", []):
            told[name] = cleaned
    if errors:
        raise InvalidInput.many(errors)
    return told


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        if any(isinstance(one, list | dict) for one in value):
            raise ValueError("must be text, a number, true or false, or a list of those")
        return [one for one in map(_plain, value) if one not in (None, "")]
    if isinstance(value, str):
        value = value.strip()
        if len(value) > MAX_TEXT_LENGTH:
            raise ValueError(f"must have at most {MAX_TEXT_LENGTH} characters")
        if not _is_plain(value):
            raise ValueError("must not contain NUL or half characters")
        return value
    if value is None or isinstance(value, bool | int | float):
        return value
    raise ValueError("must be text, a number, true or false, or a list of those")


def _is_plain(text: str) -> bool:
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
