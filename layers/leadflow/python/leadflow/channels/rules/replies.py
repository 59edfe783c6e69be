"""The mail that a message of a conversation goes out as: what it answers, and what stands at its end."""

from __future__ import annotations

from collections.abc import Sequence

# A line of a mail has 998 characters at most (RFC 5322 §2.1.1), of which the header's name takes some.
_LONGEST_LIST = 900


def with_footer(words: str, name: str | None, postal_address: str | None) -> str:
    """The words, and behind the line that parts a signature from a text (RFC 3676 §4.3) who writes and from where."""
    lines = [line.strip() for line in (name or "", *(postal_address or "").splitlines()) if line.strip()]
    return "\n".join([*([words, ""] if words else []), "-- ", *lines]) if lines else words


def thread_headers(before: Sequence[str], answered: str | None) -> dict[str, str]:
    """In-Reply-To and References (RFC 5322 §3.6.4) of a mail behind those with these Message-IDs, oldest first.

    `answered` is the one it answers, the last one where that is not said. Of many the first and the last ones stay.
    """
    if not before:
        return {}
    named = [f"<{one}>" for one in dict.fromkeys(before)]
    kept, length = named[:1], len(named[0])
    for one in reversed(named[1:]):
        length += 1 + len(one)
        if length > _LONGEST_LIST:
            break
        kept.insert(1, one)
    return {"In-Reply-To": f"<{answered or before[-1]}>", "References": " ".join(kept)}


def subject_of(subject: str, *, answers: bool) -> str:
    """The subject of an answer begins with `Re:`, once."""
    return subject if not answers or subject.lower().startswith("re:") else f"Re: {subject}"
