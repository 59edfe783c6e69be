"""What websites post, for tests."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from tests.harness import Answer, call

PAGE = "https://www.example.com"


def posted(
    fields: Any = None, form_id: str = "contact", *, origin: str | None = PAGE, token: str | None = None, **more: Any
) -> Answer:
    """A form as a script posts it; a submission by Ada when no fields are given."""
    headers = {**({"origin": origin} if origin else {}), **({"idempotency-key": token} if token else {})}
    body = {"email": "ada@example.com", "name": "Ada"} if fields is None else fields
    headers |= more.pop("headers", {})
    return call("signals/submit_form", body, path={"form_id": form_id}, headers=headers, scopes=None, **more)


def submitted(fields: Any = None, form_id: str = "contact", **more: Any) -> str:
    """The id of a submission that was taken."""
    answer = posted(fields, form_id, **more)
    assert answer.status == 200, answer.text
    assert answer.json.keys() == {"status", "submission_id"}
    assert answer.json["status"] == "ok"
    return str(answer.json["submission_id"])


def urlencoded(pairs: Any, form_id: str = "contact") -> Answer:
    """A form as a browser posts it by itself."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return posted(urlencode(pairs).encode(), form_id, headers=headers)


def settled(form_id: str = "contact", **body: Any) -> Answer:
    answer = call("signals/put_form", body, path={"form_id": form_id})
    assert answer.status == 200, answer.text
    return answer


def found(email: str = "ada@example.com") -> dict[str, Any]:
    """The lead with this address."""
    [lead] = call("leads/list_leads", query={"email": email}).json["items"]
    record: dict[str, Any] = lead
    return record


def signals_of(lead_id: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = call("signals/list_signals", path={"lead_id": lead_id}).json["items"]
    return items
