"""Declared variables are the ones that are used."""

from __future__ import annotations

import pytest

from leadflow.campaigns.rules.templates import disagreements


@pytest.mark.parametrize(
    ("declared", "used"),
    [
        ([], set()),
        (["name"], {"name"}),
        (["address"], {"address.city", "address.zip"}),
        (["lead.name"], {"lead.name"}),
        ([], {"lead.name", "lead.custom.x", "custom.y", "unsubscribe_url", "view_url", "postal_address", "now"}),
        (["unsubscribe_url"], {"unsubscribe_url"}),
    ],
)
def test_they_agree(declared: list[str], used: set[str]) -> None:
    assert list(disagreements(declared, used)) == []


@pytest.mark.parametrize(
    ("declared", "used", "message"),
    [
        ([], {"company"}, "company is used but not declared"),
        ([], {"address.city"}, "address is used but not declared"),
        (["name"], set(), "name is declared but not used"),
        (["nam"], {"name"}, "nam is declared but not used"),
        (["view_url"], set(), "view_url is declared but not used"),
    ],
)
def test_each_disagreement_is_named(declared: list[str], used: set[str], message: str) -> None:
    assert ("variables", message) in list(disagreements(declared, used))
