"""What SendGrid asks of a send request as a whole, `personalizations` aside, from its documented list of errors."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any

from local.sandbox.providers.sendgrid import personalization_rules
from local.sandbox.providers.sendgrid.problems import (
    Problem,
    check_person,
    check_strings,
    first_repeated,
    integer,
)

_MOST_CATEGORIES = 10
_LONGEST_CATEGORY = 255
_MOST_GROUPS_SHOWN = 25
_SWITCHES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "mail_settings": {
        "bypass_list_management": ("enable",),
        "bypass_spam_management": ("enable",),
        "bypass_bounce_management": ("enable",),
        "bypass_unsubscribe_management": ("enable",),
        "footer": ("enable",),
        "sandbox_mode": ("enable",),
    },
    "tracking_settings": {
        "click_tracking": ("enable", "enable_text"),
        "open_tracking": ("enable",),
        "subscription_tracking": ("enable",),
        "ganalytics": ("enable",),
    },
}


def check(mail: dict[str, Any], now: float, substitution_bytes: int) -> list[Problem]:
    """Everything wrong with a request, in the order of its parts; empty when SendGrid would take it.

    `now` is in epoch seconds; `substitution_bytes` is the cap for each personalization, 10,000 as documented.
    """
    return [
        *personalization_rules.check_all(mail, now, substitution_bytes),
        *_check_from(mail),
        *_check_reply_to(mail),
        *_check_subject(mail),
        *_check_content(mail),
        *_check_attachments(mail),
        *_check_template(mail),
        *_check_shared(mail, now),
        *_check_categories(mail),
        *_check_identifiers(mail),
        *_check_switches(mail),
    ]


def _check_from(mail: dict[str, Any]) -> Iterator[Problem]:
    if mail.get("from") is None:
        yield Problem(
            "The from object must be provided for every email send. It is an object that requires the email parameter,"
            ' but may also contain a name parameter. e.g. {"email" : "example@example.com"}',
            "from.email",
        )
    else:
        yield from check_person(mail["from"], "from", "from")


def _check_reply_to(mail: dict[str, Any]) -> Iterator[Problem]:
    one, several = mail.get("reply_to"), mail.get("reply_to_list")
    if one is not None and several is not None:
        yield Problem("You may use either reply_to or reply_to_list, but not both.", "reply_to_list")
    if one is not None and not _is_tag(one, mail):
        yield from check_person(one, "reply_to", "reply_to")
    if several is None:
        return
    if not isinstance(several, list) or not 1 <= len(several) <= personalization_rules.MOST:
        yield Problem("The reply_to_list must be an array of 1 to 1000 email objects.", "reply_to_list")
        return
    for index, person in enumerate(several):
        yield from check_person(person, f"reply_to_list.{index}", "reply_to_list")
    emails = [str(person.get("email")) for person in several if isinstance(person, dict)]
    if first_repeated(emails) is not None:
        yield Problem("Each email address in the reply_to_list should be unique.", "reply_to_list")


def _is_tag(person: object, mail: dict[str, Any]) -> bool:
    """Whether an address is filled in for each recipient, as SendGrid allows in `reply_to`."""
    email = person.get("email") if isinstance(person, dict) else None
    entries = mail.get("personalizations")
    if not isinstance(email, str) or not isinstance(entries, list):
        return False
    tags = [entry.get("substitutions") for entry in entries if isinstance(entry, dict)]
    return any(isinstance(each, dict) and any(tag and tag in email for tag in each) for each in tags)


def _check_subject(mail: dict[str, Any]) -> Iterator[Problem]:
    if "subject" in mail and mail["subject"] is not None:
        yield from personalization_rules.check_subject(mail["subject"], "subject")
        return
    entries = mail.get("personalizations")
    entries = entries if isinstance(entries, list) else []
    if mail.get("template_id") or all(isinstance(entry, dict) and entry.get("subject") for entry in entries):
        return
    yield Problem(
        "The subject is required. You can get around this requirement if you use a template with a subject defined or"
        " if every personalization has a subject defined.",
        "subject",
    )


def _check_content(mail: dict[str, Any]) -> Iterator[Problem]:
    content = mail.get("content")
    if content is None:
        if not mail.get("template_id"):
            yield Problem(
                "Unless a valid template_id is provided, the content parameter is required. There must be at least one"
                " defined content block. We typically suggest both text/plain and text/html blocks are included, but"
                " only one block is required.",
                "content",
            )
        return
    if not isinstance(content, list) or not content or not all(isinstance(part, dict) for part in content):
        yield Problem("There must be at least one defined content block.", "content")
        return
    wrong = [problem for index, part in enumerate(content) for problem in _check_part(part, f"content.{index}")]
    yield from wrong
    order = [{"text/plain": 0, "text/html": 1}.get(str(part.get("type")).lower(), 2) for part in content]
    if not wrong and order != sorted(order):
        yield Problem(
            "Following RFC 1341, section 7.2, if either text/html or text/plain are to be sent in your email:"
            " text/plain needs to be first, followed by text/html, followed by any other content.",
            "content",
        )


def _check_part(part: dict[str, Any], field: str) -> Iterator[Problem]:
    kind, value = part.get("type"), part.get("value")
    if not isinstance(kind, str) or not kind:
        yield Problem("Your content type must be a string with length of at least one character.", f"{field}.type")
    elif any(mark in kind for mark in ";,\r\n"):
        yield Problem("Cannot contain ';', or CRLF characters.", f"{field}.type")
    if not isinstance(value, str) or not value:
        yield Problem("The content value must be a string at least one character in length.", f"{field}.value")


def _check_attachments(mail: dict[str, Any]) -> Iterator[Problem]:
    attachments = mail.get("attachments")
    if attachments is None:
        return
    if not isinstance(attachments, list) or not all(isinstance(each, dict) for each in attachments):
        yield Problem("The attachments must be an array of objects.", "attachments")
        return
    for index, each in enumerate(attachments):
        yield from _check_attachment(each, f"attachments.{index}")


def _check_attachment(attachment: dict[str, Any], field: str) -> Iterator[Problem]:
    content, name = attachment.get("content"), attachment.get("filename")
    if not isinstance(content, str) or not content:
        yield Problem("The attachment content must be a string at least one character in length.", f"{field}.content")
    else:
        try:
            base64.b64decode(content, validate=True)
        except binascii.Error:
            yield Problem("The attachment content must be base64 encoded.", f"{field}.content")
    if not isinstance(name, str) or not name:
        yield Problem("The filename of your attachment must be a string.", f"{field}.filename")
    elif any(mark in name for mark in ";,\r\n"):
        yield Problem("The filename of your attachment cannot contain CRLF characters.", f"{field}.filename")
    if attachment.get("disposition", "attachment") not in ("inline", "attachment"):
        yield Problem(
            'The disposition of your attachment can be either "inline" or "attachment".', f"{field}.disposition"
        )


def _check_template(mail: dict[str, Any]) -> Iterator[Problem]:
    """This account has no stored templates, so any id is unknown."""
    template = mail.get("template_id")
    if template is not None and not isinstance(template, str):
        yield Problem("The template ID must be a string.", "template_id")
    elif template:
        yield Problem(
            f"The Template ID must be a valid template id for your account. You provided {template}.", "template_id"
        )


def _check_shared(mail: dict[str, Any], now: float) -> Iterator[Problem]:
    if mail.get("headers") is not None:
        yield from personalization_rules.check_headers(mail["headers"], "headers")
    if mail.get("custom_args") is not None:
        yield from check_strings(
            mail["custom_args"], "custom_args", "All values of custom arguments object must be strings"
        )
    if mail.get("send_at") is not None:
        yield from personalization_rules.check_send_at(mail["send_at"], "send_at", now)


def _check_categories(mail: dict[str, Any]) -> Iterator[Problem]:
    categories = mail.get("categories")
    if categories is None:
        return
    if not isinstance(categories, list) or not all(isinstance(each, str) for each in categories):
        yield Problem("Categories must be an array of strings.", "categories")
        return
    if len(categories) > _MOST_CATEGORIES:
        yield Problem(
            f"There is a limit of {_MOST_CATEGORIES} categories for each email that is sent. You provided"
            f" {len(categories)} categories.",
            "categories",
        )
    for each in categories:
        if len(each) > _LONGEST_CATEGORY:
            yield Problem(
                f"Each category must not be longer than {_LONGEST_CATEGORY} characters. {each} exceeds this limit",
                "categories",
            )
        if not each.isascii():
            yield Problem("Categories can not contain non-ASCII characters.", "categories")
    if len(set(categories)) < len(categories):
        twice = next(each for each in categories if categories.count(each) > 1)
        yield Problem(
            f"The categories must be a unique list, and you have included {twice} more than once.", "categories"
        )


def _check_identifiers(mail: dict[str, Any]) -> Iterator[Problem]:
    if not isinstance(mail.get("batch_id", ""), str):
        yield Problem("The batch_id must be a string.", "batch_id")
    pool = mail.get("ip_pool_name")
    if pool is not None and (not isinstance(pool, str) or not 2 <= len(pool) <= 64):
        yield Problem("The name of your IP pool must be a string of 2 to 64 characters.", "ip_pool_name")
    asm = mail.get("asm")
    if asm is None:
        return
    if not isinstance(asm, dict) or not integer(asm.get("group_id")):
        yield Problem("The ASM group ID must be an integer.", "asm.group_id")
        return
    shown = asm.get("groups_to_display", [])
    if not isinstance(shown, list) or not all(integer(each) for each in shown):
        yield Problem("The ASM Group IDs to display must be an array of integers.", "asm.groups_to_display")
    elif len(shown) > _MOST_GROUPS_SHOWN:
        yield Problem(
            "There is a limit of 25 unsubscribe groups that can be displayed to a user at a time.",
            "asm.groups_to_display",
        )


def _check_switches(mail: dict[str, Any]) -> Iterator[Problem]:
    """`mail_settings` and `tracking_settings`: objects of objects whose switches are booleans."""
    for area, settings in _SWITCHES.items():
        chosen = mail.get(area)
        if chosen is not None and not isinstance(chosen, dict):
            yield Problem(f"The {area} must be an object.", area)
        elif chosen is not None:
            for setting, switches in settings.items():
                yield from _check_switch(chosen.get(setting), f"{area}.{setting}", switches)
    chosen = mail.get("mail_settings")
    bypasses = [name for name in chosen if name.startswith("bypass_")] if isinstance(chosen, dict) else []
    if "bypass_list_management" in bypasses and len(bypasses) > 1:
        yield Problem(
            "The bypass_list_management setting cannot be combined with other bypass settings.",
            "mail_settings.bypass_list_management",
        )


def _check_switch(setting: object, field: str, switches: tuple[str, ...]) -> Iterator[Problem]:
    if setting is None:
        return
    name = field.rpartition(".")[2].replace("_", " ")
    for switch in switches:
        if not isinstance(setting, dict) or not isinstance(setting.get(switch, False), bool):
            yield Problem(f"The {name} {switch} param should be a boolean value.", f"{field}.{switch}")
