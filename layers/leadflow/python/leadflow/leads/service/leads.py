"""Use cases of leads themselves.

Every write goes with the version it was decided on. A write that finds another version is decided again on the new
one, a bounded number of times with random pauses; who gives a version of their own (If-Match) is told instead.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from leadflow.core import clock, ids, table
from leadflow.core.errors import MalformedRequest, NotFound, PreconditionFailed
from leadflow.core.table import Record
from leadflow.leads import enums, rules, store
from leadflow.leads.service.rating import current, rated, rated_again
from leadflow.leads.service.writing import TURNS, crowded_out, written

if TYPE_CHECKING:
    from pynamodb.transactions import TransactWrite

    from leadflow.leads.schema import LeadCreate, LeadUpdate

_Decision = Callable[[Mapping[str, Any], str], dict[str, Any]]


def create(body: LeadCreate) -> Record:
    """Adds a lead. Raises Conflict naming the lead that has its email or phone, RateLimited when crowded out.

    Within `ids.repeatable` a repeated request is given the lead of its earlier try.
    """
    fields = body.model_dump()
    now = clock.now_stamp()
    fields["consent"] = rules.merged_consent({}, fields["consent"], now)
    fields["qualified_at"] = now if fields["status"] == "qualified" else None
    lead_id = ids.new_id()
    for _ in TURNS:
        lead = store.Lead(pk=f"LEAD#{lead_id}", sk="#META", id=lead_id, **fields)
        rated(lead, current())
        try:
            if written(partial(store.insert, lead), lead_id):
                return lead.record()
        except table.AlreadyThere:
            return get(lead_id)
    raise crowded_out(lead_id)


def get(lead_id: str) -> Record:
    """One lead, read consistently; of one that was merged into another, that other. Raises NotFound.

    `score` is as of the last signal.
    """
    found = find(lead_id)
    if found is None:
        raise NotFound("lead", lead_id)
    return found


def find(lead_id: str) -> Record | None:
    """One lead; None when there is none."""
    lead = store.find_lead(lead_id)
    return None if lead is None else lead.record()


def hold(lead_id: str) -> Callable[[TransactWrite], None]:
    """What adds to another wing's transaction the condition that this lead is there, so that none is left without."""
    return partial(store.require, lead_id=lead_id)


def parts_of(lead_id: str) -> list[str]:
    """The ids under which a lead's history is kept: its own first, then those of leads merged into it.

    Raises NotFound.
    """
    lead = store.find_lead(lead_id)
    if lead is None:
        raise NotFound("lead", lead_id)
    return lead.parts


def known_as(lead_id: str) -> list[str]:
    """The same for a lead that may be gone: then its records may still have this id alone."""
    lead = store.find_lead(lead_id)
    return [lead_id] if lead is None else lead.parts


def find_known(lead_ids: Iterable[str]) -> dict[str, tuple[Record, list[str]]]:
    """Leads that are there, by the ids asked for, each with the ids under which its history is kept; read together."""
    return {one: (lead.record(), lead.parts) for one, lead in store.find_shown(lead_ids).items()}


def find_reached(lead_id: str, field: str) -> tuple[Record, str] | None:
    """A lead, and the id of the part of it that has the email or phone it shows; None when there is no such lead.

    What is sent there, and what comes back, belongs to that part.
    """
    lead = store.find_lead(lead_id)
    if lead is None:
        return None
    lent = field in (lead.own or {}) and getattr(lead, field) is not None
    holder = store.owner_of_value(field, getattr(lead, field)) if lent else lead.id
    return lead.record(), holder or lead.id


def update(lead_id: str, body: LeadUpdate, if_match: int | None) -> Record:
    """Changes the fields given; what changes nothing writes nothing.

    Raises NotFound, PreconditionFailed when `if_match` is not the lead's version, Conflict naming the lead that has
    the new email or phone, RateLimited when crowded out.
    """
    wanted = body.model_dump(exclude_unset=True)
    return _change(lead_id, lambda lead, now: rules.differences(lead, wanted, now), cause=(), if_match=if_match)


def apply(
    lead_id: str, *, set_fields: dict[str, Any], add_tags: list[str], remove_tags: list[str], cause: tuple[str, ...]
) -> Record:
    """A workflow's change of a lead: fields as in a PATCH, and tags to add and remove; doing it again does nothing.

    `cause` lists the workflows that led here, oldest first; the events of the change carry it. Raises InvalidInput
    naming each wrong field, NotFound, Conflict, RateLimited.
    """
    wanted = checked_fields(set_fields)
    added = checked_fields({"tags": add_tags})["tags"]
    removed = [tag.strip() for tag in remove_tags]

    def decide(lead: Mapping[str, Any], now: str) -> dict[str, Any]:
        tags = rules.retagged(wanted.get("tags", lead["tags"]), added, removed)
        return rules.differences(lead, {**wanted, "tags": tags}, now)

    return _change(lead_id, decide, cause=cause, if_match=None)


