"""X-Hub-Signature-256 over the bytes of the samples."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadflow.channels.providers.signatures import signed_by_meta
from tests.harness import ROOT

SECRET = "meta-test-secret"
VECTORS = {
    "messenger_text": "94c9e10bf617b0f8d107e492425d3e85a52267c1a4cc2a9c56c5e10e41295dfa",
    "messenger_attachments": "53f17f4d2402d276e80f880af80a80c72a511f86b25d78ae68503ae8376e9502",
    "messenger_postback": "17f882a35f1f1ab701320b0ee83bb521b3dff79b8f9dc79f5de8e546b596d246",
    "messenger_delivery_read": "89150da65884db63b105baa613bef0b29fcda27cf8c403ad0287edd6e4c53910",
    "messenger_echo": "6afaa44024b105a01b2bad85fba8244e29c4c83016e790cb544f99c4965a26a2",
    "instagram_text": "2a344c060f2af1a8e7cae5fb1f2a8cb641dc5f5be29df2de643794db34f49b22",
    "instagram_story_reply": "ad69cc854b1f94f15e3b7dc9a0dc13eb78e1e46b1535cc5e18e98b3acd3a9b7c",
    "instagram_unsend": "a368f690ca016c1ac2cb6b1d8b588ac17089702c142aaf453215138bad1602d0",
    "batch_mixed": "0934969fdd71c4f5d405e3ddc3f8d5a9e903188ac0e988120a89ed7d91e2c444",
}


@pytest.mark.parametrize("name", VECTORS)
def test_signatures_of_the_samples_hold_over_their_very_bytes(name: str) -> None:
    raw = (ROOT / "events" / "providers" / "facebook" / f"{name}.json").read_bytes()
    signature = f"sha256={VECTORS[name]}"

    assert signed_by_meta(["the new one", SECRET], raw, signature)
    assert not signed_by_meta([SECRET], raw + b"\n", signature)
    assert not signed_by_meta(["another"], raw, signature)
    assert not signed_by_meta([], raw, signature)
    assert not signed_by_meta([SECRET], raw, VECTORS[name])
    assert not signed_by_meta([SECRET], raw, f"sha1={VECTORS[name]}")


@given(st.binary(max_size=100), st.text(max_size=80))
def test_nothing_else_holds_and_nothing_breaks(raw: bytes, signature: str) -> None:
    assert not signed_by_meta([SECRET], raw, signature)
    assert not signed_by_meta([SECRET], raw, "sha256=" + signature)
