"""GET /appointments/{appointment_id}."""

from __future__ import annotations

from tests.functional.activities.plans import appointment
from tests.functional.leads.people import added
from tests.harness import call


def test_an_appointment_is_shown_with_its_version() -> None:
    made = appointment(added()["id"])

    answer = call("appointments/get_appointment", path={"appointment_id": made["id"]}, scopes="appointments:read")

    assert (answer.status, answer.json, answer.etag) == (200, made, '"1"')


def test_what_is_not_there_is_not_found() -> None:
    for appointment_id in ("NOBODY", "x" * 3000):
        assert call("appointments/get_appointment", path={"appointment_id": appointment_id}).status == 404
    refused = call("appointments/get_appointment", path={"appointment_id": "NOBODY"}, scopes="tasks:read")
    assert refused.status == 403
