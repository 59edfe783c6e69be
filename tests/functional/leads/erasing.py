"""A person whom every wing knows, and the erasure of one."""

from __future__ import annotations

import os
from typing import Any

from leadflow.core import aws
from tests.functional.campaigns.mailing import template
from tests.functional.channels.accounts import make
from tests.functional.leads.announced import announced
from tests.functional.webhooks import posts
from tests.functional.workflows.engine import Engine
from tests.harness import Answer, call

PERSON = {
    "name": "Zebedee Quillfeather",
    "email": "zebedee@quillfeather.example",
    "phone": "+442079460018",
    "company": "Quillfeather Looms",
    "notes": "Prefers marmalade.",
    "custom": {"dog": "Marmaduke"},
    "tags": ["marmalade"],
}
VALUES = ("zebedee", "quillfeather", "2079460018", "marmalade", "marmaduke")
OTHER = {"name": "Bob", "email": "bob@example.com"}
_LARGE = 60_000


def erase(lead_id: str, **headers: str) -> Answer:
    return call("leads/erase_lead", path={"lead_id": lead_id}, headers=headers)


def erasure(lead_id: str) -> dict[str, Any]:
    answer = call("leads/get_erasure", path={"erasure_id": lead_id})
    assert answer.status == 200, answer.text
    record: dict[str, Any] = answer.json
    return record


def queued() -> list[dict[str, Any]]:
    """The erasures that are announced, taken off the bus."""
    return announced("erasure")


def everything() -> str:
    """The whole table and the whole bucket as one text, in lower case."""
    items = aws.client("dynamodb").scan(TableName=os.environ["TABLE_NAME"])["Items"]
    s3, bucket = aws.client("s3"), os.environ["BUCKET_NAME"]
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
    bodies = [s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode() for key in keys]
    return "\n".join([repr(item) for item in items] + keys + bodies).lower()


def left_of_the_person(text: str) -> list[str]:
    return [value for value in VALUES if value in text]


def mail_of(lead_id: str) -> str:
    """The id of a lead's only mail."""
    [mail] = call("campaigns/list_lead_emails", path={"lead_id": lead_id}).json["items"]
    return str(mail["id"])


class World:
    """A channel, a template, a workflow that mails and one that waits; and two people whom all of them know."""

    def __init__(self, engine: Engine) -> None:
        aws.client("s3").create_bucket(Bucket=os.environ["BUCKET_NAME"])
        self.engine = engine
        self.channel_id = make()["id"]
        self.template_id = template()
        self.mailing = _workflow("send_email", {"template_id": self.template_id})
        self.waiting = _workflow("wait", {"days": 3}, once_per_lead=True)
        engine.clock.advance(seconds=1)
        self.other_id = self._met(OTHER, "other")
        self.lead_id = self._met(PERSON, "person")
        self._run()
        self.mail_id, self.other_mail_id = mail_of(self.lead_id), mail_of(self.other_id)
        self._read_and_left()
        self._reported()

    def _met(self, person: dict[str, Any], key: str) -> str:
        lead_id = str(call("leads/create_lead", person, headers={"idempotency-key": key}).json["id"])
        about = {"signal_type": "chat_message", "signal_data": {"said": f"I am {person['name']}"}}
        plan = {"lead_id": lead_id, "title": f"Show {person['name']} the looms", "assigned_to": "sam@example.com"}
        said = {
            "source": "forager",
            "company_name": person.get("company"),
            "enrichment_data": {"x": person["name"] * 3_000},
        }
        at = "2026-03-04T23:30:00Z" if key == "person" else "2026-03-04T22:30:00Z"
        for name, body, path in (
            ("signals/record_signal", about, {"lead_id": lead_id}),
            ("templates/preview_template", {"lead_id": lead_id}, {"template_id": self.template_id}),
            ("enrichment/create_enrichment", said, {"lead_id": lead_id}),
            ("tasks/create_task", plan, {}),
            ("appointments/create_appointment", {**plan, "scheduled_at": at, "duration_minutes": 60}, {}),
        ):
            assert call(name, body, path=path, headers={"idempotency-key": key}).status < 300
        assert call("leads/update_lead", {"status": "contacted"}, path={"lead_id": lead_id}).status == 200
        return lead_id

    def _run(self) -> None:
        """All that the workflows do until they wait."""
        self.engine.deliver()
        for start in self.engine.starts():
            self.engine.segment(start)
        self.engine.deliver()

    def _read_and_left(self) -> None:
        """The person opens the mail, clicks the link with their own address, and unsubscribes."""
        path = {"tracking_id": self.mail_id}
        reader = {"user-agent": "Mozilla/5.0 (Quillfeather)"}
        assert call("tracking/open", path=path, headers=reader, scopes=None).status == 200
        assert call("tracking/click", path={**path, "link": "2"}, headers=reader, scopes=None).status == 302
        assert call("tracking/unsubscribe", path=path, headers=reader, scopes=None).status == 200

    def _reported(self) -> None:
        """The provider reports: on both people in one small and one large post, and one post that nobody read yet."""
        for number, size in enumerate((1, _LARGE)):
            entries = [
                posts.event(self.mail_id, email=PERSON["email"], reason="250 zebedee", n=number),
                posts.event(self.other_mail_id, email=OTHER["email"], padding="x" * size),
            ]
            self.post(*entries)
            self.large = entries
            assert posts.work(*posts.queued()) == []
        self.post(posts.event(self.mail_id, "open", email=PERSON["email"]))
        posts.queued()

    def post(self, *entries: Any) -> None:
        assert posts.post(self.channel_id, posts.body_of(*entries)).status < 300


def _workflow(action: str, config: dict[str, Any], **trigger: Any) -> str:
    workflow_id = str(call("workflows/create_workflow", {"name": action}).json["id"])
    path = {"workflow_id": workflow_id}
    for name, body in (
        ("add_trigger", {"trigger_type": "lead_created", "trigger_config": trigger}),
        ("add_action", {"action_type": action, "action_config": config}),
    ):
        answer = call(f"workflows/{name}", body, path=path)
        assert answer.status == 201, answer.text
    assert call("workflows/activate_workflow", path=path).status == 200
    return workflow_id
