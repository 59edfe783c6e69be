"""Builds the sandbox's HTML. Everything that came from outside is escaped; a mail's own HTML is only shown in a frame
that can run no script and reach nothing but, when asked to, the pictures it names."""

from __future__ import annotations

import functools
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from local.sandbox.behaviours import MODES, Behaviours
from local.sandbox.mailbox import Kept, Mailbox
from local.sandbox.outbox import Delivery, Outbox
from local.sandbox.providers.contract import Provider
from local.sandbox.wire import Response

_MESSAGES = 50
_DELIVERIES = 30
_HTML = ("Content-Type", "text/html; charset=utf-8")


@functools.cache
def _asset(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


class Pages:
    def __init__(
        self,
        providers: Mapping[str, Provider],
        mailbox: Mailbox,
        behaviours: Behaviours,
        outbox: Outbox,
        chance: random.Random,
    ) -> None:
        self._providers = providers
        self._mailbox = mailbox
        self._behaviours = behaviours
        self._outbox = outbox
        self._chance = chance

    def overview(self, before: int | None) -> Response:
        """The front page: messages newest first, from the one before number `before` on."""
        kept = self._mailbox.latest(_MESSAGES, before)
        figures = (("messages sent", self._mailbox.count()), ("webhooks waiting", self._outbox.waiting()))
        shown = "".join(f"<div><dt>{escape(name)}</dt><dd>{number:,}</dd></div>" for name, number in figures)
        return self._page(
            "Provider sandbox",
            f"""<header class="top"><div><h1>Provider sandbox</h1>
<p>The outside world of this machine: what the product sends ends here and reaches nobody.</p></div>
<dl class="figures" id="figures" data-live>{shown}</dl></header>
<main><div>{self._messages(kept)}</div>
<div>{self._write_form()}{self._simulate_form()}{_deliveries(self._outbox.deliveries(_DELIVERIES))}{self._behaviour_forms()}</div></main>""",
        )

    def mail(self, kept: Kept, pictures: bool) -> Response:
        """One message: its headers, what it looks like, its text, and what the provider was sent."""
        item = self._providers[kept.provider].show(kept)
        headers = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in item["headers"].items())
        path = f"/sent/{quote(kept.id)}"
        query, other, label = ("?pictures", "", "Without pictures") if pictures else ("", "?pictures", "Load pictures")
        frame = f"""<section class="card"><h2 class="row">As it is read <a href="{path}{other}">{label}</a></h2>
<iframe sandbox="allow-popups allow-popups-to-escape-sandbox" title="The mail" src="{path}/html{query}"></iframe>
</section>"""
        return self._page(
            item.get("subject") or "Message",
            f"""<header class="top narrow"><div><p><a href="/">← All messages</a></p>
<h1>{escape(item.get("subject") or "Message")}</h1>
<p>{escape(item["from"])} → {escape(item["to"])} · {_moment(kept.at)}</p></div></header>
<main class="narrow"><section class="card"><h2>Tell the product</h2>
<div class="inside">{self._buttons(kept, self._providers[kept.provider].events)}</div></section>
{frame if item.get("html") else ""}
<section class="card"><h2>Plain text</h2><div class="inside"><pre>{escape(item["body"])}</pre></div></section>
<section class="card"><h2>Headers</h2><div class="inside"><dl class="mail-head">{headers}</dl></div></section>
</main>""",
        )

    def mail_content(self, kept: Kept, pictures: bool) -> Response:
        """A message's own HTML for the frame. Fetching a picture may count as an open: they come when asked for."""
        content = self._providers[kept.provider].show(kept).get("html") or ""
        policy = (
            "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline';"
            f" img-src data:{' http: https:' if pictures else ''}"
        )
        headers = (_HTML, ("Content-Security-Policy", policy), ("Referrer-Policy", "no-referrer"))
        return Response(200, f'<base target="_blank">{content}'.encode(), headers)

    def _page(self, title: str, body: str) -> Response:
        nonce = self._chance.randbytes(16).hex()
        policy = (
            f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self';"
            " frame-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        page = f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<style nonce="{nonce}">{_asset("style.css")}</style></head><body>{body}
<div id="toast" role="status"></div><script nonce="{nonce}">{_asset("script.js")}</script></body></html>"""
        headers = (_HTML, ("Content-Security-Policy", policy), ("Cache-Control", "no-store"))
        return Response(200, page.encode(), headers)

    def _messages(self, kept: list[Kept]) -> str:
        rows = "".join(self._message(each) for each in kept)
        if not kept:
            rows = '<p class="empty">Nothing was sent yet. Whatever the product sends shows up here at once.</p>'
        older = f'<a class="older" href="/?before={kept[-1].seq}">Older messages</a>' if len(kept) == _MESSAGES else ""
        clear = '<form data-form="clear"><button>Forget all</button></form>' if kept else ""
        return (
            '<section class="card" id="messages" data-live>'
            f'<h2 class="row">Messages {clear}</h2>{rows}{older}</section>'
        )

    def _message(self, kept: Kept) -> str:
        item = self._providers[kept.provider].show(kept)
        title = item.get("subject") or item["body"][:80] or "(no text)"
        return f"""<article class="message">
<div><a class="subject" href="/sent/{quote(kept.id)}">{escape(title)}</a>
<div class="people">{escape(item["from"])} → <strong>{escape(item["to"])}</strong></div></div>
<div class="right"><span class="badge">{escape(kept.provider)}</span><br>{_moment(kept.at)}</div>
{self._buttons(kept, self._providers[kept.provider].everyday)}</article>"""

    def _buttons(self, kept: Kept, names: Sequence[str]) -> str:
        known = {"provider": kept.provider, "id": kept.id}
        marks = " ".join(f'data-{name}="{escape(value)}"' for name, value in known.items())
        buttons = (f'<button {marks} data-event="{escape(name)}">{escape(_words(name))}</button>' for name in names)
        return f'<div class="events" aria-label="Simulate">{"".join(buttons)}</div>'

    def _simulate_form(self) -> str:
        providers = self._providers.values()
        callers = [each.name for each in providers if each.events]
        names = dict.fromkeys(name for each in providers for name in (*each.everyday, *each.events))
        return f"""<section class="card"><h2>Simulate an event</h2><div class="inside"><form data-form="simulate">
<label>Provider{_select("provider", callers)}</label><label>Event{_select("event", names)}</label>
<label class="wide">Recipient (the latest message to this address)<input name="to" required></label>
<label class="wide">Link, for a click<input name="url" placeholder="the first link of the message"></label>
<label>Deliveries<input name="duplicate" type="number" min="1" max="100" value="1"></label>
<label class="check"><input name="shuffle" type="checkbox"> shuffled</label>
<div class="wide"><button class="main">Send webhook</button></div></form></div></section>"""

    def _write_form(self) -> str:
        channels = dict.fromkeys(name for each in self._providers.values() for name in each.channels)
        return f"""<section class="card"><h2>Write as somebody</h2><div class="inside"><form data-form="simulate">
<input type="hidden" name="event" value="inbound"><label>Channel{_select("channel", channels)}</label>
<label>Who<input name="from" placeholder="somebody"></label>
<label class="wide">What<input name="body" required></label>
<div class="wide"><button class="main">Send</button></div></form></div></section>"""

    def _behaviour_forms(self) -> str:
        return "".join(self._behaviour_form(name) for name in self._providers)

    def _behaviour_form(self, name: str) -> str:
        now = asdict(self._behaviours.of(name))
        limit = "" if now["retry_after"] is None else f"{now['retry_after']:g}"
        badge = f'<span class="badge {"good" if now["mode"] == "ok" else "warn"}">{escape(_words(now["mode"]))}</span>'
        return f"""<section class="card"><h2 class="row">How {escape(name)} behaves
<span id="behaviour-{escape(name)}" data-live>{badge}</span></h2>
<div class="inside"><form data-form="behaviour" data-provider="{escape(name)}">
<label>Mode{_select("mode", MODES, now["mode"])}</label>
<label>Share of requests, 0 to 1
<input name="rate" type="number" min="0" max="1" step="any" value="{now["rate"]:g}"></label>
<label>Only with this recipient or text<input name="match" value="{escape(now["match"] or "")}"></label>
<label>Limit lifts after, seconds<input name="retry_after" type="number" min="0" value="{limit}"></label>
<div class="wide"><button class="main">Apply</button></div></form></div></section>"""


def _deliveries(deliveries: list[Delivery]) -> str:
    rows = "".join(_delivery(each) for each in deliveries)
    if not deliveries:
        rows = '<p class="empty">The product was told nothing yet.</p>'
    return f'<section class="card" id="deliveries" data-live><h2>Webhook deliveries</h2>{rows}</section>'


def _delivery(delivery: Delivery) -> str:
    good = 200 <= delivery.status < 300
    status = str(delivery.status) if delivery.status else "no answer"
    return f"""<div class="delivery"><span class="badge {"good" if good else "bad"}">{status}</span>
<span>{escape(delivery.provider)}: {escape(delivery.summary)}</span>{_moment(delivery.at)}
<span class="where">{escape(delivery.url)}</span></div>"""


def _select(name: str, values: Any, chosen: str | None = None) -> str:
    options = (
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(_words(value))}</option>'
        for value in values
    )
    return f'<select name="{name}">{"".join(options)}</select>'


def _words(name: str) -> str:
    return name.replace("_", " ")


def _moment(at: float) -> str:
    moment = datetime.fromtimestamp(at, UTC)
    return f'<time datetime="{moment.isoformat()}" title="{moment:%d %b %Y, UTC}">{moment:%H:%M:%S}</time>'
