"""GET /forms/{form_id}: what was settled about a form."""

from __future__ import annotations

import pytest

from tests.functional.signals.websites import settled, submitted
from tests.harness import call


def test_what_was_put_with_its_etag() -> None:
    put = settled(allowed_origins=["https://www.example.com"])

    got = call("signals/get_form", path={"form_id": "contact"}, scopes="leads:read")

    assert (got.status, got.json, got.etag) == (200, put.json, put.etag)


@pytest.mark.parametrize("form_id", ["contact", "No Slug", "x" * 3000])
def test_nothing_settled_is_not_found_also_when_the_form_is_used(form_id: str) -> None:
    submitted()

    assert call("signals/get_form", path={"form_id": form_id}).status == 404
