"""The sandbox's own API for people and tests, without authentication: what was sent, simulated events, behaviours."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from local import loopback
from local.sandbox import behaviours
from local.sandbox.behaviours import Behaviours
from local.sandbox.courier import Courier
from local.sandbox.mailbox import Kept, Mailbox
from local.sandbox.page.pages import Pages
from local.sandbox.providers.contract import Provider, Simulation
from local.sandbox.providers.data_source import DataSource
from local.sandbox.wire import Refused, Request, Response, json_object, json_response, problem, to_json

_MOST_DUPLICATES = 100
_TEXTS = {"channel": "channel", "from": "sender", "to": "to", "body": "body", "message_id": "message_id", "url": "url"}
_CHUNK = 100


class Console:
    """Routes: GET / · GET, DELETE /sent · GET /sent/{id} and /sent/{id}/html · GET /spent · POST /simulate ·
    GET, PUT /behaviour."""

    def __init__(
        self,
        providers: Mapping[str, Provider],
        mailbox: Mailbox,
        kept_behaviours: Behaviours,
        courier: Courier,
        pages: Pages,
        chance: random.Random,
    ) -> None:
        self._providers = providers
        self._mailbox = mailbox
        self._behaviours = kept_behaviours
        self._courier = courier
        self._pages = pages
        self._chance = chance

    def answer(self, request: Request) -> Response:
        try:
            if not loopback.is_own_name(request.headers.get("host", "")):
                raise Refused(403, "ask by 127.0.0.1 or localhost; what was sent is for nobody else's page")
            if request.method not in ("GET", "HEAD") and request.headers.get("sec-fetch-site") == "cross-site":
                raise Refused(403, "another site's page may not do this")
            return self._route(request)
        except Refused as refused:
            return problem(refused)

    def _route(self, request: Request) -> Response:
        area, *rest = request.path.strip("/").split("/")
        handlers: dict[tuple[str, int], dict[str, Callable[[Request, list[str]], Response]]] = {
            ("", 0): {"GET": self._page},
            ("sent", 0): {"GET": self._sent, "DELETE": self._clear},
            ("sent", 1): {"GET": self._mail_page},
            ("sent", 2): {"GET": self._mail_html},
            ("simulate", 0): {"POST": self._simulate},
            ("spent", 0): {"GET": self._spent},
            ("behaviour", 0): {"GET": self._show_behaviours},
            ("behaviour", 1): {"PUT": self._put_behaviour},
        }
        methods = handlers.get((area, len(rest)))
        if methods is None:
            raise Refused(404, f"no such path; providers are under /{', /'.join(self._providers)}")
        if request.method not in methods:
            raise Refused(405, f"only {', '.join(methods)}")
        return methods[request.method](request, rest)

    def _sent(self, request: Request, _: list[str]) -> Response:
        found = self._mailbox.walk(request.query.get("provider") or None, request.query.get("to") or None)
        return Response(200, self._listed(found), (("Content-Type", "application/json"),))

    def _listed(self, found: Iterator[Kept]) -> Iterator[bytes]:
        """One JSON document, written as it is read, so that any number of messages fits."""
        yield b'{"items":['
        chunk: list[bytes] = []
        separator = b""
        for kept in found:
            chunk.append(separator + to_json(self._providers[kept.provider].show(kept)))
            separator = b","
            if len(chunk) == _CHUNK:
                yield b"".join(chunk)
                chunk.clear()
        yield b"".join(chunk) + b"]}"

    def _clear(self, _request: Request, _: list[str]) -> Response:
        self._mailbox.clear()
        return Response(204)

    def _spent(self, _request: Request, _: list[str]) -> Response:
        """What the sources of data about people took, by source: requests answered, those of them paid, credits."""
        items = []
        for name, provider in self._providers.items():
            if isinstance(provider, DataSource):
                taken = [kept.own for kept in self._mailbox.walk(name, None)]
                totals = {each: sum(one[each] for one in taken) for each in ("charged", "credits")}
                items.append({"provider": name, "requests": len(taken), **totals})
        return json_response(200, {"items": items})

    def _page(self, request: Request, _: list[str]) -> Response:
        before = request.query.get("before", "")
        return self._pages.overview(int(before) if before.isdecimal() else None)

    def _mail_page(self, request: Request, rest: list[str]) -> Response:
        return self._pages.mail(self._kept(rest[0]), pictures="pictures" in request.query)

    def _mail_html(self, request: Request, rest: list[str]) -> Response:
        if rest[1] != "html":
            raise Refused(404, "no such path")
        return self._pages.mail_content(self._kept(rest[0]), pictures="pictures" in request.query)

    def _kept(self, message_id: str) -> Kept:
        kept = self._mailbox.find(None, message_id, None)
        if kept is None:
            raise Refused(404, "no such message was sent")
        return kept

    def _simulate(self, request: Request, _: list[str]) -> Response:
        asked = json_object(request)
        provider = self._provider(asked.pop("provider", None) or self._caller(asked.get("channel")), 422)
        duplicate, shuffle = _times(asked.pop("duplicate", 1)), _switch(asked.pop("shuffle", False))
        base = f"http://{request.headers.get('host', '127.0.0.1')}"
        staged = provider.simulate(_simulation(provider, asked, base))
        # In order, everything is one delivery; shuffled, each event travels alone and they overtake each other.
        most = 1 if shuffle else self._courier.most(staged.route)
        payloads = list(staged.payloads)
        batches = [payloads[start : start + most] for start in range(0, len(payloads), most)]
        batches = batches * duplicate
        if shuffle:
            self._chance.shuffle(batches)
        statuses = [self._courier.post_now(staged.route, batch) for batch in batches]
        if None in statuses:
            raise Refused(409, f"the product shows no {staged.route.channel} channel with a webhook_url")
        delivered = sum(1 for status in statuses if status is not None and 200 <= status < 300)
        answer = {"delivered": delivered, "statuses": statuses, "events": list(staged.payloads)}
        return json_response(200, answer)

    def _show_behaviours(self, _request: Request, _: list[str]) -> Response:
        return json_response(200, {"items": [self._behaviour(name) for name in self._providers]})

    def _put_behaviour(self, request: Request, rest: list[str]) -> Response:
        name = self._provider(rest[0], 404).name
        self._behaviours.put(name, behaviours.parse(json_object(request)))
        return json_response(200, self._behaviour(name))

    def _behaviour(self, name: str) -> dict[str, Any]:
        return {"provider": name, **asdict(self._behaviours.of(name))}

    def _caller(self, channel: object) -> str | None:
        """The provider by whom people of a channel write."""
        return next((each.name for each in self._providers.values() if channel in each.channels), None)

    def _provider(self, name: object, status: int) -> Provider:
        if not isinstance(name, str) or name not in self._providers:
            raise Refused(status, f"must be one of: {', '.join(self._providers)}", "provider")
        return self._providers[name]


def _simulation(provider: Provider, asked: dict[str, Any], base: str) -> Simulation:
    """What is left of a request once provider, duplicate and shuffle are taken out of it."""
    if not provider.events:
        raise Refused(422, f"{provider.name} calls nobody", "provider")
    event = asked.pop("event", None)
    events = event if isinstance(event, list) and event else [event]
    if not all(isinstance(each, str) and each in provider.events for each in events):
        raise Refused(422, f"must be one of: {', '.join(provider.events)}; or a list of these", "event")
    texts: dict[str, str] = {}
    for name, attribute in _TEXTS.items():
        value = asked.pop(name, None)
        if value is not None and not isinstance(value, str):
            raise Refused(422, "must be a text", name)
        if value:
            texts[attribute] = value
    if texts.get("channel", provider.channels[0]) not in provider.channels:
        raise Refused(422, f"{provider.name} has: {', '.join(provider.channels)}", "channel")
    return Simulation(events=tuple(events), extra=asked, base=base, **texts)


def _times(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MOST_DUPLICATES:
        raise Refused(422, f"must be a whole number from 1 to {_MOST_DUPLICATES}", "duplicate")
    return value


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise Refused(422, "must be true or false", "shuffle")
    return value
