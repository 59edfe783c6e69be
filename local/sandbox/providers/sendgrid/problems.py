"""SendGrid's way of saying what is wrong with a request, and the small checks that its rules are made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from local.sandbox.wire import Headers, Response, json_response

_HELP = "http://sendgrid.com/docs/API_Reference/Web_API_v3/Mail/errors.html#message."
RECIPIENT_ROLES = ("to", "cc", "bcc")
_LONGEST_ADDRESS = 320
_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)


@dataclass(frozen=True)
class Problem:
    """One entry of an error answer. `field` is a path such as `personalizations.17.to`, None for the whole request."""

    message: str
    field: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {"message": self.message, "field": self.field, "help": self._help()}

    def _help(self) -> str | None:
        if self.field is None:
            return None
        names = [part for part in self.field.split(".") if not part.isdigit()]
        if names[-1] == "email" and len(names) > 1:
            names.pop()
        return _HELP + ".".join(names)


def refuse(status: int, *problems: Problem, headers: Headers = ()) -> Response:
    return json_response(status, {"errors": [problem.as_json() for problem in problems]}, headers)


def is_address(value: object) -> bool:
    """Whether this is a mail address SendGrid takes: ASCII, a full domain, 64 characters at most before the @."""
    return isinstance(value, str) and _ADDRESS.fullmatch(value) is not None and len(value.split("@")[0]) <= 64


def check_person(value: object, field: str, role: str) -> Iterator[Problem]:
    """An `{"email", "name"?}` object; `role` is how messages call it."""
    if not isinstance(value, dict):
        yield Problem(f"The {role} must be an object with an email and, if you like, a name.", field)
        return
    email, name = value.get("email"), value.get("name")
    if isinstance(email, str) and len(email) > _LONGEST_ADDRESS:
        yield Problem(f"The {role} email exceeds the maximum total length of 320 characters", f"{field}.email")
    elif not is_address(email):
        whose = "Does" if role in RECIPIENT_ROLES else f"The {role} email does"
        yield Problem(f"{whose} not contain a valid address.", f"{field}.email")
    if name is not None and not isinstance(name, str):
        yield Problem(f"The {role} name must be a string.", f"{field}.name")


def check_strings(value: object, field: str, message: str) -> Iterator[Problem]:
    """An object whose values are all strings."""
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        yield Problem(message, field)


def size_of(strings: dict[str, Any]) -> int:
    """Bytes of keys and values together, in UTF-8."""
    return sum(len(str(key).encode()) + len(str(value or "").encode()) for key, value in strings.items())


def first_repeated(values: Iterable[str]) -> str | None:
    """The first value that was there before, whatever its case."""
    seen: set[str] = set()
    for value in values:
        if value.lower() in seen:
            return value
        seen.add(value.lower())
    return None


def integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
