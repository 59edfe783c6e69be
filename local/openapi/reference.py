"""The routes as tables for people to read, between two marks of docs/API.md."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

BEGIN, END = "<!-- routes: made by `make openapi`, not by hand -->", "<!-- end of routes -->"
_HEAD = ("| Route | Scope | What it does | Answer |", "|---|---|---|---|")
_EVERY_LIST_TAKES = ("limit", "cursor")


def inserted(page: str, document: dict[str, Any]) -> str:
    """The page with the tables of this document between its marks. Raises ValueError when a mark is missing."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"docs/API.md has lost its marks {BEGIN} and {END}")
    return "".join((before, begin, "\n", tables(document), end, after))


def tables(document: dict[str, Any]) -> str:
    """A heading, a sentence and a table per tag, in the order of the document."""
    lines: list[str] = []
    for tag in document["tags"]:
        lines += ["", f"### {tag['name']}", "", tag["description"], "", *_HEAD]
        lines += [row for name, row in _rows(document) if name == tag["name"]]
    return "\n".join([*lines, "", ""])


def _rows(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            cells = (f"`{method.upper()} {path}`", _scope(operation), _purpose(operation), _answer(operation))
            yield operation["tags"][0], f"| {' | '.join(cells)} |"


def _scope(operation: dict[str, Any]) -> str:
    scopes = [scope for requirement in operation["security"] for names in requirement.values() for scope in names]
    return f"`{scopes[0]}`" if scopes else "public"


def _purpose(operation: dict[str, Any]) -> str:
    taken = [
        f"`{parameter['name']}`"
        for parameter in operation.get("parameters", [])
        if parameter.get("in") == "query" and parameter["name"] not in _EVERY_LIST_TAKES
    ]
    return f"{operation['summary']}." + (f" Takes {', '.join(taken)}." if taken else "")


def _answer(operation: dict[str, Any]) -> str:
    status, answer = next(iter(operation["responses"].items()))
    for kind, content in answer.get("content", {}).items():
        schema = content.get("schema", {})
        items = schema.get("properties", {}).get("items", {}).get("items", {})
        if "$ref" in items:
            return f"{status}, a list of `{_name(items)}`"
        return f"{status} `{_name(schema)}`" if "$ref" in schema else f"{status}, `{kind}`"
    return str(status)


def _name(schema: dict[str, Any]) -> str:
    return str(schema["$ref"]).rpartition("/")[2]
