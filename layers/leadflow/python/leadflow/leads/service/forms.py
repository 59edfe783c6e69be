"""Public forms: what somebody filled in on a website becomes a lead, or is added to the one on file.

The answer is the same whether the person was on file, is new, or must not be kept at all, so that nobody can find out
who is a lead. One filling-in counts once, however often it is posted and by whatever way it failed before.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from leadflow.core import clock, ids, table
from leadflow.core.errors import InvalidInput, NotFound, PreconditionFailed
from leadflow.core.observability import logger
from leadflow.core.secrets import keyed_hash
from leadflow.core.table import Record
from leadflow.leads import store
from leadflow.leads.rules import forms, visits
from leadflow.leads.rules.forms import Filling, Post
from leadflow.leads.service import visitors
from leadflow.leads.service.collecting import collected, scored, signal_of
from leadflow.leads.service.rating import current, line_of
from leadflow.leads.service.throttling import Bound
from leadflow.leads.service.writing import TURNS, crowded_out

if TYPE_CHECKING:
    from leadflow.leads.schema import FormWrite

# People behind one address share this: a school, a stand at a fair.
POSTS = Bound("form", limit=30, window=timedelta(minutes=1))
# A repetition later than this is meant as another submission, unless the page named the first one by a token.
SAME_FOR = timedelta(minutes=10)
MAX_TOKEN_LENGTH = 255
SAME_TOKEN_FOR = timedelta(hours=24)


def origins(form_id: str) -> list[str] | None:
    """The websites that may post to a form; None for any. Raises NotFound for what cannot be a form's id."""
    form = store.find_form(_id_of(form_id))
    return None if form is None else form.allowed_origins


def submit(form_id: str, fields: Mapping[str, Any], *, sender: str, token: str | None) -> dict[str, Any]:
    """Takes in a form that `sender` (a network address) posted.

    Raises RateLimited when too much comes from there or the lead is crowded, InvalidInput naming each wrong field.
    """
    if token is not None and not (1 <= len(token) <= MAX_TOKEN_LENGTH and token.isprintable()):
        raise InvalidInput("Idempotency-Key", f"must have 1 to {MAX_TOKEN_LENGTH} printable characters")
    POSTS.admit(form_id, visits.neighbourhood(sender))
    form = store.find_form(form_id)
    honeypot = form.honeypot_field if form else None
    post = forms.taken_apart(fields, honeypot)
    known = _checked(post)
    words = (form_id, str(known["email"]).lower(), token or post.token, post.content(known))
    name = keyed_hash("form", *words)
    if forms.is_trap(fields, honeypot):
        logger().info("form dropped", form_id=form_id, reason="honeypot")
    else:
        _take_in(form_id, post, known, name, SAME_TOKEN_FOR if token or post.token else SAME_FOR)
        _recognise(post.visitor, str(known["email"]))
    return {"status": "ok", "submission_id": _shown(name)}


def _recognise(visitor: str, email: str) -> None:
    """What was visited by who filled in the form is theirs from now on, as far as nobody knew whose it was."""
    lead_id = store.owner_of_value("email", email) if visitor else None
    if lead_id is not None:
        visitors.recognise(visitor, lead_id)


def get_form(form_id: str) -> Record:
    """What was settled about a form. Raises NotFound when nothing was."""
    form = store.find_form(_id_of(form_id))
    if form is None:
        raise NotFound("form", form_id)
    return form.record()


def put_form(form_id: str, body: FormWrite, if_match: int | None) -> Record:
    """Settles who may post to a form and which field is its trap; what is left out is as if never settled.

    Raises NotFound for what cannot be a form's id, InvalidInput for a trap that people fill in, PreconditionFailed,
    RateLimited when crowded out.
    """
    _id_of(form_id)
    forms.check_trap(body.honeypot_field)
    for _ in TURNS:
        form = store.find_form(form_id)
        if if_match is not None and (form is None or form.v != if_match):
            raise PreconditionFailed(f"Form {form_id} is at another version; read it again.")
        is_new, form = form is None, form or store.Form(pk=f"FRM#{form_id}", sk="#", id=form_id)
        form.allowed_origins, form.honeypot_field = body.allowed_origins, body.honeypot_field
        try:
            if is_new:
                return table.create(form).record()
            table.save(form)
            return form.record()
        except (table.AlreadyThere, table.Stale):
            continue
    raise crowded_out(form_id)


