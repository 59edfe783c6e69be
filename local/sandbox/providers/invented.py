"""People and companies that exist in the sandbox alone: whoever is asked for, derived from the asking, always the same.

All sources know the same person by the same address. Nobody is known whose mail name, profile or name holds one of the
words of `NOBODY`, or whose company's domain holds `unknown`; where it holds `twins`, there are two of them.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

NOBODY = ("nobody", "no-one", "noone", "unknown", "notfound", "not-found")
TWINS = "twins"
_TITLES = (
    "VP of Revenue Operations",
    "Head of Marketing",
    "Chief Technology Officer",
    "Account Executive",
    "Product Manager",
    "Software Engineer",
    "Operations Manager",
    "Founder",
)
_SKILLS = ("Sales", "SQL", "Salesforce", "Forecasting", "Python", "Negotiation", "Analytics", "Copywriting", "Go")
_INDUSTRIES = (
    "Software Development",
    "Financial Services",
    "Hospitals and Health Care",
    "Advertising Services",
    "Retail",
    "Higher Education",
)
_TECHNOLOGIES = ("HubSpot", "Google Analytics", "Cloudflare", "React", "WordPress", "Stripe", "Segment", "Shopify")
_STAGES = ("seed", "series_a", "series_b", "series_c")
_PEOPLE = (4, 28, 120, 312, 760, 2400, 7200, 18000)
_FOR_ANYBODY = ("gmail.com", "yahoo.com", "outlook.com", "hotmail.com", "icloud.com")


@dataclass(frozen=True)
class Firm:
    """A company; `people` is how many work there, `raised` in USD."""

    name: str
    domain: str
    slug: str
    people: int
    industry: str
    raised: int
    stage: str
    funded_on: str
    technologies: tuple[str, ...]
    number: int

    @property
    def band(self) -> str:
        bands = ((10, "1-10"), (50, "11-50"), (200, "51-200"), (500, "201-500"), (1000, "501-1000"))
        above = ((5000, "1001-5000"), (10000, "5001-10000"))
        return next((band for most, band in (*bands, *above) if self.people <= most), "10001+")


@dataclass(frozen=True)
class Someone:
    """A person; `sure` is how certain a match is, 0..1."""

    name: str
    email: str
    slug: str
    handle: str
    title: str
    skills: tuple[str, ...]
    firm: Firm
    number: int
    sure: float

    @property
    def first(self) -> str:
        return self.name.split(" ")[0]

    @property
    def last(self) -> str:
        return self.name.split(" ")[-1]


@dataclass(frozen=True)
class Sought:
    """Who is asked for, by whatever is known; empty texts for what is not."""

    email: str = ""
    profile: str = ""
    phone: str = ""
    name: str = ""
    company: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(one for one in (self.email, self.profile, self.phone, self.name, self.company) if one)

    @property
    def is_twins(self) -> bool:
        return any(TWINS in one.lower() for one in self.words)


def person(sought: Sought) -> Someone | None:
    """Who that is, or nobody."""
    local, _, host = sought.email.lower().partition("@")
    slug = slug_of(sought.profile) or _slug(sought.name or local or sought.phone)
    if not slug or _is_nobody(local, slug, host, sought.name.lower()):
        return None
    known = domain_of(sought.company)
    at = known or (host if host and host not in _FOR_ANYBODY else "")
    employer = firm(at) if at else firm(f"{_slug(sought.company) or f'northwind-{_number(slug) % 40}'}.example")
    if employer is None:
        return None
    number = _number(sought.email.lower() or slug)
    name = sought.name or " ".join(part.capitalize() for part in re.split(r"[^a-z]+", slug) if part) or "Ana Ruiz"
    return Someone(
        name=name,
        email=sought.email.lower() or f"{slug}@{employer.domain}",
        slug=slug,
        handle=re.sub(r"[^a-z0-9]", "", slug)[:15] or "someone",
        title=_TITLES[number % len(_TITLES)],
        skills=_some(_SKILLS, number, 4),
        firm=employer,
        number=number % 10**9,
        sure=0.7 + number % 4 * 0.1 if sought.email or sought.profile else 0.5,
    )


def firm(domain: str) -> Firm | None:
    """The company at a domain, or none."""
    host = domain_of(domain)
    if not host or "unknown" in host or any(word in host for word in NOBODY):
        return None
    number, label = _number(host), host.split(".")[0]
    return Firm(
        name=" ".join(part.capitalize() for part in label.split("-")),
        domain=host,
        slug=label,
        people=_PEOPLE[number % len(_PEOPLE)],
        industry=_INDUSTRIES[number // 8 % len(_INDUSTRIES)],
        raised=(number % 90 + 1) * 1_000_000,
        stage=_STAGES[number // 16 % len(_STAGES)],
        funded_on=f"20{18 + number % 7}-0{1 + number % 9}-1{number % 9}",
        technologies=_some(_TECHNOLOGIES, number, 3),
        number=number % 10**9,
    )


def slug_of(profile: str) -> str:
    """The last part of a LinkedIn address, or the text itself where it is none."""
    return _slug(re.sub(r"[?#].*", "", profile).rstrip("/").rpartition("/")[2]) if profile else ""


def domain_of(value: str) -> str:
    """The host of a website, a domain or nothing."""
    host = re.sub(r"^[a-z]+://", "", value.strip().lower()).split("/")[0].removeprefix("www.")
    return host if re.fullmatch(r"[a-z0-9.-]+\.[a-z0-9-]+", host) else ""


def _is_nobody(*texts: str) -> bool:
    return any(word in one for one in texts for word in NOBODY)


def _slug(value: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", value.lower()).strip("-")


def _number(value: str) -> int:
    return int.from_bytes(hashlib.sha256(value.encode()).digest()[:6])


def _some(words: tuple[str, ...], number: int, count: int) -> tuple[str, ...]:
    return tuple(words[(number + step) % len(words)] for step in range(count))
