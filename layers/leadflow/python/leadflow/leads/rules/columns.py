"""What the columns of a file mean, by their names, and what its cells are parted by."""

from __future__ import annotations

import re
from typing import NamedTuple

from leadflow.core.errors import InvalidInput
from leadflow.leads.enums import CONSENT_CHANNELS
from leadflow.leads.rules.cells import unguarded
from leadflow.leads.rules.delimited import fields

DELIMITERS = (",", ";", "\t", "|")
MAX_COLUMNS = 1000
MAX_NAME_LENGTH = 100
CUSTOM = "custom."
# What an export of ours has, in its order.
EXPORTED = (
    *("id", "name", "email", "company", "phone", "status", "score", "source", "budget", "timeline", "interests"),
    *("tags", "notes", "custom", "timezone", "consent", "qualified_at", "created_at", "updated_at"),
)
# Of an export these are the server's own to say. In any other file they are columns like others.
_SERVERS_OWN = frozenset({"id", "score", "qualified_at", "created_at", "updated_at"})

# Names as people and their programs write them, without case, spaces and signs. What stands first wins where a file
# has several columns for one field; the others become custom fields.
_NAMES: dict[str, tuple[str, ...]] = {
    "email": ("email", "emailaddress", "mail", "mailaddress", "primaryemail", "workemail", "contactemail"),
    "name": ("name", "fullname", "contactname", "leadname", "displayname", "contact"),
    "first_name": ("firstname", "givenname", "forename", "first"),
    "last_name": ("lastname", "surname", "familyname", "last"),
    "company": (
        "company",
        "companyname",
        "organization",
        "organisation",
        "organizationname",
        "accountname",
        "employer",
    ),
    "phone": (
        *("phone", "phonenumber", "telephone", "telephonenumber", "tel", "primaryphone", "workphone"),
        *("mobile", "mobilephone", "mobilenumber", "cell", "cellphone"),
    ),
    "status": ("status", "leadstatus"),
    "source": ("source", "leadsource"),
    "budget": ("budget",),
    "timeline": ("timeline",),
    "interests": ("interests", "interest"),
    "tags": ("tags", "tag", "labels"),
    "notes": ("notes", "note", "comments", "comment"),
    "custom": ("custom",),
    "timezone": ("timezone", "tz"),
    "consent": ("consent",),
    **{f"consent_{channel}": (f"consent{channel}", f"{channel}consent") for channel in CONSENT_CHANNELS},
}
_FIELDS = {spelling: (field, rank) for field, names in _NAMES.items() for rank, spelling in enumerate(names)}
_SIGNS = re.compile(r"[\W_]+")


class Layout(NamedTuple):
    """How a delimited file is read: for each column the field it fills, `custom.<name>`, or None for none."""

    delimiter: str
    targets: tuple[str | None, ...]


def layout(header: str) -> Layout:
    """Reads the first line of a file. Raises InvalidInput naming `header` when no lead could be made of such a file."""
    delimiter = delimiter_of(header)
    names = [unguarded(name.strip()) for name in fields(header, delimiter)]
    while names and not names[-1]:
        names.pop()
    if len(names) > MAX_COLUMNS:
        raise InvalidInput("header", f"has {len(names)} columns; at most {MAX_COLUMNS} are taken")
    _check(names)
    targets = targets_of(names)
    if "email" not in targets:
        raise InvalidInput("header", "has no column for the email address, such as: email")
    return Layout(delimiter, targets)


def delimiter_of(header: str) -> str:
    """What parts the columns: comma, semicolon, tab or pipe, whichever makes most of the first line."""
    return max(DELIMITERS, key=lambda one: sense_of(header, one))


def sense_of(header: str, delimiter: str) -> tuple[bool, int]:
    """How much sense a first line makes with a delimiter: whether there is an email column, and how many columns."""
    names = [unguarded(name.strip()) for name in fields(header, delimiter)]
    return "email" in targets_of(names), len(names)


def targets_of(names: list[str]) -> tuple[str | None, ...]:
    """What each of these columns or keys fills; one for the same field as a better one before is custom."""
    exported = set(EXPORTED) <= set(names)
    best: dict[str, tuple[int, int]] = {}
    for position, name in enumerate(names):
        if known := _FIELDS.get(_plain(name)):
            field, rank = known
            best[field] = min(best.get(field, (rank, position)), (rank, position))
    chosen = {position: field for field, (_, position) in best.items()}
    return tuple(
        chosen[position] if position in chosen else None if exported and name in _SERVERS_OWN else _custom(name)
        for position, name in enumerate(names)
    )


def _custom(name: str) -> str | None:
    return f"{CUSTOM}{name.removeprefix(CUSTOM)}" if name else None


def _plain(name: str) -> str:
    return _SIGNS.sub("", name.casefold())


def _check(names: list[str]) -> None:
    seen: dict[str, int] = {}
    for number, name in enumerate(names, start=1):
        if len(name) > MAX_NAME_LENGTH or "\x00" in name:
            raise InvalidInput(
                "header", f"names column {number} by more than {MAX_NAME_LENGTH} characters, or with NUL"
            )
        if name and seen.setdefault(name.casefold(), number) != number:
            raise InvalidInput("header", f"has the same name for columns {seen[name.casefold()]} and {number}")
