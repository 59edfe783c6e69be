"""SendGrid's v3 API: https://www.twilio.com/docs/sendgrid/api-reference"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from leadflow.channels.mail import MAX_CALL_BYTES, Address, MailFile, OutgoingMail, Recipient
from leadflow.core import clock, http
from leadflow.core.errors import CredentialsRefused, LeadflowError, MailRefused, OutcomeUnknown, RateLimited

if TYPE_CHECKING:
    import httpx

URL = "https://api.sendgrid.com"
_NO_REQUEST_ID = ""
# When a refusal for too many requests does not say until when; and the longest we believe one that does.
_USUAL_WAIT_SECONDS = 60
_LONGEST_WAIT_SECONDS = 3600
_MOST_PROBLEMS_TOLD = 3
_LONGEST_PROBLEM = 200
# Ours do the same exactly, and for us.
_NO_TRACKING = {
    "click_tracking": {"enable": False, "enable_text": False},
    "open_tracking": {"enable": False},
    "subscription_tracking": {"enable": False},
}
_FIELD = re.compile(r"[A-Za-z0-9_.\-]{1,100}")
_PERSONAL = re.compile(r"\[[^\]]*\]|\"[^\"]*\"|'[^']*'|\S*@\S*|\S*\d{5,}\S*")
# A refusal with another status is about the call itself.
_ABOUT_THE_MAIL = (400, 413)
_ROW = re.compile(r"personalizations\.([0-9]{1,4})(?![0-9])")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


@dataclass(frozen=True)
class _Problem:
    field: str
    message: str


class SendGrid:
    """SendGrid with the API key of one channel."""

    def __init__(self, api_key: str) -> None:
        self._api_key = api_key

    def send(self, mail: OutgoingMail) -> str:
        """Hands a mail over, once; gives the X-Message-Id, which all its recipients share.

        Raises MailRefused naming the fields that SendGrid did not like, or when the call would be larger than it takes;
        CredentialsRefused, RateLimited, UpstreamUnavailable and OutcomeUnknown.
        """
        body = json.dumps(request_body(mail), ensure_ascii=False, separators=(",", ":")).encode()
        if len(body) > MAX_CALL_BYTES:
            raise MailRefused(f"The call has more than the {MAX_CALL_BYTES:,} bytes SendGrid takes.", too_large=True)
        response = self._ask("POST", "/v3/mail/send", body)
        return str(response.headers.get("x-message-id", _NO_REQUEST_ID))

    def scopes(self) -> list[str]:
        """What the key may do, as `mail.send`. Raises as `send` does, OutcomeUnknown also for an answer without it."""
        try:
            return [str(scope) for scope in json.loads(self._ask("GET", "/v3/scopes").content)["scopes"]]
        except (ValueError, LookupError, TypeError, RecursionError):
            raise OutcomeUnknown("SendGrid's answer does not say what the key may do.") from None

    def _ask(self, method: str, path: str, body: bytes | None = None) -> httpx.Response:
        client = http.provider_client("sendgrid", URL)
        headers = {"authorization": f"Bearer {self._api_key}"}
        if body is not None:
            headers["content-type"] = "application/json"
        response = http.send(client, method, path, headers=headers, content=body)
        if not response.is_success:
            raise _refusal(response)
        return response


def request_body(mail: OutgoingMail) -> dict[str, Any]:
    """The v3 mail send request of a mail."""
    body: dict[str, Any] = {
        "personalizations": [_personalization(recipient) for recipient in mail.recipients],
        "from": _address(mail.sender),
        "reply_to": _address(mail.reply_to) if mail.reply_to else None,
        "subject": _line(mail.subject),
        "content": [
            {"type": kind, "value": value}
            for kind, value in (("text/plain", mail.text), ("text/html", mail.html))
            if value
        ],
        "attachments": [_file(file) for file in mail.files],
        "headers": _lines(mail.headers),
        "custom_args": dict(mail.custom_args),
        "categories": list(mail.categories),
        "tracking_settings": _NO_TRACKING,
    }
    return {name: value for name, value in body.items() if value}


def _file(file: MailFile) -> dict[str, str]:
    told = {"type": file.media_type, "filename": _line(file.name), "disposition": "attachment"}
    return {"content": base64.b64encode(file.content).decode(), **told}


def _personalization(recipient: Recipient) -> dict[str, Any]:
    own: dict[str, Any] = {
        "to": [_address(Address(recipient.address, recipient.name))],
        "subject": _line(recipient.subject or ""),
        "headers": _lines(recipient.headers),
        "custom_args": dict(recipient.custom_args),
        "substitutions": dict(recipient.substitutions),
    }
    return {name: value for name, value in own.items() if value}


def _address(address: Address) -> dict[str, str]:
    """SendGrid refuses names with `;` or `,`, since they part addresses from each other."""
    name = " ".join(_line(address.name or "").replace(";", " ").replace(",", " ").split())
    return {"email": address.email, "name": name} if name else {"email": address.email}


def _line(text: str) -> str:
    """Subjects, names and headers are one line, whatever a lead's data holds."""
    return _CONTROL.sub(" ", text).strip()


def _lines(headers: Mapping[str, str]) -> dict[str, str]:
    return {_line(name): _line(value) for name, value in headers.items()}


def _refusal(response: httpx.Response) -> LeadflowError:
    status = response.status_code
    if status == 429:
        return RateLimited("SendGrid takes no more requests for now.", _wait_seconds(response))
    problems = _problems(response)
    told = "; ".join(_told(problem) for problem in problems[:_MOST_PROBLEMS_TOLD])
    detail = f"SendGrid answered {status}{': ' + told if told else '.'}"
    if status in (401, 403):
        return CredentialsRefused(detail)
    recipients: dict[int, str] = {}
    for problem in problems:
        if row := _ROW.match(problem.field):
            recipients.setdefault(int(row[1]), f"SendGrid answered {status}: {_told(problem)}")
    shared = status not in _ABOUT_THE_MAIL or any(
        problem.field and not problem.field.startswith("personalizations") for problem in problems
    )
    return MailRefused(detail, recipients, shared=shared, too_large=status == 413)


def _wait_seconds(response: httpx.Response) -> int:
    reset = response.headers.get("x-ratelimit-reset", "")
    if not (reset.isascii() and reset.isdigit() and len(reset) < 16):
        return _USUAL_WAIT_SECONDS
    return min(max(1, int(reset) - clock.epoch_seconds(clock.now())), _LONGEST_WAIT_SECONDS)


def _problems(response: httpx.Response) -> list[_Problem]:
    """What SendGrid says is wrong, without what may be personal; a page of its proxy says nothing."""
    try:
        return [_problem(error) for error in json.loads(response.content)["errors"]]
    except (ValueError, LookupError, TypeError, AttributeError):
        return []


def _problem(error: dict[str, Any]) -> _Problem:
    field, message = str(error.get("field")), _PERSONAL.sub("…", str(error.get("message") or ""))
    # SendGrid writes the text "null" where it means no field.
    known = _FIELD.fullmatch(field) is not None and field not in ("None", "null")
    return _Problem(field if known else "", message[:_LONGEST_PROBLEM])


def _told(problem: _Problem) -> str:
    return f"{problem.field}: {problem.message}" if problem.field else problem.message
