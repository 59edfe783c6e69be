"""The enrichment of many leads: a walk over them that begins a run for each, and what became of the runs.

A page of runs, and how far the walk is, are written in one transaction, so it goes on with the next lead wherever it
dies. A lead's run has an id that follows from job and lead: whatever is done twice is done once.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from leadflow.core import clock, conditions, ids, table
from leadflow.core.errors import Conflict, InvalidInput, NotFound
from leadflow.core.table import Record
from leadflow.core.turns import Turns
from leadflow.enrichment.enums import RUN_STATUSES
from leadflow.enrichment.rules.money import micros, usd
from leadflow.enrichment.service import queueing, requesting, sharing
from leadflow.enrichment.store import runs as store
from leadflow.leads import service as leads

if TYPE_CHECKING:
    from leadflow.enrichment.schema import EnrichManyRequest

# A page's transaction holds the job and for each lead a run and the condition that it is there.
PAGE = 45
# One call stops after this long and is called again.
WALK_SECONDS = 45
_TURNS = Turns(24, longest_pause_seconds=0.25)
_COUNTED = tuple(status for status in RUN_STATUSES if status not in ("queued", "running"))


def start(body: EnrichManyRequest) -> Record:
    """Begins a job; ids under which there is no lead are left out and told.

    Raises InvalidInput naming what is wrong with the filter or that no lead is there at all, RateLimited when it cannot
    be queued.
    """
    fields = body.model_dump()
    if body.filter is not None:
        conditions.validate(body.filter, conditions.AUDIENCE, "filter")
    if body.lead_ids is not None:
        asked, known = list(dict.fromkeys(body.lead_ids)), leads.find_known(body.lead_ids)
        if not known:
            raise InvalidInput("lead_ids", "there is no lead under any of these")
        fields["lead_ids"] = [one for one in asked if one in known]
        fields["unknown_lead_ids"] = [one for one in asked if one not in known]
    return _shown(begin(ids.new_id(), fields))


def begin(job_id: str, fields: dict[str, Any], *, only_stale: bool = False) -> store.EnrichmentJob:
    """The job of this id, begun now if it was not. `fields` are those of a request."""
    per_lead = fields.get("max_cost_per_lead")
    job = store.new_job(
        job_id,
        lead_ids=fields.get("lead_ids"),
        unknown_lead_ids=fields.get("unknown_lead_ids") or [],
        filter=fields.get("filter"),
        only_stale=only_stale,
        sources=fields.get("sources"),
        wanted=fields.get("fields"),
        force=bool(fields.get("force")),
        max_cost=micros(fields["max_cost"]),
        max_cost_per_lead=None if per_lead is None else micros(per_lead),
    )
    queueing.queue_job(job.id)
    return job


def get(job_id: str) -> Record:
    """Raises NotFound."""
    return _shown(_load(job_id))


def stop(job_id: str) -> Record:
    """Stops a job: no run of it asks anybody from now on. Raises NotFound, Conflict when it is over."""
    job, kind = _load(job_id), store.EnrichmentJob
    if job.status == "stopped":
        return _shown(job)
    if _is_done(job):
        raise Conflict(f"Job {job_id} is over.", job_id)
    table.change(job, [kind.status.set("stopped"), kind.stopped_at.set(clock.now_stamp())], any_version=True)
    return _shown(job)


def walk(job_id: str) -> None:
    """Goes on with a job until every lead has its run or the time is up. Raises RateLimited when not queued."""
    started = time.monotonic()
    while time.monotonic() - started < WALK_SECONDS:
        job = store.find_job(job_id)
        if job is None or job.is_walked:
            return
        if not _page(job):
            return
    queueing.queue_job(job_id)


def _page(job: store.EnrichmentJob) -> bool:
    """Begins the runs of one page; False when this call has nothing left to do."""
    if job.status != "running":
        store.end_walk(job)
        return False
    found, cursor, looked_at = _next_leads(job)
    runs = _not_begun([_run_of(job, lead) for lead in found])
    for _ in _TURNS:
        try:
            with table.transaction() as writes:
                for lead in found:
                    leads.hold(lead["id"])(writes)
                for run in runs:
                    writes.save(run, condition=table.Item.pk.does_not_exist())
                store.walk_on(writes, job, cursor, begun=len(runs), looked_at=looked_at)
        except table.TransactionRefused as refused:
            if refused.contended:
                # Runs of this job are being counted at this moment.
                continue
            # It was stopped, another walker has done this page, or a lead has gone: the next look decides.
            return True
        sharing.queue(job, runs)
        return cursor is not None
    queueing.queue_job(job.id)
    return False


def _next_leads(job: store.EnrichmentJob) -> tuple[list[Record], str | None, int]:
    """The next leads that get a run, where the walk then is (None at its end), and how many were looked at."""
    if job.lead_ids is not None:
        start = int(job.cursor or 0)
        asked = job.lead_ids[start : start + PAGE]
        found = {lead["id"]: lead for lead in (leads.find(one) for one in asked) if lead is not None}
        following = start + len(asked)
        return list(found.values()), str(following) if following < len(job.lead_ids) else None, len(asked)
    page = leads.page(limit=PAGE, cursor=job.cursor)
    items, now = page["items"], clock.now()
    fitting = [lead for lead in items if job.filter is None or conditions.evaluate(job.filter, {"lead": lead}, now)]
    if job.only_stale:
        from leadflow.enrichment.service import refreshing

        fitting = refreshing.stale(fitting, now)
    return fitting, page["next_cursor"], len(items)


def _not_begun(runs: list[store.EnrichmentRun]) -> list[store.EnrichmentRun]:
    """Those that are not there yet: of leads that were merged, one may have had its run on an earlier page."""
    begun = {run.id for run in store.find_runs(run.id for run in runs)}
    return [run for run in runs if run.id not in begun]


def _run_of(job: store.EnrichmentJob, lead: Record) -> store.EnrichmentRun:
    begun = clock.parse(str(job.created_at))
    reached = leads.find_reached(lead["id"], "email")
    wanted = {"sources": job.sources, "fields": job.wanted, "force": job.force}
    run = requesting.new_run(
        ids.derived_id(begun, job.id, lead["id"]), reached[1] if reached else lead["id"], wanted, job_id=job.id
    )
    run.max_cost_micros = job.max_cost_per_lead
    return run


def _load(job_id: str) -> store.EnrichmentJob:
    job = store.find_job(job_id)
    if job is None:
        raise NotFound("enrichment job", job_id)
    return job


def _is_done(job: store.EnrichmentJob) -> bool:
    return bool(job.is_walked) and int(job.done) >= int(job.total)


def _shown(job: store.EnrichmentJob) -> Record:
    spent = int(job.committed) - int(job.reserved)
    size = len(job.lead_ids) if job.lead_ids is not None else int(job.total)
    per_lead = job.max_cost_per_lead
    fields = {
        "id": job.id,
        "status": "stopped" if job.status == "stopped" else "completed" if _is_done(job) else "running",
        "total": int(job.total),
        "done": int(job.done),
        "progress": 1.0 if _is_done(job) else min(0.99, round(int(job.done) / size, 4)) if size else 0.0,
        "runs": {status: int(getattr(job, status)) for status in _COUNTED},
        "max_cost": usd(int(job.max_cost)),
        "max_cost_per_lead": None if per_lead is None else usd(int(per_lead)),
        "cost": usd(spent),
        "reserved": usd(int(job.reserved)),
        "unknown_lead_ids": list(job.unknown_lead_ids),
        "sources": [_source(one) for one in store.sources_of(job.id)],
        "created_at": job.created_at,
        "updated_at": job.updated_at,
        "stopped_at": job.stopped_at,
    }
    return Record(fields, job.v)


def _source(item: store.JobSource) -> dict[str, Any]:
    counts = {name: int(getattr(item, name)) for name in ("asked", "matched", "partial", "not_found", "ambiguous")}
    found = counts["matched"] + counts["partial"]
    return {
        "source": item.sk.removeprefix("SRC#"),
        **counts,
        "failed": int(item.failed),
        "fields": int(item.fields),
        "cost": usd(int(item.cost)),
        "fill_rate": round(found / counts["asked"], 4) if counts["asked"] else 0.0,
    }
