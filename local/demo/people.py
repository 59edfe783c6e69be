"""The people of the demo: rows of the sample leads, and what each of them should get."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SAMPLE = Path(__file__).resolve().parents[2] / "events" / "leads.csv"
WARM_SOURCES = ("website", "referral")


@dataclass(frozen=True)
class Person:
    """One lead to be: its number in the demo from 1, and the body that creates it."""

    number: int
    body: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.body["name"])

    @property
    def email(self) -> str:
        return str(self.body["email"])

    @property
    def first_name(self) -> str:
        return self.name.split()[0]

    @property
    def company(self) -> str | None:
        company: str | None = self.body.get("company")
        return company

    @property
    def branch(self) -> str:
        """Which of the two mails this lead should get: warm or later."""
        return "warm" if self.body["source"] in WARM_SOURCES else "later"


def read(count: int, run: int) -> list[Person]:
    """So many people from the sample, which starts again when it is at its end.

    From the second time through it and from the second run on one server, addresses carry a tag and phones are left
    out, since both belong to one lead only.
    """
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        _person(number, rows[(number - 1) % len(rows)], run, (number - 1) // len(rows))
        for number in range(1, count + 1)
    ]


def _person(number: int, row: dict[str, str], run: int, round_: int) -> Person:
    body: dict[str, Any] = {name: value for name, value in row.items() if value}
    for name in ("interests", "tags"):
        if name in body:
            body[name] = body[name].split(";")
    tags = ([f"r{run}"] if run > 1 else []) + ([f"n{round_ + 1}"] if round_ else [])
    if tags:
        local, _, domain = body["email"].partition("@")
        body["email"] = f"{local}+{'-'.join(tags)}@{domain}"
        body.pop("phone", None)
    return Person(number, body)
