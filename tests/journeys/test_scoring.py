"""From a link in a mail to a run that a score began, on the one-machine mode, by what a reader's browser sends."""

from __future__ import annotations

import json
import re
import time
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import httpx

from local.client import Api, Run
from tests.journeys.waiting import when

_PATIENCE_SECONDS = 30
_POLL_SECONDS = 0.05
_BROWSER = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}
_SCANNER = {"user-agent": "Mimecast scanner"}
_SITE = "https://www.example.com"
_WORD = "0f0e0d0c-0b0a-4900-8800-070605040302"
_LARGEST_SCRIPT_BYTES = 2048


def _workflow(api: Api, trigger: tuple[str, dict[str, Any]] | None, action: tuple[str, dict[str, Any]]) -> str:
    made: str = api.post("/workflows", {"name": "Interest"})["id"]
    if trigger is not None:
        api.post(f"/workflows/{made}/triggers", {"trigger_type": trigger[0], "trigger_config": trigger[1]})
    api.post(f"/workflows/{made}/actions", {"action_type": action[0], "action_config": action[1]})
    api.post(f"/workflows/{made}/activate")
    return made


def _mail_to(api: Api, sandbox: Api, lead: dict[str, Any]) -> str:
    """The HTML of a mail whose link carries the reader's token, as its reader gets it."""
    body = f'<p><a href="{_SITE}/pricing?lf={{{{ visit_token }}}}">Prices</a></p>'
    template = api.post("/templates", {"name": "Prices", "subject": "Prices", "body": body})["id"]
    api.post(
        f"/workflows/{_workflow(api, None, ('send_email', {'template_id': template}))}/run", {"lead_id": lead["id"]}
    )
    give_up = time.monotonic() + _PATIENCE_SECONDS
    while not (found := sandbox.get("/sent", params={"to": lead["email"]})["items"]):
        assert time.monotonic() < give_up, "the mail was not sent"
        time.sleep(_POLL_SECONDS)
    html: str = found[0]["html"]
    return html


def _addresses(html: str) -> tuple[str, str]:
    """Of a mail's picture, and of its link that people see."""
    [picture], [link] = re.findall(r'src="([^"]+/open\.gif)"', html), re.findall(r'href="([^"]+/c/\d[^"]*)"', html)
    return picture, link


def _fetched(run: Run, address: str, who: dict[str, str]) -> httpx.Response:
    """What a public address of a mail answers, from the host under test."""
    return httpx.get(f"{run.api_url}{urlsplit(address).path}", headers=who, trust_env=False)


def _visits(run: Run, page: str, **known: str) -> None:
    """What the script of the website sends from a page."""
    body = json.dumps({"token": None, "visitor": None, **known, "url": f"{_SITE}/{page}"})
    answer = httpx.post(
        f"{run.api_url}/v", content=body, headers={**_BROWSER, "content-type": "text/plain"}, trust_env=False
    )
    assert answer.status_code == 204, answer.text


def _signals(api: Api, lead: dict[str, Any]) -> list[str]:
    return sorted(one["signal_type"] for one in api.get(f"/leads/{lead['id']}/signals")["items"])


def _pages(api: Api, lead: dict[str, Any]) -> list[str]:
    """The pages of the website that count for a lead."""
    found = api.get(f"/leads/{lead['id']}/signals")["items"]
    visited = [one["signal_data"]["url"] for one in found if one["signal_type"] == "website_visit"]
    return sorted(url.removeprefix(f"{_SITE}/") for url in visited)


def _explained(api: Api, lead: dict[str, Any]) -> dict[str, Any]:
    """Why the lead has its score; the parts add up to it, to the last decimal."""
    score: dict[str, Any] = api.get(f"/leads/{lead['id']}/score")
    assert sum(Decimal(repr(part["points"])) for part in score["parts"]) == Decimal(repr(score["total"]))
    assert score["score"] == api.get(f"/leads/{lead['id']}")["score"]
    return score


def test_what_a_reader_does_on_the_website_scores_them_and_begins_a_run(api: Api, sandbox: Api, run: Run) -> None:
    keen = api.post("/leads", {"name": "Keen", "email": "keen.scored@example.com"})
    other = api.post("/leads", {"name": "Other", "email": "other.scored@example.com"})
    begun_by_score = _workflow(api, ("score_threshold", {"gte": 8}), ("update_lead", {"add_tags": ["keen"]}))
    html = _mail_to(api, sandbox, keen)
    picture, link = _addresses(html)

    # Scanners look at everything, and nothing of it is interest.
    for address in (picture, link):
        _fetched(run, address, _SCANNER)
    assert (_signals(api, keen), _explained(api, keen)["score"]) == ([], 0)

    # Before anybody knows whose browser it is: the pages wait under a word that the page made up.
    _visits(run, "blog", visitor=_WORD)
    _visits(run, "about", visitor=_WORD)
    assert _signals(api, keen) == []

    # The link says who it is, to the website as well.
    _fetched(run, picture, _BROWSER)
    landing = _fetched(run, link, _BROWSER).headers["location"]
    page, _, token = landing.partition("?lf=")
    assert page == f"{_SITE}/pricing"
    script = httpx.get(f"{run.api_url}/v.js", trust_env=False)
    assert (script.status_code, len(script.content) < _LARGEST_SCRIPT_BYTES) == (200, True)
    for _ in range(2):
        _visits(run, "pricing", token=token, visitor=_WORD)

    assert _signals(api, keen) == ["email_click", "email_open", *["website_visit"] * 3]
    assert _pages(api, keen) == ["about", "blog", "pricing"]
    score = _explained(api, keen)
    assert (score["score"], len(score["parts"])) == (10, 5)
    when(api, f"/leads/{keen['id']}", lambda one: "keen" in one["tags"], seconds=_PATIENCE_SECONDS)
    runs = api.get(f"/workflows/{begun_by_score}/executions")["items"]
    assert [one["lead_id"] for one in runs] == [keen["id"]]

    # The word was used up by the first who was known by it: another one gets nothing by it.
    _, to_other = _addresses(_mail_to(api, sandbox, other))
    other_token = _fetched(run, to_other, _BROWSER).headers["location"].partition("?lf=")[2]
    _visits(run, "careers", token=other_token, visitor=_WORD)
    assert _pages(api, other) == ["careers"]
    assert _pages(api, keen) == ["about", "blog", "pricing"]

    # Made again from all that is on file, the score is what it was, and fires nothing.
    settled = api.get("/scoring")
    written = {name: settled[name] for name in ("signals", "fit_rules")}
    api.put("/scoring", written)
    when(api, "/scoring", lambda one: one["rescoring"] == "completed", seconds=_PATIENCE_SECONDS)
    assert _explained(api, keen)["score"] == 10
    assert len(api.get(f"/workflows/{begun_by_score}/executions")["items"]) == 1
