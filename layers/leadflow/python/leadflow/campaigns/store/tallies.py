"""What a mail adds to the totals of its campaign and its template, and where the campaign's lists have it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# How a mail that is no longer pending counts in its step: audience = these four and those still to come.
STATES = {"accepted": "sent", "rejected": "failed", "skipped": "skipped", "unknown": "unknown"}
# Numbers beside those states: of mails (what happened to them at least once), and of visits.
HAPPENED = (
    *("delivered", "bounced", "opened", "clicked", "machine_opened", "machine_clicked", "unsubscribed", "replied"),
    *("complained", "acted"),
)
VISITS = ("opens", "clicks", "machine_opens", "machine_clicks")
HOURLY = ("sent", "opened", "clicked", "machine_opened", "machine_clicked")
# Parts of the names of totals: of the campaign as a whole, of a step, of why a step was skipped, of a variant of a
# step, of one of its links, of an hour.
WHOLE, STEP, REASON, VARIANT, LINK, HOUR = "C", "S", "R", "V", "L", "H"
# Why steps are skipped for who had no turn when the campaign was completed by hand.
COMPLETED = "campaign_completed"
_ARRIVED = ("delivered", "opened", "clicked")
_LONGEST_LABEL = 300
_HOUR_CHARACTERS = len("2026-03-02T09")


def campaign_owner(campaign_id: str) -> str:
    return f"CAMP#{campaign_id}"


def template_owner(template_id: str) -> str:
    return f"TPL#{template_id}"


def group_of(outcome: str, status: str) -> str:
    """Which list of its campaign has a mail: `waiting`, `skipped`, `failed`, `bounced` or `sent`.

    Few and slow to change, so that a mail moves once or twice in the index, whatever people do with it.
    """
    if outcome in ("pending", "unknown"):
        return "waiting"
    if outcome == "skipped":
        return "skipped"
    if outcome == "rejected" or status == "failed":
        return "failed"
    return "bounced" if status == "bounced" else "sent"


def skipped(step_number: int, reason: str) -> dict[str, int]:
    """What a member adds to a campaign's totals who is skipped at a step."""
    number = f"{step_number:04d}"
    return {f"{WHOLE}#skipped": 1, f"{STEP}#{number}#skipped": 1, f"{REASON}#{number}#{reason}": 1}


def ended(left: Mapping[str, int]) -> dict[str, int]:
    """What members add to a campaign's totals who are not sent steps since it was completed by hand, by step number."""
    adds = {f"{WHOLE}#skipped": sum(left.values())}
    for step_number, count in left.items():
        adds |= {name: count for name in skipped(int(step_number), COMPLETED) if not name.startswith(f"{WHOLE}#")}
    return {name: number for name, number in adds.items() if number}


def of_campaign(mail: Mapping[str, Any]) -> dict[str, int]:
    """What a mail of a campaign adds to its totals; nothing while it is pending."""
    state = STATES.get(mail["outcome"])
    if state is None:
        return {}
    step = int(mail["step_number"])
    if state == "skipped":
        return skipped(step, mail["skip_reason"] or "skipped")
    number, happened = f"{step:04d}", _happened(mail)
    adds = {f"{WHOLE}#{name}": 1 for name in (state, *happened)}
    adds |= {f"{STEP}#{number}#{name}": 1 for name in (state, *happened)}
    adds |= {f"{VARIANT}#{number}#{mail['template_id']}#{name}": 1 for name in (state, *happened)}
    adds |= {f"{STEP}#{number}#{name}": count for name, count in _visits(mail).items()}
    adds |= {f"{HOUR}#{at[:_HOUR_CHARACTERS]}#{name}": 1 for name, at in _hours(mail).items()}
    for click in mail["link_clicks"]:
        who = "machine_clicked" if click["machine"] else "clicked"
        adds[f"{LINK}#{number}#{click['number']:05d}#{who}#{click['link'][:_LONGEST_LABEL]}"] = 1
    return adds


def of_template(mail: Mapping[str, Any]) -> dict[str, int]:
    """What a mail adds to the totals of its template: that it was sent, and whether people clicked or answered."""
    if mail["outcome"] != "accepted":
        return {}
    return {"sent": 1, "acted": 1} if _acted(mail) else {"sent": 1}


def _acted(mail: Mapping[str, Any]) -> bool:
    return mail["clicked_at"] is not None or mail["replied_at"] is not None


def _happened(mail: Mapping[str, Any]) -> list[str]:
    facts = {
        "delivered": mail["status"] in _ARRIVED,
        "bounced": mail["status"] == "bounced",
        "opened": mail["opened_at"] is not None,
        "clicked": mail["clicked_at"] is not None,
        "machine_opened": mail["machine_open_count"] > 0,
        "machine_clicked": mail["machine_click_count"] > 0,
        "unsubscribed": mail["unsubscribed_at"] is not None,
        "replied": mail["replied_at"] is not None,
        "complained": mail["complained_at"] is not None,
        "acted": _acted(mail),
    }
    return [name for name in HAPPENED if facts[name]]


def _visits(mail: Mapping[str, Any]) -> dict[str, int]:
    counts = {
        "opens": mail["open_count"],
        "clicks": mail["click_count"],
        "machine_opens": mail["machine_open_count"],
        "machine_clicks": mail["machine_click_count"],
    }
    return {name: int(count) for name, count in counts.items() if count}


def _hours(mail: Mapping[str, Any]) -> dict[str, str]:
    """When each thing first happened to the mail."""
    by_machines = [click["at"] for click in mail["link_clicks"] if click["machine"]]
    times = {
        "sent": mail["sent_at"] if mail["outcome"] == "accepted" else None,
        "opened": mail["opened_at"],
        "clicked": mail["clicked_at"],
        "machine_opened": mail["machine_opened_at"],
        "machine_clicked": min(by_machines, default=None),
    }
    return {name: at for name, at in times.items() if at is not None}
