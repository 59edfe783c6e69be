"""A message of a conversation as a mail: in the thread it belongs to, with its files and the footer of its channel."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from leadflow.channels import store
from leadflow.channels.mail import ID_ARGUMENT, MAX_FILES_BYTES, Address, MailFile, OutgoingMail, Recipient
from leadflow.channels.rules import files, replies
from leadflow.channels.service import connecting
from leadflow.core import clock
from leadflow.core.errors import LeadflowError, PayloadTooLarge, RateLimited, UpstreamRejected, UpstreamUnavailable

_NEWEST = 20
_NO_SUBJECT = "Your message"
# A file that cannot be reached for so long holds up the conversation no longer.
_FILE_GIVEN_UP_AFTER = timedelta(hours=1)
# A worker has 240 seconds, and one file may take 80.
_FILES_TIME = timedelta(seconds=60)


def prepared(
    conversation: store.Conversation, message: store.Message, channel: store.ChannelConfig
) -> Callable[[], str]:
    """What hands the mail over when it is called, and gives its Message-ID, which is ours so that answers find it.

    Its files are fetched now. Raises CredentialsRefused; UpstreamRejected, Forbidden and PayloadTooLarge for files that
    cannot be sent; RateLimited and UpstreamUnavailable for those that may be had later.
    """
    mailer = connecting.mailer_of(channel)
    message_id = f"{message.id}@{str(channel.from_email).rpartition('@')[2]}"
    before = [one for one in store.latest_until(conversation.id, clock.now_stamp(), _NEWEST) if one.id != message.id]
    answered = next((one for one in before if one.direction == "inbound"), None)
    known = [str(one.provider_message_id) for one in reversed(before) if one.provider_message_id]
    subject = str((conversation.channel_metadata or {}).get("subject") or _NO_SUBJECT)
    if answered is not None:
        subject = str((answered.metadata or {}).get("subject") or subject)
    headers = {"Message-ID": f"<{message_id}>"}
    headers |= replies.thread_headers(known, answered.provider_message_id if answered else None)
    if (message.outgoing or {}).get("automatic"):
        headers["Auto-Submitted"] = "auto-generated"
    mail = OutgoingMail(
        sender=Address(str(channel.from_email), channel.from_name),
        recipients=(Recipient(str(conversation.person), custom_args={ID_ARGUMENT: message.id}),),
        subject=replies.subject_of(subject, answers=answered is not None),
        text=replies.with_footer(message.content, channel.from_name, channel.postal_address),
        reply_to=Address(channel.reply_to) if channel.reply_to else None,
        headers=headers,
        files=_files(message),
    )

    def send() -> str:
        mailer.send(mail)
        return message_id

    return send


def _files(message: store.Message) -> tuple[MailFile, ...]:
    found: list[MailFile] = []
    begun, left = clock.now(), MAX_FILES_BYTES
    for number, one in enumerate(message.attachments):
        if clock.now() > begun + _FILES_TIME:
            raise _unless_too_late(message, UpstreamUnavailable("The files take too long to come."))
        found.append(_file(message, number, str(one["url"]), left))
        left -= len(found[-1].content)
    return tuple(found)


def _file(message: store.Message, number: int, url: str, most_bytes: int) -> MailFile:
    from leadflow.channels.providers import media

    one = message.attachments[number]
    try:
        got = media.fetch(url, most_bytes)
    except PayloadTooLarge:
        raise PayloadTooLarge(f"The files are larger than {MAX_FILES_BYTES // 1_000_000} MB together.") from None
    except (RateLimited, UpstreamUnavailable) as error:
        raise _unless_too_late(message, error) from error
    if not got.content:
        raise UpstreamRejected("A file of it is empty.")
    name = files.file_name(one.get("name") or files.name_in(url), number)
    return MailFile(name, files.media_type_of(got.content, one.get("media_type") or got.media_type), got.content)


def _unless_too_late(message: store.Message, error: LeadflowError) -> LeadflowError:
    """The error, or a final one when the file has been tried for long enough."""
    is_late = clock.now() > clock.parse(str(message.created_at)) + _FILE_GIVEN_UP_AFTER
    return UpstreamRejected(error.detail) if is_late else error
