"""GET /messages/{message_id}/attachments/{n}"""

from __future__ import annotations

from urllib.parse import unquote

import pytest

from leadflow.core import aws
from leadflow.core.settings import settings
from tests.functional.channels.accounts import make
from tests.functional.channels.provider import Provider
from tests.functional.conversations.talking import arrive, deliver, messages, write
from tests.functional.webhooks.services import MAIL, SMS, multipart, post_mail
from tests.harness import Answer, call

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 20


def get(message_id: str, n: str = "0") -> Answer:
    return call("conversations/get_attachment", path={"message_id": message_id, "n": n})


@pytest.fixture(autouse=True)
def bucket() -> None:
    aws.client("s3").create_bucket(Bucket=settings().bucket_name)


def media(provider: Provider) -> dict[str, str]:
    url = f"{settings().provider_base_url}/twilio/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1"
    return {"NumMedia": "1", "MediaUrl0": url, "MediaContentType0": "image/png"}


def test_a_file_is_fetched_with_our_credentials_and_given_out_by_a_signed_link(provider: Provider) -> None:
    write(make(SMS), "", **media(provider))
    message = messages()[0]
    assert [one["state"] for one in message["attachments"]] == ["pending"]
    assert get(message["id"]).status == 409
    provider.answers(200, PNG, {"content-type": "image/png"})

    deliver()

    (one,) = messages()[0]["attachments"]
    assert (one["state"], one["media_type"], one["size"]) == ("stored", "image/png", len(PNG))
    assert provider.asked[0].headers["authorization"].startswith("Basic ")
    answer = get(message["id"])
    assert answer.status == 302
    link = answer.headers["location"]
    assert f"attachments/{message['id']}/0" in link
    assert 'attachment; filename="attachment-0"' in unquote(link)
    assert "Signature=" in link
    stored = aws.client("s3").get_object(Bucket=settings().bucket_name, Key=f"attachments/{message['id']}/0")
    assert stored["Body"].read() == PNG


@pytest.mark.parametrize("n", ["1", "x", "-1", "0x0", "99999"])
def test_there_is_no_such_file(provider: Provider, n: str) -> None:
    write(make(SMS), "", **media(provider))

    assert get(messages()[0]["id"], n).status == 404
    assert get("nope").status == 404


def test_a_file_of_a_mail_is_there_at_once() -> None:
    raw = multipart(
        {
            "headers": "Message-ID: <m1@example.com>\r\nFrom: ana@example.com",
            "from": "Ana <ana@example.com>",
            "to": "hello@acme.example",
            "subject": "Plans",
            "text": "See the plan",
            "envelope": '{"to":["hello@acme.example"],"from":"ana@example.com"}',
            "attachments": "1",
            "attachment-info": '{"attachment1":{"filename":"plan.pdf","name":"plan.pdf","type":"application/pdf"}}',
            "attachment1": ("plan.pdf", "application/pdf", b"%PDF-1.7 plan"),
        }
    )
    assert post_mail(make(MAIL), raw).status < 300
    arrive()

    (one,) = messages()[0]["attachments"]
    assert (one["state"], one["name"], one["media_type"]) == ("stored", "plan.pdf", "application/pdf")
    assert get(messages()[0]["id"]).status == 302
