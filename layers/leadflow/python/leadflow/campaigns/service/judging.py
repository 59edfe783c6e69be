"""The visits of a mail that are on file, as they are judged now: each by itself, and all of them together."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from leadflow.campaigns import store
from leadflow.campaigns.rules.rejudging import Visited
from leadflow.campaigns.rules.visitors import Verdict, Visit, judge
from leadflow.core import table


def verdict_of(data: Mapping[str, Any]) -> Verdict:
    """Who was behind an open or click that a provider reports."""
    if data.get("sg_machine_open") is True:
        return Verdict("machine", "the provider says so")
    return judge(Visit("GET", str(data.get("useragent") or ""), str(data.get("ip") or ""), ""))


def link_of(mail: store.EmailSent, url: str) -> tuple[int, str]:
    """Number and label of the link with this address, ours or the one behind it; 0 when the mail has none such."""
    words = store.words_of(mail.kept)
    links = words.links if words else []
    ours = re.search(rf"/t/{re.escape(mail.id)}/c/([1-9][0-9]{{0,4}})(?![0-9])", url)
    numbers = [int(ours[1])] if ours else [number for number, link in enumerate(links, 1) if link["url"] == url]
    if numbers and numbers[0] <= len(links):
        return numbers[0], links[numbers[0] - 1]["label"]
    return 0, "another link"


def visited(mail: store.EmailSent, event: store.EmailEvent) -> Visited:
    """An open or click that is on file, judged by itself."""
    data = event.data
    if event.source == "provider":
        verdict = verdict_of(data)
    else:
        told = (str(data.get("method") or "GET"), data.get("user_agent"), str(data.get("ip") or ""), "")
        verdict = judge(Visit(*told))
    if event.event == "open":
        return Visited("open", event.at, verdict)
    if "link" not in data:
        return Visited("click", event.at, verdict, *link_of(mail, str(data.get("url", ""))))
    labels = {int(click["number"]): str(click["link"]) for click in mail.link_clicks}
    return Visited("click", event.at, verdict, int(data["link"]), labels.get(int(data["link"]), ""))


def note(events: Sequence[store.EmailEvent], seen: Sequence[Visited]) -> None:
    """Writes with each event who was behind it, where that is news; one that has gone meanwhile is passed over."""
    for event, one in zip(events, seen, strict=True):
        if (event.actor, event.reason) != (one.verdict.actor, one.verdict.reason):
            with contextlib.suppress(table.Stale):
                store.rejudge_event(event, one.verdict.actor, one.verdict.reason)
