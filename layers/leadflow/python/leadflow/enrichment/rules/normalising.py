"""What a value in a source's answer is in our words, or None where it is nothing of the kind.

Sources send what they like: `true` in place of a text that a plan does not include (People Data Labs' free plan),
URLs without a scheme, lists where a text was promised. Nothing here raises, whatever JSON it is given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from leadflow.enrichment.enums import LONGEST, LONGEST_IN_A_LIST, MOST_IN_A_LIST, EnrichmentField
from leadflow.enrichment.rules.answers import Value

LONGEST_URL = 2000
# The bands of People Data Labs and of LinkedIn, by their upper ends.
_SIZES = ((10, "1-10"), (50, "11-50"), (200, "51-200"), (500, "201-500"), (1000, "501-1000"))
_SIZES_ABOVE = ((5000, "1001-5000"), (10000, "5001-10000"))
_LARGEST_SIZE = "10001+"
_MOST_PEOPLE = 50_000_000
_MOST_FUNDING = 10**13
# LinkedIn's names of 2022 for what sources still call by the older ones; Microsoft's "Industry codes V2" table.
_INDUSTRIES = {
    "computer software": "Software Development",
    "information technology and services": "IT Services and IT Consulting",
    "internet": "Technology, Information and Internet",
    "marketing and advertising": "Advertising Services",
    "management consulting": "Business Consulting and Services",
    "hospital & health care": "Hospitals and Health Care",
}
_SMALL_WORDS = {"a", "an", "and", "for", "in", "of", "on", "or", "the", "to"}
_NUMBER = re.compile(r"\d[\d,.]*\s*[kKmM]?(?![A-Za-z])")
_HOST = re.compile(r"(?=.{4,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_SLUG = re.compile(r"[^\s/?#:@\x00-\x1f]{1,100}")
# What cannot be stored or shown: control characters, and halves of characters that no UTF-8 has.
_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_DAY = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")
_TITLES = {"ipo": "IPO"}
# Mail services for anybody; an address there says nothing about a company.
_MAIL_FOR_ANYBODY = frozenset(
    {
        "gmail.com",
        "googlemail.com",
        "yahoo.com",
        "outlook.com",
        "hotmail.com",
        "live.com",
        "msn.com",
        "icloud.com",
        "me.com",
        "mac.com",
        "aol.com",
        "gmx.com",
        "gmx.de",
        "gmx.net",
        "web.de",
        "proton.me",
        "protonmail.com",
        "mail.com",
        "mail.ru",
        "yandex.ru",
        "yandex.com",
        "qq.com",
        "163.com",
    }
)


def text(value: Any, longest: int = 200) -> str | None:
    """A text of one line with something in it, cut at `longest` characters."""
    if not isinstance(value, str):
        return None
    line = " ".join(_UNFIT.sub(" ", value[: longest * 4]).split())[:longest].strip()
    return line or None


def url(value: Any) -> str | None:
    """An http(s) address with a scheme and a full host name, without credentials; a bare `acme.com` gets https."""
    if not isinstance(value, str) or len(value) > LONGEST_URL:
        return None
    written = value.strip()
    if not written or _UNFIT.search(written) or any(one.isspace() for one in written):
        return None
    if not _SCHEME.match(written) or _has_port_without_scheme(written):
        written = f"https://{written.removeprefix('//')}"
    try:
        parts = urlsplit(written)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return None
    if parts.scheme.lower() not in ("http", "https") or "@" in parts.netloc or not _HOST.fullmatch(host):
        return None
    whole = parts._replace(scheme=parts.scheme.lower(), netloc=host if port is None else f"{host}:{port}").geturl()
    return whole if len(whole) <= LONGEST_URL else None


def _has_port_without_scheme(written: str) -> bool:
    return re.match(r"[A-Za-z0-9.-]+\.[A-Za-z]+:\d", written) is not None


def domain(value: Any) -> str | None:
    """The host of an address without `www.`, in lower case."""
    found = url(value)
    host = urlsplit(found).hostname if found else None
    return host.removeprefix("www.") if host else None


def company_domain_of_email(email: str | None) -> str | None:
    """The domain of a mail address that is a company's own; None for mail services that anybody uses."""
    host = domain((email or "").rpartition("@")[2].lower())
    return None if host in _MAIL_FOR_ANYBODY else host


def profile(value: Any, site: str, path: str = "") -> str | None:
    """A profile at `site` as its address; `value` is the address or, where a `path` is given, the name alone.

    An address elsewhere is none: a field called `github_url` that holds some other site is not believed.
    """
    written = text(value, LONGEST_URL)
    if written is None:
        return None
    name = written.removeprefix("@")
    if "/" not in name and "." not in name:
        return f"https://{site}/{path}{name}" if path is not None and _SLUG.fullmatch(name) else None
    found, host = url(written), domain(written)
    return found if host == site or (host or "").endswith(f".{site}") else None


def linkedin(value: Any) -> str | None:
    return profile(value, "linkedin.com", "in/")


def linkedin_company(value: Any) -> str | None:
    return profile(value, "linkedin.com", "company/")


