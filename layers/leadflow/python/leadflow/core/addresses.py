"""Where calls may go: what an address written by a caller names, and which networks are never called. No I/O.

An outside call goes to the public internet alone. Everything else is somebody's inside: our own machine, the private
network around it, and the metadata service of the cloud that hands out credentials (169.254.169.254, fd00:ec2::254).
Ranges: the IANA special-purpose registries for IPv4 and IPv6 (RFC 6890), RFC 6598 (carrier-grade NAT), RFC 6052
(NAT64), RFC 3056 (6to4), RFC 4380 (Teredo).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import quote, urlsplit

# Web servers and their usual second ports. Whatever else listens on a host (mail, databases) does not speak HTTP.
PORTS = (80, 443, 8080, 8443)
MAX_URL = 2_000

_GLOBAL_V6 = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_TEREDO = IPv6Network("2001::/32")
_SHARED_V4 = IPv4Network("100.64.0.0/10")
_RELAYS_V4 = IPv4Network("192.88.99.0/24")
_HOST_NAME = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*\.?")
# What a path and query are made of (RFC 3986); anything else in a filled-in one is written in its percent form.
_PATH_CHARACTERS = "%/:?[]@!$&'()*+,;=-._~"
_ENDS_IN_A_NUMBER = re.compile(r"(.*\.)?(\d+|0x[0-9a-f]*)\.?")
_PLACEHOLDER = re.compile(r"\{\{|\{%")


class Refused(ValueError):
    """An address that is not called; the text says why and names no address but what the caller wrote."""


@dataclass(frozen=True)
class Target:
    """An address taken apart: `host` in lower case and ASCII, `path` with the query, as they go over the wire."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """What the Host header says: the name, with the port where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _usual_port(self.scheme) else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.authority}"


def target_of(url: str, allowed: frozenset[str] = frozenset()) -> Target:
    """The address that a URL names. Raises Refused when it is none that may be called.

    `allowed` holds `host:port` pairs that are called whatever their network and port are. A host name is judged again
    when it has been resolved.
    """
    scheme, rest = _shape(url)
    authority, path = _parts(rest)
    host, port = _host_and_port(authority, scheme)
    if f"{host}:{port}" not in allowed:
        if port not in PORTS:
            raise Refused(f"the port must be one of {', '.join(map(str, PORTS))}")
        _judge_written(host)
    return Target(scheme, host, port, quote(path, safe=_PATH_CHARACTERS))


def template_target(url: str, allowed: frozenset[str] = frozenset()) -> Target:
    """The address of a URL that may hold placeholders after its host. Raises Refused as `target_of` does.

    Values of a lead never decide which host is called: what they hold was typed by somebody.
    """
    found = _PLACEHOLDER.search(url)
    if found is None:
        return target_of(url, allowed)
    fixed = url[: found.start()]
    scheme, rest = _shape(fixed)
    if not re.search(r"[/?]", rest):
        raise Refused("the host must be written out, placeholders may only follow it")
    return target_of(f"{scheme}://{rest}", allowed)


def judge(address: str) -> None:
    """Lets an IP address pass that is on the public internet. Raises Refused for any other, with the reason."""
    reason = _reason(ip_address(address.partition("%")[0]))
    if reason:
        raise Refused(f"the host leads to {reason}, where nothing is called")


def _shape(url: str) -> tuple[str, str]:
    if len(url) > MAX_URL:
        raise Refused(f"must have at most {MAX_URL} characters")
    if any(ord(one) < 32 or ord(one) == 127 for one in url):
        raise Refused("must not hold control characters")
    scheme, colon, rest = url.partition("://")
    if not colon or scheme.lower() not in ("http", "https"):
        raise Refused("must be an http or https URL")
    return scheme.lower(), rest


def _parts(rest: str) -> tuple[str, str]:
    """The authority, and path with query; a fragment stays with the caller."""
    end = min((rest.find(one) for one in "/?#" if one in rest), default=len(rest))
    authority, path = rest[:end], rest[end:].partition("#")[0]
    if "\\" in authority or any(one.isspace() for one in authority):
        raise Refused("has a host that cannot be read")
    if "@" in authority:
        raise Refused("must not hold a user name or password; send them in a header")
    return authority, path if path.startswith("/") else f"/{path}"


def _host_and_port(authority: str, scheme: str) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{authority}")
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise Refused("has a host or port that cannot be read") from error
    if not host or "%" in host:
        raise Refused("must name a host")
    if port == 0:
        raise Refused("has a host or port that cannot be read")
    return _ascii(host), port or _usual_port(scheme)


def _ascii(host: str) -> str:
    try:
        if ":" in host:
            return str(IPv6Address(host))
        host = host if host.isascii() else host.encode("idna").decode()
    except ValueError as error:
        raise Refused("has a host that cannot be read") from error
    if len(host) > 253 or not _HOST_NAME.fullmatch(host):
        raise Refused("has a host that cannot be read")
    return host


def _usual_port(scheme: str) -> int:
    return 443 if scheme == "https" else 80


def _judge_written(host: str) -> None:
    """Judges what is plain before anything is resolved: addresses, and names of this machine (RFC 6761)."""
    try:
        address = ip_address(host)
    except ValueError:
        if host.rstrip(".").endswith("localhost"):
            raise Refused("the host leads to a loopback address, where nothing is called") from None
        if _ENDS_IN_A_NUMBER.fullmatch(host):
            # 127.1, 0x7f000001 and the like, which resolvers take for addresses.
            raise Refused("has a host that cannot be read") from None
        return
    judge(str(address))


def _reason(address: IPv4Address | IPv6Address) -> str | None:
    inner = _inner(address)
    if inner is not None:
        return _reason(inner)
    named = {
        "an unspecified address": address.is_unspecified,
        "a loopback address": address.is_loopback,
        "a link-local network": address.is_link_local,
        "a multicast address": address.is_multicast,
        "a network shared behind a carrier's NAT": address in _SHARED_V4,
        "a reserved address": address.is_reserved or address in _RELAYS_V4,
        "a private or reserved network": not address.is_global or not _may_be_public(address),
    }
    return next((name for name, holds in named.items() if holds), None)


def _may_be_public(address: IPv4Address | IPv6Address) -> bool:
    """Of IPv6 only 2000::/3 is given out; the rest is old, reserved or local."""
    return isinstance(address, IPv4Address) or (address in _GLOBAL_V6 and address not in _TEREDO)


def _inner(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for: mapped, compatible, 6to4 or NAT64."""
    if isinstance(address, IPv4Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64 or (int(address) >> 32 == 0 and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.sixtofour
