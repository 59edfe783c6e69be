"""What the action call_webhook may not be told to send, refused when it is written."""

from __future__ import annotations

from typing import Any

import pytest

from tests.functional.workflows.conftest import MakeWorkflow
from tests.harness import call


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"url": "ftp://example.com/x"}, "url"),
        ({"url": "http://127.0.0.1/x"}, "url"),
        ({"url": "http://169.254.169.254/latest/meta-data"}, "url"),
        ({"url": "http://[::ffff:10.0.0.1]/"}, "url"),
        ({"url": "http://localhost/"}, "url"),
        ({"url": "http://2130706433/"}, "url"),
        ({"url": "http://0x7f.1/"}, "url"),
        ({"url": "https://user:secret@example.com/"}, "url"),
        ({"url": "https://example.com:22/"}, "url"),
        ({"url": "https://{{ lead.company }}.example/"}, "url"),
        ({"url": "https://example.com{{ lead.company }}"}, "url"),
        ({"url": "https://example.com\\@evil.example/"}, "url"),
        ({"url": "https://example.com/\r\nX: 1"}, "url"),
        ({"headers": {"Host": "other.example"}}, "headers"),
        ({"headers": {"content-length": "3"}}, "headers"),
        ({"headers": {"Transfer-Encoding": "chunked"}}, "headers"),
        ({"headers": {"Connection": "close"}}, "headers"),
        ({"headers": {"Idempotency-Key": "mine"}}, "headers"),
        ({"headers": {"X-Leadflow-Signature": "forged"}}, "headers"),
        ({"headers": {"X A": "1"}}, "headers"),
        ({"headers": {"X-A": "1\r\nX-B: 2"}}, "headers"),
        ({"headers": {"X-A": "1", "x-a": "2"}}, "headers"),
        ({"headers": {"X-A": 1}}, "headers.X-A"),
        ({"method": "TRACE"}, "method"),
        ({"method": "GET", "body": {"a": 1}}, "action_config"),
        ({"timeout_seconds": 21}, "timeout_seconds"),
        ({"timeout_seconds": 0}, "timeout_seconds"),
        ({"body": {"a": "{{ unclosed"}}, "body"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_cannot_be_sent_is_refused_when_it_is_written(
    make_workflow: MakeWorkflow, config: dict[str, Any], field: str
) -> None:
    body = {"action_type": "call_webhook", "action_config": {"url": "https://hooks.example/leads", **config}}
    answer = call("workflows/add_action", body, path={"workflow_id": make_workflow()})

    assert answer.status == 422, answer.text
    named = [error["field"] for error in answer.json["errors"]]
    assert any(one.startswith(("action_config." + field, field)) for one in named), named