def twitter(value: Any) -> str | None:
    """An address at Twitter under either name, or a handle."""
    return profile(value, "twitter.com") or profile(value, "x.com")


def github(value: Any) -> str | None:
    return profile(value, "github.com")


def linkedin_name(value: Any) -> str | None:
    """The last part of a person's LinkedIn address, which services ask by."""
    found = linkedin(value)
    parts = [part for part in urlsplit(found).path.split("/") if part] if found else []
    return parts[1] if len(parts) >= 2 and parts[0] in ("in", "pub") else None


def size(value: Any) -> str | None:
    """A company's size as one of the eight usual bands; from a number of people, a band, or words around either."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _band(value)
    if isinstance(value, str) and len(value) <= 100:
        numbers = [number for found in _NUMBER.findall(value) if (number := _people(found)) is not None]
        if numbers:
            is_open = "+" in value or "more" in value.lower()
            return _band(numbers[-1] + 1 if is_open else sum(numbers[:2]) / len(numbers[:2]))
    return None


def _people(written: str) -> float | None:
    digits = written.strip().rstrip("kKmM").strip()
    factor = {"k": 1_000, "m": 1_000_000}.get(written.strip()[-1].lower(), 1)
    plain = digits.replace(",", "").rstrip(".") if factor == 1 else digits.replace(",", ".").rstrip(".")
    try:
        return float(plain) * factor
    except ValueError:
        return None


def _band(people: float) -> str | None:
    if not 1 <= people <= _MOST_PEOPLE:
        return None
    return next((band for most, band in (*_SIZES, *_SIZES_ABOVE) if people <= most), _LARGEST_SIZE)


def industry(value: Any) -> str | None:
    """An industry in LinkedIn's present words where it is one of its older names, with capitals where it has none."""
    if isinstance(value, list):
        return next((found for one in value[:MOST_IN_A_LIST] if (found := industry(one))), None)
    found = text(value, LONGEST["company_industry"])
    if found is None:
        return None
    return _INDUSTRIES.get(found.lower()) or (_with_capitals(found) if found == found.lower() else found)


def _with_capitals(words: str) -> str:
    parts = words.split(" ")
    return " ".join(
        one if number and one in _SMALL_WORDS else one[:1].upper() + one[1:] for number, one in enumerate(parts)
    )[: LONGEST["company_industry"]]


def funding(total_usd: Any, stage: Any = None, at: Any = None) -> str | None:
    """What a company has raised, for people to read: `$42,000,000 raised, latest Series B on 2024-06-18`."""
    is_amount = isinstance(total_usd, int | float) and not isinstance(total_usd, bool)
    amount = f"${total_usd:,.0f} raised" if is_amount and 0 < total_usd < _MOST_FUNDING else None
    name = text(stage, 40)
    latest = " ".join(_TITLES.get(one, one.capitalize()) for one in re.split(r"[_\s]+", name.lower())) if name else None
    day = at[:10] if isinstance(at, str) and _is_day(at[:10]) else None
    if latest:
        latest = f"latest {latest} on {day}" if day else f"latest {latest}"
    return ", ".join(part for part in (amount, latest) if part) or None


def _is_day(value: str) -> bool:
    if not _DAY.fullmatch(value, 0) or not value.isascii():
        return False
    try:
        date.fromisoformat(f"{value}-01-01"[:10] if len(value) == 4 else f"{value}-01"[:10])
    except ValueError:
        return False
    return True


def texts(value: Any) -> list[str] | None:
    """Texts from a list of texts or of objects with a `name`, or from one text with commas; each once."""
    if isinstance(value, str):
        value = value[: MOST_IN_A_LIST * LONGEST_IN_A_LIST].split(",")
    if not isinstance(value, list):
        return None
    found: dict[str, str] = {}
    for one in value:
        name = text(one.get("name") if isinstance(one, dict) else one, LONGEST_IN_A_LIST)
        if name is not None:
            found.setdefault(name.casefold(), name)
        if len(found) == MOST_IN_A_LIST:
            break
    return list(found.values()) or None


def profiles(pairs: Iterable[tuple[Any, Any]]) -> dict[str, str] | None:
    """Addresses of a person by the name of the network, the first of each; a network is a word of `[a-z0-9_]`."""
    found: dict[str, str] = {}
    for network, value in pairs:
        name = re.sub(r"[^a-z0-9]+", "_", (text(network, 40) or "").lower()).strip("_")
        address = url(value)
        if name and address and len(found) < MOST_IN_A_LIST:
            found.setdefault(name, address)
    return found or None


def score(value: Any, most: float = 1) -> float | None:
    """A number from 0 to `most` as 0..1."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        return None
    return round(value / most, 4)


def mapping(value: Any, *names: str) -> Mapping[str, Any]:
    """The object at this path of objects; an empty one where there is none."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[Mapping[str, Any]]:
    """The objects in a list; none where it is no list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def present(values: Mapping[EnrichmentField, Value | None]) -> dict[EnrichmentField, Value]:
    """Without what is unknown."""
    return {name: value for name, value in values.items() if value}
