"""GET /health"""

from __future__ import annotations

import pytest

import leadflow
from leadflow.core import seams
from tests.harness import call


def test_ok_needs_no_key() -> None:
    answer = call("platform/health", scopes=None)
    assert (answer.status, answer.json) == (200, {"status": "ok", "version": leadflow.__version__, "stage": "local"})


def test_a_table_that_does_not_answer_is_503(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TABLE_NAME", "gone")
    seams.current().forget("settings")
    seams.current().forget("table")
    answer = call("platform/health", scopes=None)
    assert answer.status == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["detail"] == "The table does not answer."
