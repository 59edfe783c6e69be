"""X-Twilio-Signature, against what Twilio's own library makes and its tests hold."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from leadflow.channels.providers.signatures import signed_by_twilio
from tests.harness import ROOT

TOKEN = "twilio-test-token"
BASE = "https://hooks.example.test/v1/webhooks/twilio/"
VECTORS = [
    ("sms_inbound", BASE + "inbound", "1KAtqoBIAbla6HO5qa5U0AhE2XA="),
    ("sms_inbound", BASE + "inbound?ch=42", "d7PASqUszOQWnpSUwyQn1vOHfyI="),
    ("sms_inbound", BASE + "inbound", "ijo8udnXinaS1TQJ09dsAKG+Vx8="),  # with :443 in what was signed
    ("whatsapp_inbound", BASE + "inbound", "6Z3d/LOiUYqAS9DWh7331xHWJX8="),
    ("whatsapp_media_inbound", BASE + "inbound", "NDe+u6a3l8ojUKd+cRgRswXBm0I="),
    ("status_delivered", BASE + "status", "SbmzVcxYraBHyeWX4/+YtSipe2w="),
    ("status_failed", BASE + "status", "NbhNu39fCommDaMUQ5BKqVobSa0="),
]
OFFICIAL_URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
OFFICIAL = b"CallSid=CA1234567890ABCDE&Digits=1234&From=%2B14158675309&To=%2B18005551212&Caller=%2B14158675309"


@pytest.mark.parametrize(("name", "url", "signature"), VECTORS)
def test_signatures_of_the_samples_hold(name: str, url: str, signature: str) -> None:
    raw = (ROOT / "events" / "providers" / "twilio" / f"{name}.form").read_bytes()

    assert signed_by_twilio([TOKEN], url, raw, signature)
    assert signed_by_twilio(["the new one", TOKEN], url, raw, signature)
    assert not signed_by_twilio(["another"], url, raw, signature)
    assert not signed_by_twilio([TOKEN], url + "x", raw, signature)
    assert not signed_by_twilio([TOKEN], url, raw + b"&More=", signature)


@pytest.mark.parametrize(
    ("url", "signature"),
    [
        (OFFICIAL_URL, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (OFFICIAL_URL, "kvajT1Ptam85bY51eRf/AJRuM3w="),
        (OFFICIAL_URL.replace(".com", ".com:443"), "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (OFFICIAL_URL.replace("https", "http"), "0ZXoZLH/DfblKGATFgpif+LLRf4="),
    ],
)
def test_signatures_of_the_library_s_tests_hold(url: str, signature: str) -> None:
    assert signed_by_twilio(["12345"], url, OFFICIAL, signature)


def test_a_value_that_comes_twice_counts_once() -> None:
    raw = b"Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234"

    assert signed_by_twilio(["12345"], OFFICIAL_URL, raw, "IK+Dwps556ElfBT0I3Rgjkr1wJU=")


class Repeated(dict[str, str]):
    """What frameworks give Twilio's library, with every value of a name."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs

    def getlist(self, name: str) -> list[str]:
        return [value for each, value in self.pairs if each == name]


FIELDS = st.lists(st.tuples(st.text(max_size=8), st.text(max_size=20)), max_size=12)


@given(FIELDS, st.sampled_from(["", "?m=1", "?a=%2B&a=&b"]), st.sampled_from(["", ":443", ":8443"]))
def test_the_library_agrees(fields: list[tuple[str, str]], query: str, port: str) -> None:
    raw = urlencode(fields).encode()
    pairs = parse_qsl(raw.decode(), keep_blank_values=True)
    url = f"https://hooks.example.test{port}/webhooks/twilio/1{query}"
    signature = RequestValidator(TOKEN).compute_signature(url, Repeated(pairs))

    assert signed_by_twilio([TOKEN], url, raw, signature)


@given(st.binary(max_size=200), st.text(max_size=40))
def test_nothing_else_holds_and_nothing_breaks(raw: bytes, signature: str) -> None:
    assert not signed_by_twilio([TOKEN], BASE, raw, signature)
