"""What keys look like, and how much of one is shown."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from leadflow.platform import rules

KEYS = st.binary(min_size=rules.ENTROPY_BYTES, max_size=rules.ENTROPY_BYTES)


@given(KEYS)
def test_a_key_fits_a_header_and_shows_eight_characters(entropy: bytes) -> None:
    key = rules.new_key(entropy)
    assert re.fullmatch(r"lf_[a-z2-7]{5}_[A-Za-z0-9_-]{43}", key)
    assert rules.prefix_of(key) == key[:8]
    rules.check_given_key("name", ["admin"], key)


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_all_32_bytes_of_the_secret_part_count(one: bytes, other: bytes) -> None:
    assert (rules.new_key(b"mark" + one) == rules.new_key(b"mark" + other)) == (one == other)


@given(st.text(min_size=rules.MIN_KEY_CHARACTERS, max_size=rules.MAX_KEY_CHARACTERS))
def test_at_most_a_quarter_of_a_key_is_shown(key: str) -> None:
    shown = rules.prefix_of(key)
    assert key.startswith(shown)
    assert len(shown) <= min(8, len(key) / 4)
