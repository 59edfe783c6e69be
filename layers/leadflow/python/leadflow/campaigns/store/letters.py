"""What many mails share of their words, in the table."""

from __future__ import annotations

import contextlib
import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pynamodb.attributes import BinaryAttribute, UnicodeAttribute

from leadflow.campaigns.store.bodies import Content
from leadflow.core import seams, table
from leadflow.core.errors import InvalidInput
from leadflow.core.rendering.shapes import Shape, filled

# DynamoDB takes items up to 400 KB.
_MAX_BYTES = 380_000
# So many letters are kept at hand.
_MOST_KEPT = 32


class MailLetter(table.Item, discriminator="MailLetter"):
    """What the mails made of one state of a template share: texts with gaps, in which each mail has its values.

    pk `LETTER#<hash of the texts>`  sk `#`
    """

    id = UnicodeAttribute()
    packed = BinaryAttribute(legacy_encoding=False)


@dataclass(frozen=True)
class LetterTexts:
    """The texts of a letter: the page the person reads, the same as it is sent, and the plain text."""

    page: Shape
    html: Shape
    text: Shape


@dataclass(frozen=True)
class OwnWords:
    """What of a mail is its own: its values in the letter, and its links."""

    texts: tuple[str, ...]
    links: list[dict[str, str]]


def letter_id(texts: LetterTexts) -> str:
    return hashlib.sha256(_json(texts)).hexdigest()[:32]


def keep_letter(texts: LetterTexts) -> str:
    """Writes a letter if it is not there, and gives its id. Raises InvalidInput when it is too large to keep."""
    kept, name = _at_hand(), letter_id(texts)
    if name in kept:
        return name
    packed = zlib.compress(_json(texts), 6)
    if len(packed) > _MAX_BYTES:
        raise InvalidInput("body", "comes to mails that are too large to keep; say less")
    letter = MailLetter(pk=f"LETTER#{name}", sk="#", id=name, packed=packed)
    with contextlib.suppress(table.AlreadyThere):
        table.create(letter)
    _keep_at_hand(name, texts)
    return name


def find_letters(letter_ids: Iterable[str]) -> dict[str, LetterTexts]:
    """Letters by their id."""
    kept, wanted = _at_hand(), set(letter_ids)
    missing = sorted(wanted - kept.keys())
    found = {name: kept[name] for name in wanted if name in kept}
    for item in table.find_many(MailLetter, [(f"LETTER#{name}", "#") for name in missing]):
        texts = json.loads(zlib.decompress(item.packed))
        found[item.id] = LetterTexts(**{name: tuple(shape) for name, shape in texts.items()})
        _keep_at_hand(item.id, found[item.id])
    return found


def packed_words(words: OwnWords) -> bytes:
    """A mail's own words as they are kept with it. Raises InvalidInput when they are too many to keep."""
    packed = zlib.compress(json.dumps([words.texts, words.links], ensure_ascii=False).encode(), 6)
    if len(packed) > _MAX_BYTES:
        raise InvalidInput("body", "comes to a mail that is too large to keep; say less or use fewer links")
    return packed


def own_words(packed: bytes) -> OwnWords:
    texts, links = json.loads(zlib.decompress(packed))
    return OwnWords(tuple(texts), links)


def said(letter: LetterTexts, texts: Sequence[str]) -> Content:
    """The words of a mail, as it was sent."""
    return Content(body=filled(letter.page, texts), html=filled(letter.html, texts), text=filled(letter.text, texts))


def _json(texts: LetterTexts) -> bytes:
    shapes: Mapping[str, Any] = {"page": texts.page, "html": texts.html, "text": texts.text}
    return json.dumps(shapes, ensure_ascii=False).encode()


def _at_hand() -> dict[str, LetterTexts]:
    return seams.current().remember("letters", dict)


def _keep_at_hand(name: str, texts: LetterTexts) -> None:
    kept = _at_hand()
    if len(kept) >= _MOST_KEPT:
        kept.pop(next(iter(kept)), None)
    kept[name] = texts
