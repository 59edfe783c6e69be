"""How mails are put together into calls of the provider, and what a refusal means for those in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from leadflow.core.errors import MailRefused
from leadflow.core.rendering.shapes import Shape

ItemT = TypeVar("ItemT")

# The provider takes 30 MB in one call; ours stay well below, names of fields and escapes included.
MOST_CALL_BYTES = 20_000_000
# What a recipient costs in a call beside their values: address, headers, id.
RECIPIENT_BYTES = 700
# A refusal without a place that holds for so many mails by themselves, and no mail was taken, is not about the mails.
MOST_REFUSED_ALIKE = 5


@dataclass(frozen=True)
class Tags:
    """How the positions of values are written in a shared content: `-3fa9.7-`."""

    stem: str

    def tag(self, position: int) -> str:
        return f"-{self.stem}.{position}-"

    def content(self, shape: Shape) -> str:
        return "".join(part if isinstance(part, str) else self.tag(part) for part in shape)

    def substitutions(self, texts: Sequence[str], positions: Sequence[int]) -> dict[str, str]:
        return {self.tag(position): texts[position] for position in positions}


@dataclass(frozen=True)
class Refused(Generic[ItemT]):
    """What a refused call comes to: who is refused for good and why, and which calls are to be made instead."""

    rejected: tuple[tuple[ItemT, str], ...]
    calls: tuple[tuple[ItemT, ...], ...]


def positions(*shapes: Shape) -> tuple[int, ...]:
    """The positions of values that shapes use, each once."""
    return tuple(sorted({part for shape in shapes for part in shape if isinstance(part, int)}))


def size_of(substitutions: Mapping[str, str]) -> int:
    """The bytes of tags and values, as the provider counts them."""
    return sum(len(tag.encode()) + len(value.encode()) for tag, value in substitutions.items())


def holds(stem: str, shapes: Sequence[Shape], texts: Sequence[Sequence[str]]) -> bool:
    """Whether a text has this stem in it, so that it would be taken for a tag."""
    fixed = (part for shape in shapes for part in shape if isinstance(part, str))
    return any(stem in part for part in fixed) or any(stem in value for values in texts for value in values)


def calls(sized: Sequence[tuple[ItemT, str, int]], most: int) -> Iterator[tuple[ItemT, ...]]:
    """Puts (item, address, bytes) into calls of at most `most`, each address once in a call whatever its case."""
    rest = list(sized)
    while rest:
        chosen: list[ItemT] = []
        later: list[tuple[ItemT, str, int]] = []
        addresses: set[str] = set()
        size = 0
        for item, address, bytes_ in rest:
            fits = len(chosen) < most and (not chosen or size + bytes_ <= MOST_CALL_BYTES)
            if not fits or address.lower() in addresses:
                later.append((item, address, bytes_))
                continue
            chosen.append(item)
            addresses.add(address.lower())
            size += bytes_
        yield tuple(chosen)
        rest = later


def after_refusal(items: Sequence[ItemT], refusal: MailRefused) -> Refused[ItemT]:
    """What follows from a refusal: who is named is out and the rest goes again; else the half of it is tried."""
    named = {place: why for place, why in refusal.recipients.items() if place < len(items)}
    if named:
        rest = tuple(item for place, item in enumerate(items) if place not in named)
        rejected = tuple((items[place], why) for place, why in sorted(named.items()))
        return Refused(rejected, (rest,) if rest else ())
    if len(items) == 1:
        return Refused(((items[0], refusal.detail),), ())
    middle = len(items) // 2
    return Refused((), (tuple(items[:middle]), tuple(items[middle:])))