def fill(lead_id: str, decide: Callable[[Mapping[str, Any]], Mapping[str, Any]], *, cause: tuple[str, ...]) -> None:
    """Changes what `decide` says of the lead as it is at the moment of the write; does nothing when it is gone.

    Raises InvalidInput naming each wrong field, RateLimited when crowded out.
    """

    def change(lead: Mapping[str, Any], now: str) -> dict[str, Any]:
        wanted = decide(lead)
        return rules.differences(lead, checked_fields(wanted), now) if wanted else {}

    with contextlib.suppress(NotFound):
        _change(lead_id, change, cause=cause, if_match=None)


def page(
    *,
    limit: int,
    cursor: str | None,
    sort: str | None = None,
    status: str | None = None,
    source: str | None = None,
    tag: str | None = None,
    min_score: int | None = None,
    email: str | None = None,
    phone: str | None = None,
) -> dict[str, Any]:
    """Leads that match all filters given, newest first, or by `sort="score"` highest score first.

    `status`, the order and, by score, `min_score` are ranges of an index; other filters look at a bounded number of
    leads per page, so a page may be short and still have a next one. `email` and `phone` are looked up directly.
    Raises InvalidInput for an address or number that is none, MalformedRequest for a cursor of another list.
    """
    filters = {"status": status, "source": source, "tag": tag, "min_score": min_score, "email": email, "phone": phone}
    keep = _filter(status, source, tag, min_score or 0)
    if email or phone:
        return _found_by_identity(email, phone, keep, cursor)
    by_score = sort == "score"
    name = f"leads?{json.dumps({**filters, 'by_score': by_score}, sort_keys=True)}"
    if by_score:
        statuses = (status,) if status else enums.STATUSES
        return store.page_by_score(
            statuses=statuses, lowest=min_score or 0, keep=keep, limit=limit, cursor=cursor, name=name
        )
    return store.page_by_time(status=status, keep=keep, limit=limit, cursor=cursor, name=name)


def _change(lead_id: str, decide: _Decision, *, cause: tuple[str, ...], if_match: int | None) -> Record:
    for _ in TURNS:
        lead = store.find_lead(lead_id)
        if lead is None:
            raise NotFound("lead", lead_id)
        if if_match is not None and lead.v != if_match:
            raise PreconditionFailed(f"Lead {lead_id} is at another version; read it again.")
        changes = decide(lead.record(), clock.now_stamp())
        if not changes or _changed(lead, changes, cause):
            return lead.record()
    raise crowded_out(lead_id)


def _changed(lead: store.Lead, changes: Mapping[str, Any], cause: tuple[str, ...]) -> bool:
    identities, status = lead.identities(), lead.status
    for name, value in changes.items():
        if name in store.ADDRESSES:
            store.show_address(lead, name, value)
        else:
            setattr(lead, name, value)
    lead.cause = list(cause)
    rated_again(lead, current())
    return written(partial(store.replace, lead, identities, status), lead.id)


def _filter(status: str | None, source: str | None, tag: str | None, min_score: int) -> Callable[[store.Lead], bool]:
    def keep(lead: store.Lead) -> bool:
        return (
            not lead.merged_into
            and (status is None or lead.status == status)
            and (source is None or lead.source == source)
            and (tag is None or tag in lead.tags)
            and lead.score >= min_score
        )

    return keep


def _found_by_identity(
    email: str | None, phone: str | None, keep: Callable[[store.Lead], bool], cursor: str | None
) -> dict[str, Any]:
    """The one lead, or none, that has this email and this phone. Such a list has no second page."""
    if cursor is not None:
        raise MalformedRequest("cursor: not a cursor of this list")
    # A plus sign that was not percent-encoded arrives as a space, which neither may hold.
    asked = {"email": email and email.replace(" ", "+"), "phone": phone and f"+{phone.lstrip(' +')}"}
    values = checked_fields({field: value for field, value in asked.items() if value})
    owners = [store.owner_of_value(field, value) for field, value in values.items()]
    lead = store.find_lead(owners[0]) if owners[0] else None
    found = lead is not None and keep(lead) and all(owner in lead.parts for owner in owners)
    return {"items": [lead.record()] if lead and found else [], "next_cursor": None}


def checked_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a lead as LeadUpdate takes them. Raises InvalidInput naming each wrong one."""
    from leadflow.core.schema import checked
    from leadflow.leads.schema import LeadUpdate

    return checked(LeadUpdate, json.dumps(fields)).model_dump(exclude_unset=True)
