"""A page to look through the table with, on 127.0.0.1 alone; it reads and never writes."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote

from local import loopback
from local.tools.migrating import plain
from local.tools.scanning import Raw, item_classes, key_of, pages

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

_SHOWN = 100
_READ_AT_MOST = 20_000
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#1b1f24;background:#fff}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #d8dee4;
vertical-align:top}code,pre{font:13px ui-monospace,monospace;overflow-wrap:anywhere;white-space:pre-wrap}
nav a{margin-right:1rem}a{color:#0a58ca}@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}
td,th{border-color:#30363d}a{color:#6cb6ff}}
"""


class Browser:
    """The pages as a WSGI application: `/` the kinds, `/kind/<name>` its items, `/partition?pk=` all of one key."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path, query = environ.get("PATH_INFO", "/"), parse_qs(environ.get("QUERY_STRING", ""))
        is_ours = loopback.is_own_name(environ.get("HTTP_HOST", ""))
        body, status = self._page(path, query) if is_ours else ("<p>Ask by 127.0.0.1.</p>", "403 Forbidden")
        headers = [("content-type", "text/html; charset=utf-8"), ("cache-control", "no-store")]
        headers.append(("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'"))
        start_response(status, headers)
        return [self._whole(body).encode()]

    def _page(self, path: str, query: dict[str, list[str]]) -> tuple[str, str]:
        if path == "/":
            return _kinds(), "200 OK"
        if path.startswith("/kind/") and (kind := path.removeprefix("/kind/")) in item_classes():
            return _listing(kind, lambda raw: raw.get("type", {}).get("S") == kind), "200 OK"
        if path == "/partition" and (pk := query.get("pk", [""])[0]):
            return _partition(pk), "200 OK"
        return "<p>There is no such page.</p>", "404 Not Found"

    def _whole(self, body: str) -> str:
        title = html.escape(f"{self._name} — Leadflow's table")
        return (
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
            f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
            f'<nav><a href="/">Kinds</a></nav><h1>{title}</h1>'
            '<form action="/partition"><label>Partition key <input name="pk" size="50"></label> '
            f"<button>Show</button></form>{body}</html>"
        )


def _kinds() -> str:
    rows = (
        f'<tr><td><a href="/kind/{quote(name)}">{html.escape(name)}</a><td>{html.escape(_about(kind))}'
        for name, kind in sorted(item_classes().items())
    )
    return f"<table><tr><th>Kind<th>What it is{''.join(rows)}</table>"


def _about(kind: Any) -> str:
    return (kind.__doc__ or "").strip().splitlines()[0]


def _listing(kind: str, wanted: Callable[[Raw], bool]) -> str:
    found, read = [], 0
    for items, _ in pages():
        read += len(items)
        found += [raw for raw in items if wanted(raw)]
        if len(found) >= _SHOWN or read >= _READ_AT_MOST:
            break
    note = f"<h2>{html.escape(kind)}</h2><p>The first {len(found[:_SHOWN])} found among {read:,} items.</p>"
    return note + _table(found[:_SHOWN])


def _partition(pk: str) -> str:
    from leadflow.core import aws
    from leadflow.core.settings import settings

    answer = aws.client("dynamodb").query(
        TableName=settings().table_name,
        KeyConditionExpression="pk = :p",
        ExpressionAttributeValues={":p": {"S": pk}},
        Limit=_SHOWN,
        ConsistentRead=True,
    )
    return f"<h2><code>{html.escape(pk)}</code></h2>" + _table(answer["Items"])


def _table(items: list[Raw]) -> str:
    return "<table><tr><th>Key<th>Item" + "".join(_row(raw) for raw in items) + "</table>"


def _row(raw: Raw) -> str:
    pk, sk = key_of(raw)
    shown = json.dumps(plain(raw), indent=1, sort_keys=True, default=str, ensure_ascii=False)
    link = f'<a href="/partition?pk={quote(pk, safe="")}">{html.escape(pk)}</a>'
    kind = html.escape(raw.get("type", {}).get("S", "no type"))
    item = f"<details><summary>{kind}</summary><pre>{html.escape(shown)}</pre></details>"
    return f"<tr><td><code>{link}<br>{html.escape(sk)}</code><td>{item}"
