"""GET /enrichment/runs/{job_id}."""

from __future__ import annotations

from tests.harness import call


def test_another_is_not_found() -> None:
    assert call("enrichment/get_job", path={"job_id": "01JZ0000000000000000000007"}).status == 404
