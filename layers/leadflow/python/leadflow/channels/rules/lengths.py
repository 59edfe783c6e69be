"""What fits into a message, counted as the provider of its channel counts, and how many parts an SMS has.

Twilio: `Body` has 1,600 characters at most on every channel. Messenger: 2,000, of which it is not said what they are,
so UTF-16 units are counted. Instagram: 1,000 bytes of UTF-8. SMS: 160 characters of GSM 03.38, or 70 UTF-16 units when
one character is not in it; 153 and 67 per part when there are several (3GPP TS 23.038 and 23.040).
"""

from __future__ import annotations

from dataclasses import dataclass

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# These take the place of two.
_EXTENDED = frozenset("\f^{}\\[~]|€")
_MOST_FILES = {"sms": 10, "whatsapp": 1, "messenger": 1, "instagram": 1}
# Twilio's, by ContentSid.
_TEMPLATED = ("sms", "whatsapp")
# Meta takes either a text or a file.
_EITHER_OR = ("messenger", "instagram")


@dataclass(frozen=True)
class Segments:
    """How an SMS goes over the air."""

    encoding: str
    count: int


def segments(text: str) -> Segments:
    """Encoding and number of parts of an SMS; an empty one has none."""
    if all(one in _BASIC or one in _EXTENDED for one in text):
        units = sum(2 if one in _EXTENDED else 1 for one in text)
        return Segments("GSM-7", _parts(units, 160, 153))
    return Segments("UCS-2", _parts(utf16_units(text), 70, 67))


def utf16_units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def too_long(channel: str, text: str) -> str | None:
    """Why the provider would not take this text; None when it would."""
    if channel in ("sms", "whatsapp") and len(text) > 1600:
        return f"has {len(text)} characters; {channel} takes 1600"
    if channel == "messenger" and utf16_units(text) > 2000:
        return f"has {utf16_units(text)} UTF-16 units; messenger takes 2000"
    size = len(text.encode())
    if channel == "instagram" and size > 1000:
        return f"has {size} bytes of UTF-8; instagram takes 1000"
    return None


def files_refused(channel: str, count: int, *, has_text: bool) -> str | None:
    """Why so many files cannot go with a message; None when they can."""
    most = _MOST_FILES.get(channel, 10)
    if count > most:
        return f"{channel} takes {most} file{'' if most == 1 else 's'} with a message"
    if count and has_text and channel in _EITHER_OR:
        return f"{channel} takes either content or a file; send them one after the other"
    return None


def template_refused(channel: str) -> str | None:
    """Why no approved template can be sent on this channel; None when one can."""
    return None if channel in _TEMPLATED else f"is for sms and whatsapp; {channel} has no approved templates"


def _parts(units: int, alone: int, together: int) -> int:
    return int(units > 0) if units <= alone else -(-units // together)
