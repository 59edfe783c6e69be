"""The page to look through the table with."""

from __future__ import annotations

from typing import Any
from wsgiref.util import setup_testing_defaults

from leadflow.core import seams
from local.tools.browsing import Browser
from tests.harness import call


def page(path: str, query: str = "", host: str = "127.0.0.1:3003") -> tuple[str, str]:
    environ: dict[str, Any] = {"PATH_INFO": path, "QUERY_STRING": query, "HTTP_HOST": host}
    setup_testing_defaults(environ)
    told: list[str] = []
    body = b"".join(Browser("here")(environ, lambda status, headers, _=None: told.append(status)))  # type: ignore[arg-type]
    return told[0], body.decode()


def test_from_the_kinds_to_an_item(cloud: seams.Seams) -> None:
    body = {"name": "<b>Ada</b>", "email": "ada@example.com", "source": "api"}
    lead = call("leads/create_lead", body=body).json

    assert 'href="/kind/Lead"' in page("/")[1]
    status, listed = page("/kind/Lead")
    assert status == "200 OK"
    assert lead["id"] in listed
    assert "<b>Ada" not in listed
    assert "&lt;b&gt;Ada" in page("/partition", f"pk=LEAD%23{lead['id']}")[1]


def test_what_is_not_there(cloud: seams.Seams) -> None:
    assert page("/kind/Spaceship")[0] == "404 Not Found"
    assert page("/partition")[0] == "404 Not Found"
    assert "<table>" in page("/partition", "pk=nothing")[1]


def test_another_name_that_leads_here_is_shown_nothing(cloud: seams.Seams) -> None:
    status, shown = page("/", host="evil.example:3003")

    assert status == "403 Forbidden"
    assert "/kind/" not in shown
