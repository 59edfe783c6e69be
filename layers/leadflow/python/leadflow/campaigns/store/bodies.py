"""The words of mails in the table."""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict, dataclass

from pynamodb.attributes import BinaryAttribute, JSONAttribute

from leadflow.core import table
from leadflow.core.errors import InvalidInput

# DynamoDB takes items up to 400 KB.
_MAX_BODY_BYTES = 380_000


class EmailBody(table.Item, discriminator="EmailBody"):
    """What a mail says, written with its claim and never changed: a try after a crash sends these very words.

    pk `EM#<tracking id>`  sk `BODY`
    """

    packed = BinaryAttribute(legacy_encoding=False)
    links = JSONAttribute(default=list)


@dataclass(frozen=True)
class Content:
    """The words of a mail. `body` is the page the person reads, `html` the same with our tracking, as it is sent."""

    body: str
    html: str
    text: str


def find_body(mail_id: str) -> EmailBody | None:
    return table.find(EmailBody, f"EM#{mail_id}", "BODY")


def body_of(mail_id: str, content: Content, links: list[dict[str, str]]) -> EmailBody:
    """The item of a mail's words, compressed. Raises InvalidInput when they are too many to keep."""
    packed = zlib.compress(json.dumps(asdict(content), ensure_ascii=False).encode(), 6)
    if len(packed) + len(json.dumps(links).encode()) > _MAX_BODY_BYTES:
        raise InvalidInput("body", "comes to a mail that is too large to keep; say less or use fewer links")
    return EmailBody(pk=f"EM#{mail_id}", sk="BODY", packed=packed, links=links)


def unpacked(body: EmailBody) -> Content:
    return Content(**json.loads(zlib.decompress(body.packed)))
