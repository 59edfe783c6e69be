"""What providers' error codes come to: why, in words people understand, and what is to be done.

Twilio: https://www.twilio.com/docs/api/errors · Meta: code and subcode as `10/2018278`, from
https://developers.facebook.com/docs/messenger-platform/error-codes. Providers add codes and change what they mean by
them, so one that is not here is told as it is, and nothing is done about it.
"""

from __future__ import annotations

from dataclasses import dataclass

from leadflow.channels.enums import RefusalReason, RefusalRemedy


@dataclass(frozen=True)
class Refusal:
    """Why a message was not taken or not delivered. `remedy` `hold` is about the whole channel, not this message."""

    reason: RefusalReason
    sentence: str
    remedy: RefusalRemedy = "none"


_CLOSED = Refusal("window_closed", "The window for free messages is closed; the person has to write first.")
_OPTED_OUT = Refusal("opted_out", "The person does not want messages from this sender.")
_UNREACHABLE = Refusal("unreachable", "The person cannot be reached at the moment.")
_NO_SUCH_PERSON = Refusal("invalid_recipient", "There is nobody at this address who can get such messages.")
_BAD_CONTENT = Refusal("invalid_content", "The provider does not take this content.")
_TOO_LONG = Refusal("too_long", "The message is longer than the provider takes.")
_FILTERED = Refusal("filtered", "A carrier or the provider filtered the message.")
_NOT_ALLOWED = Refusal("not_allowed", "The account is not set up to send this message to this person.")
_TOO_FAST = Refusal("rate_limited", "The provider takes no more messages for now.", "later")
_TRY_LATER = Refusal("unknown", "Something failed at the provider that may pass.", "later")
_ACCOUNT = Refusal("account", "The provider does not let the account send for now.", "hold")

_TWILIO: dict[int, Refusal] = {
    **dict.fromkeys((63016,), _CLOSED),
    **dict.fromkeys((21610,), _OPTED_OUT),
    **dict.fromkeys((30003, 63032, 63049), _UNREACHABLE),
    **dict.fromkeys((21211, 21614, 21635, 21266, 30005, 30006, 63003, 63024), _NO_SUCH_PERSON),
    **dict.fromkeys((21602, 14103, 21619, 21620, 63005, 63013, 63021, 63027, 63028), _BAD_CONTENT),
    **dict.fromkeys((21617, 21658, 21605), _TOO_LONG),
    **dict.fromkeys((30004, 30007, 30450, 30610, 30640, 30036, 14107), _FILTERED),
    **dict.fromkeys((21212, 21601, 21606, 21603, 21408, 21608, 21612, 30034, 63020, 20404), _NOT_ALLOWED),
    **dict.fromkeys((20429, 21611, 30001, 30022, 63017, 63018), _TOO_FAST),
    **dict.fromkeys((30008, 30410, 63012), _TRY_LATER),
    **dict.fromkeys((20003, 20005, 20008, 30002, 63038), _ACCOUNT),
}
# By code and subcode, then by the code alone.
_META: dict[str, Refusal] = {
    **dict.fromkeys(("10/2018278", "10/2018065", "10/2534022"), _CLOSED),
    **dict.fromkeys(("10/2018108", "551", "200/1545041", "551/1545041"), _OPTED_OUT),
    **dict.fromkeys(("100/2018001", "100/2534014"), _NO_SUCH_PERSON),
    **dict.fromkeys(("100", "100/2018109", "100/2018047", "2534001", "2534013", "2534025"), _BAD_CONTENT),
    **dict.fromkeys(("200/2018028",), _NOT_ALLOWED),
    **dict.fromkeys(("4", "17", "32", "341", "613", "80001", "80002", "80006", "80007", "80008"), _TOO_FAST),
    **dict.fromkeys(("1", "2", "1200"), _TRY_LATER),
    **dict.fromkeys(("190", "102", "10", "10/1893063", "200/2534041", "100/2534029", "368"), _ACCOUNT),
}
# 200 to 299 are rights that the app does not have, or has lost.
_META_RIGHTS = range(200, 300)


def refusal(provider: str, code: str) -> Refusal:
    """What an error code of `twilio` or `facebook` (`<code>` or `<code>/<subcode>`) comes to."""
    found = _twilio(code) if provider == "twilio" else _meta(code)
    return found or Refusal("unknown", f"The provider did not deliver it (code {code[:40]}).")


def _twilio(code: str) -> Refusal | None:
    return _TWILIO.get(int(code)) if code.isascii() and code.isdigit() and len(code) < 10 else None


def _meta(code: str) -> Refusal | None:
    main = code.partition("/")[0]
    found = _META.get(code) or _META.get(main)
    if found is None and main.isascii() and main.isdigit() and len(main) < 10 and int(main) in _META_RIGHTS:
        return _ACCOUNT
    return found
