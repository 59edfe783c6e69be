"""Which addresses may be called: by the networks that the registries name, and by properties."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadflow.core.addresses import PORTS, Refused, judge, target_of, template_target

# IANA special-purpose registries, RFC 6598, and what embeds them.
INSIDE_V4 = [
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/29"),
    *("192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
    *("224.0.0.0/4", "240.0.0.0/4"),
]
INSIDE_V6 = [
    *("::/128", "::1/128", "fc00::/7", "fe80::/10", "ff00::/8", "2001:db8::/32", "100::/64", "2001::/32"),
    *("fec0::/10", "4000::/3", "8000::/3", "64:ff9b:1::/48"),
]


def in_networks(networks: list[str], kind: type[IPv4Network] | type[IPv6Network]) -> st.SearchStrategy[str]:
    parsed = [kind(one) for one in networks]
    return st.one_of(*(st.ip_addresses(network=one).map(str) for one in parsed))


inside_v4 = in_networks(INSIDE_V4, IPv4Network)
public_v4 = st.ip_addresses(v=4).filter(
    lambda address: not any(address in IPv4Network(one) for one in INSIDE_V4) and address.is_global
)


@given(inside_v4)
def test_nothing_inside_is_called(address: str) -> None:
    with pytest.raises(Refused) as refused:
        judge(address)
    assert address not in str(refused.value)


@given(in_networks(INSIDE_V6, IPv6Network))
def test_nothing_inside_is_called_by_ipv6(address: str) -> None:
    with pytest.raises(Refused):
        judge(address)


def embedded(address: str) -> list[str]:
    """The IPv6 forms that lead to an IPv4 address: mapped, compatible, NAT64 and 6to4."""
    number = int(IPv4Address(address))
    numbers = [0xFFFF << 32 | number, number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80]
    return [str(IPv6Address(one)) for one in numbers]


@given(inside_v4.filter(lambda address: not address.startswith("0.")))
def test_no_ipv6_form_of_an_address_inside_is_called(address: str) -> None:
    for form in embedded(address):
        with pytest.raises(Refused):
            judge(form)


@given(public_v4)
def test_the_public_internet_is_called(address: IPv4Address) -> None:
    judge(str(address))
    mapped, _, nat64, _ = embedded(str(address))
    judge(mapped)
    judge(nat64)


def test_public_ipv6_is_called() -> None:
    judge("2606:4700:4700::1111")


@given(st.text())
def test_any_text_is_a_target_or_refused(text: str) -> None:
    for url in (text, f"http://{text}", f"https://example.com/{text}", f"https://example.com{text}"):
        try:
            target = target_of(url)
        except Refused:
            continue
        assert target.port in PORTS
        assert target.path.isascii()
        assert target.path.startswith("/")
        assert not any(one.isspace() or ord(one) < 32 for one in target.path + target.authority)
        assert "@" not in target.authority


@given(st.text(max_size=30))
def test_no_value_changes_the_host(value: str) -> None:
    """Whatever is filled in behind the slash, the same host is called."""
    fixed = template_target("https://hooks.example/{{ x }}")
    try:
        assert target_of(f"https://hooks.example/{value}").origin == fixed.origin
    except Refused:
        return


@pytest.mark.parametrize(
    ("url", "authority", "path"),
    [
        ("https://Example.COM", "example.com", "/"),
        ("http://example.com:80/a", "example.com", "/a"),
        ("https://example.com:80/a", "example.com:80", "/a"),
        ("https://example.com?x=1#y", "example.com", "/?x=1"),
        ("https://bücher.example/ü?q=a b", "xn--bcher-kva.example", "/%C3%BC?q=a%20b"),
        ("https://example.com/%20/a", "example.com", "/%20/a"),
        ("https://[2606:4700:4700::1111]:8443/", "[2606:4700:4700::1111]:8443", "/"),
    ],
)
def test_urls_are_taken_apart_as_they_go_over_the_wire(url: str, authority: str, path: str) -> None:
    target = target_of(url)

    assert (target.authority, target.path) == (authority, path)


def test_only_a_pair_that_is_listed_is_called_inside() -> None:
    allowed = frozenset({"127.0.0.1:3001"})

    assert target_of("http://127.0.0.1:3001/x", allowed).port == 3001
    for url in ("http://127.0.0.1:3000/", "http://localhost:3001/", "http://127.0.0.2:3001/", "http://[::1]:3001/"):
        with pytest.raises(Refused):
            target_of(url, allowed)
