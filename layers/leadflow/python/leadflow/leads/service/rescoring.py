"""What scores are made by, as people settle it; and the walk that scores all leads by it.

A walk is safe on any line: it writes leads alone that are scored by older settings, each with the version it was read
at. A lead that a signal comes for meanwhile is brought up to date by that signal.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from leadflow.core import table
from leadflow.core.errors import InvalidInput, PreconditionFailed
from leadflow.core.observability import logger
from leadflow.core.table import Record
from leadflow.leads import store
from leadflow.leads.rules import fit
from leadflow.leads.service import jobs, rating
from leadflow.leads.service.writing import TURNS, crowded_out
from leadflow.leads.store import scoring as settings

if TYPE_CHECKING:
    from leadflow.leads.schema import ScoringWrite

JOB_ID = "scoring"
_PAGE = 100


def get() -> Record:
    """What scores are made by."""
    return _shown(settings.find_settings())


def put(body: ScoringWrite, if_match: int | None) -> Record:
    """Settles what scores are made by, and has all leads scored by it.

    Settings that are in force already begin nothing. Raises InvalidInput naming the rule that is wrong,
    PreconditionFailed when `if_match` is not the revision in force, RateLimited when crowded out.
    """
    wanted = body.model_dump(by_alias=True)
    for number, rule in enumerate(wanted["fit_rules"]):
        fit.check(rule["if"], f"fit_rules.{number}.if")
    fit.check_size(wanted["fit_rules"])
    names = [rule["name"] for rule in wanted["fit_rules"]]
    if len(set(names)) < len(names):
        raise InvalidInput("fit_rules", "two rules have the same name")
    for _ in TURNS:
        found = settings.find_settings() or settings.new_settings()
        if if_match is not None and found.revision != if_match:
            raise PreconditionFailed("The scoring settings are at another revision; read them again.")
        if found.v is not None and (found.signals, found.fit_rules) == (wanted["signals"], wanted["fit_rules"]):
            return _shown(found)
        found.signals, found.fit_rules = wanted["signals"], wanted["fit_rules"]
        try:
            settings.put(found)
        except (table.Stale, table.AlreadyThere):
            continue
        rating.forget()
        jobs.announce(jobs.RESCORING, JOB_ID)
        return _shown(found)
    raise crowded_out(JOB_ID)


def work(_job_id: str, owner: str, has_time: Callable[[], bool]) -> None:
    """The worker: goes on scoring leads while there is time, and then has it announced again."""
    found = settings.find_settings()
    if found is None or found.due_at is None or found.is_held_from(owner):
        return
    try:
        settings.take(found, owner)
        if _walk(found, has_time):
            settings.note_walked(found)
            return
        settings.release(found)
    except table.Stale:
        # The settings were changed again, or another worker has it, as an announcement may come twice.
        logger().info("rescoring taken by another worker")
        return
    jobs.announce(jobs.RESCORING, JOB_ID)


def reconcile() -> dict[str, int]:
    """Announces a walk that nobody is at; counts it."""
    found = settings.unattended()
    if found is None:
        return {"rescorings_requeued": 0}
    try:
        settings.release(found)
    except table.Stale:
        # A worker has just taken it, or the settings were changed.
        return {"rescorings_requeued": 0}
    return {"rescorings_requeued": int(jobs.announce(jobs.RESCORING, JOB_ID))}


def _walk(found: settings.ScoringSettings, has_time: Callable[[], bool]) -> bool:
    """Scores page after page of leads, newest first; whether that were all that are left. Raises table.Stale."""
    scoring = rating.scoring_of(found)
    while has_time():
        page = store.page_by_time(
            status=None, keep=lambda _: True, limit=_PAGE, cursor=found.cursor, name=f"rescoring {scoring.revision}"
        )
        for lead in page["items"]:
            if found.is_walked and str(lead["created_at"]) < settings.begun_before(found):
                return True
            found.rescored += _scored(lead["id"], found)
        found.cursor = page["next_cursor"]
        if found.cursor is None:
            return True
        table.save(found)
    return False


def _scored(lead_id: str, found: settings.ScoringSettings) -> bool:
    """Whether this scored the lead; it is, by these settings or newer ones, when this is over."""
    scoring = rating.scoring_of(found)
    for _ in TURNS:
        lead = store.find_lead(lead_id)
        if lead is None or lead.scored_by >= scoring.revision:
            return False
        if rating.bring_up_to_date(lead.id, scoring):
            return True
    raise crowded_out(lead_id)


def _shown(found: settings.ScoringSettings | None) -> Record:
    scoring = rating.current() if found is None else rating.scoring_of(found)
    signals: dict[str, Any] = {
        kind: {
            "impact": one.impact,
            "half_life_days": one.half_life.days,
            "cap": None
            if one.cap is None
            else {"points": one.cap.points, "window_hours": int(one.cap.window.total_seconds()) // 3600},
        }
        for kind, one in scoring.types.items()
    }
    is_running = found is not None and not found.is_walked
    shown = {
        "revision": scoring.revision,
        "signals": signals,
        "fit_rules": list(scoring.fit_rules),
        "rescoring": "running" if is_running else "completed",
        "rescored": 0 if found is None else int(found.rescored),
        "created_at": None if found is None else found.created_at,
        "updated_at": None if found is None else found.put_at,
    }
    return Record(shown, scoring.revision)
