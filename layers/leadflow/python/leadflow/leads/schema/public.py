"""What comes by public doors: forms and visits."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from leadflow.core.schema import Email, HttpUrl, Phone, Read, Text, Timestamp, TimeZone, Write
from leadflow.leads.enums import Budget, Timeline
from leadflow.leads.schema.fields import Company, Labels, Name, Notes, left_alone, without_repeats


def _origin(value: str) -> str:
    try:
        parts = urlsplit(value.lower())
        port = "" if parts.port is None or parts.port == _USUAL_PORTS.get(parts.scheme) else f":{parts.port}"
    except ValueError:
        raise ValueError("must be an origin, as https://example.com") from None
    bare = not (parts.path.strip("/") or parts.query or parts.fragment or parts.username is not None)
    if parts.scheme not in _USUAL_PORTS or not parts.hostname or not value.isascii() or not bare:
        raise ValueError("must be an origin, as https://example.com")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{port}"


def _cut(value: str | None) -> str | None:
    return (value or "")[:300] or None


_USUAL_PORTS = {"http": 80, "https": 443}
Origin = Annotated[Text, Field(min_length=1, max_length=300), AfterValidator(_origin)]


# Long enough to be nobody else's: 22 characters hold 128 random bits.
VisitorWord = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{22,64}$")]


class FormWrite(Write):
    """What is settled about a form; what is left out is as if it was never settled.

    `allowed_origins` are the websites whose pages may post: null is any, an empty list none. `honeypot_field` names a
    field that people do not see: a post in which it is filled in is dropped, and answered as if it was not.
    """

    allowed_origins: Annotated[list[Origin], Field(max_length=50), AfterValidator(without_repeats)] | None = None
    honeypot_field: Annotated[Text, Field(min_length=1, max_length=100)] | None = None


class FormFields(Write):
    """The fields of a posted form that a lead has too."""

    email: Email
    name: Name = Field(default_factory=left_alone)
    company: Company = None
    phone: Phone | None = None
    budget: Budget | None = None
    timeline: Timeline | None = None
    interests: Labels = Field(default_factory=list)
    notes: Notes = None
    timezone: TimeZone | None = None


class VisitWrite(Write):
    """A page that somebody looks at. `token` is the one in the link of the mail they came by, which says who it is.

    `visitor` is a random word that the page made up for somebody who is not known: at least one of the two is there.
    With both, what was visited under the word before is the visits of whom the token names.
    """

    token: Annotated[Text, Field(min_length=1, max_length=200)] | None = None
    visitor: VisitorWord | None = None
    url: HttpUrl
    referrer: Annotated[Text, Field(max_length=8000)] | None = None
    title: Annotated[Annotated[Text, Field(max_length=8000)] | None, AfterValidator(_cut)] = None


class Form(Read):
    """What was settled about a form."""

    id: str
    allowed_origins: list[str] | None
    honeypot_field: str | None
    created_at: Timestamp
    updated_at: Timestamp


class Submission(Read):
    """That a form was taken in. The same words of the same person give the same `submission_id`."""

    status: str
    submission_id: str