def _id_of(form_id: str) -> str:
    if not forms.FORM_ID.fullmatch(form_id):
        raise NotFound("form", form_id)
    return form_id


def _checked(post: Post) -> dict[str, Any]:
    """The fields of a lead as the lead takes them. Raises InvalidInput naming each wrong one."""
    from leadflow.core.schema import checked
    from leadflow.leads.schema import FormFields

    if "email" not in post.known:
        raise InvalidInput("email", "is required")
    return checked(FormFields, json.dumps(post.known)).model_dump(exclude_unset=True)


def _shown(name: str) -> str:
    """The id callers see: of the words alone, so it says nothing about what was done with them."""
    return keyed_hash("submission", name, size=16)


def _take_in(form_id: str, post: Post, known: Mapping[str, Any], name: str, same_for: timedelta) -> None:
    """Writes the lead and the signal, unless this very submission is on file or the person must not be kept."""
    earlier = store.find_receipt(name)
    if earlier is not None and earlier.in_force:
        return
    signal_id, lead_id = ids.new_id(), ids.new_id()
    for _ in TURNS:
        owner = store.owner_of_value("email", str(known["email"]))
        line, scoring = line_of(owner) if owner else ([], current())
        if owner and not line:
            # Gone between our two looks.
            continue
        line, filling = _filled(line, lead_id, known, post)
        data = {"form_id": form_id, "submission_id": _shown(name), "fields": list(post.names)}
        signal = signal_of(line[0], signal_id, "form_submit", {**data, "answers": filling.answers}, scoring)
        scored(line, signal, scoring)
        receipt = store.receipt(name, signal, clock.epoch_seconds(clock.now() + same_for), earlier)
        try:
            if collected(partial(_write, line, signal, filling, receipt)):
                return
        except store.IdentityTaken as taken:
            if taken.field == "email":
                logger().info("form dropped", form_id=form_id, reason="the address of an erased person")
                return
            # Somebody gave the number of a person who was erased: it is kept nowhere.
            known = {**known, taken.field: None}
    raise crowded_out(signal_id)


def _filled(
    line: list[store.Lead], new_id: str, known: Mapping[str, Any], post: Post
) -> tuple[list[store.Lead], Filling]:
    """The lead as it shall be, new or changed, with what it is merged into; and what was made of the form."""
    now = clock.now_stamp()
    known = dict(known)
    owner = store.owner_of_value("phone", known["phone"]) if known.get("phone") else None
    anothers_phone = known.pop("phone") if owner not in (None, line[0].id if line else None) else None
    if not line:
        filling = forms.first_filling(known, post, now)
        line = [store.Lead(pk=f"LEAD#{new_id}", sk="#META", id=new_id, source="website", **filling.fields)]
    else:
        shown = line[-1].record()
        filling = forms.further_filling(line[0].record(), known, post, now)
        for name, value in filling.fields.items():
            setattr(line[0], name, value)
        for lead in line[1:]:
            lead.lend(forms.further_filling(lead.record(), known, post, now).fields)
        filling.answers.update(forms.further_filling(shown, known, post, now).answers)
    if anothers_phone:
        filling.answers["phone"] = anothers_phone
    return line, filling


def _write(line: list[store.Lead], signal: store.IntentSignal, filling: Filling, receipt: store.Receipt) -> None:
    identities = {field: one for field, one in line[0].identities().items() if field in filling.fields}
    store.collect(line, identities, signal, receipt)
