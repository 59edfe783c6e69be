"""What is kept of a visit to a website, and who counts as one visitor of a public door."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

_IPV6_HOST_BITS = 64
# Parameters that say how a visitor came. All others may hold anything, such as a password to be reset.
_KEPT_PARAMETERS = "utm_"
# A name of 253 characters (RFC 1035) and a port.
_LONGEST_HOST = 259


def page_of(url: str) -> str:
    """The address of a page as it is kept: without fragment, name and password, and parameters but those of `utm_`."""
    parts = urlsplit(url)
    kept = [(name, value) for name, value in parse_qsl(parts.query) if name.startswith(_KEPT_PARAMETERS)]
    host = parts.netloc.rpartition("@")[2].lower()
    return urlunsplit((parts.scheme, host, parts.path or "/", urlencode(kept), ""))


def site_of(url: str) -> str | None:
    """The site a visitor came from; None for what is no web address."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    host = parts.netloc.rpartition("@")[2].lower()
    if parts.scheme not in ("http", "https") or not parts.hostname or len(host) > _LONGEST_HOST:
        return None
    return f"{parts.scheme}://{host}"


def newest(visits: Sequence[Mapping[str, Any]], most: int, most_bytes: int) -> list[Mapping[str, Any]]:
    """Of visits in order the last ones, `most` at most, one at least, and as many as take `most_bytes` as JSON."""
    kept: list[Mapping[str, Any]] = []
    size = 0
    for visit in reversed(visits[-most:]):
        size += len(json.dumps(visit))
        if kept and size > most_bytes:
            break
        kept.append(visit)
    return kept[::-1]


def neighbourhood(address: str) -> str:
    """Who counts as one sender: an IPv4 address, or the IPv6 network of one connection (/64)."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    if not isinstance(ip, IPv6Address):
        return str(ip)
    if ip.ipv4_mapped:
        return str(ip.ipv4_mapped)
    return str(IPv6Address(int(ip) >> _IPV6_HOST_BITS << _IPV6_HOST_BITS))


def window(now: datetime, length: timedelta) -> tuple[int, int]:
    """The fixed window of time a moment lies in: its number since 1970, and the seconds until it ends (at least 1)."""
    size = int(length.total_seconds())
    number, passed = divmod(int(now.timestamp()), size)
    return number, size - passed
