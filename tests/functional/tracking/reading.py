"""Pages as a browser or screen reader takes them in."""

from __future__ import annotations

from html.parser import HTMLParser

from tests.harness import Answer

_VOID = ("meta", "input", "br", "img")


class Page(HTMLParser):
    """The elements of a page with their attributes, and what is written in each, in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None], str]] = []
        self.open: list[int] = []
        self.declared = ""
        self.feed(html)
        self.close()
        assert self.open == [], "every element ends"

    def handle_decl(self, decl: str) -> None:
        self.declared = decl

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs), ""))
        if tag not in _VOID:
            self.open.append(len(self.elements) - 1)

    def handle_endtag(self, tag: str) -> None:
        assert self.elements[self.open.pop()][0] == tag, f"{tag} ends where another element is open"

    def handle_data(self, data: str) -> None:
        for place in self.open:
            name, attributes, text = self.elements[place]
            self.elements[place] = (name, attributes, text + data)

    def texts(self, tag: str) -> list[str]:
        return [text for name, _, text in self.elements if name == tag]

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes, _ in self.elements if name == tag]


def buttons(answer: Answer) -> list[tuple[str, str]]:
    """The forms of a page: what each posts, and what its button says."""
    page = Page(answer.text)
    hidden = [str(one["name"]) for one in page.all("input") if one["type"] == "hidden"]
    return list(zip(hidden, page.texts("button"), strict=True))
