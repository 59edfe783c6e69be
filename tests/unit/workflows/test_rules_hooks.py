"""What stands where in a posted body, and signatures."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadflow.workflows import rules_hooks as rules

DOCUMENT = {
    "to": [{"email": " a@b.example "}, "x"],
    "n": 7,
    "f": 1.5,
    "yes": True,
    "0": "zero",
    "": "empty",
    "none": None,
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("body.to.0.email", "a@b.example"),
        ("body.to.1", "x"),
        ("body.0", "zero"),
        ("body.n", "7"),
        ("body.f", None),
        ("body.yes", None),
        ("body.none", None),
        ("body.to", None),
        ("body.to.2", None),
        ("body.to.-1", None),
        ("body.to.²", None),
        ("body.to.x", None),
        ("body.n.0", None),
        ("body.gone.deeper", None),
    ],
)
def test_text_at(path: str, expected: str | None) -> None:
    assert rules.text_at(DOCUMENT, path) == expected


@given(JSON, st.text(alphabet="ab01.-", max_size=20))
def test_any_path_of_any_document_is_a_text_or_nothing(document: Any, path: str) -> None:
    found = rules.text_at(document, f"body.{path}")
    assert found is None or 1 <= len(found) <= 320


def test_a_text_too_long_to_be_an_address_is_none() -> None:
    assert rules.text_at({"a": "x" * 321}, "body.a") is None


def test_a_signature_is_of_these_bytes_and_this_secret() -> None:
    # Of GitHub's documentation on validating deliveries.
    secret, raw = "It's a Secret to Everybody", b"Hello, World!"
    right = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert rules.is_signed(secret, raw, right)
    assert rules.is_signed(secret, raw, f" {right} ")
    for wrong in (None, "", right[:-1], right.replace("sha256", "sha1"), "sha256=ü"):
        assert not rules.is_signed(secret, raw, wrong)
    assert not rules.is_signed("another", raw, right)
    assert not rules.is_signed(secret, b"Hello, World", right)
