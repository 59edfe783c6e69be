"""Hooks: addresses of ours that other systems post to, each setting off one trigger.

The address holds the trigger's id and a MAC of it, so nobody finds one by trying and nothing needs to be kept. What
was posted is in the table before it is answered; reconcile starts the run when the queue does not take it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from leadflow.core import clock, table
from leadflow.core.errors import NotFound, RateLimited, Unauthenticated
from leadflow.core.observability import logger
from leadflow.core.secrets import same
from leadflow.core.turns import Turns
from leadflow.leads import service as leads
from leadflow.workflows import rules_hooks as rules
from leadflow.workflows import store, store_triggers
from leadflow.workflows.service import budgets, signing, starting, triggering

KNOWN_FOR = timedelta(days=7)
_TURNS = Turns(6, longest_pause_seconds=0.5)


def admit(token: str, raw: bytes, signature: str | None) -> store.ActiveTrigger:
    """The trigger that an address is for. Raises NotFound unless it is in force, Unauthenticated unless it is signed.

    `token` is the last part of the address; `signature` is asked for only where the trigger has a secret.
    """
    trigger_id, _, _ = token.partition(".")
    if not same(store.hook_token(trigger_id), token):
        raise NotFound("hook", "at this address")
    for trigger in triggering.in_force("webhook", store.trigger_revision()):
        if trigger.trigger_id == trigger_id:
            break
    else:
        raise NotFound("hook", "at this address")
    secret = trigger.config.get("hmac_secret")
    if secret is not None and not rules.is_signed(secret, raw, signature):
        raise Unauthenticated("The signature is missing or wrong.")
    return trigger


def receive(trigger: store.ActiveTrigger, body: Any, delivery_id: str | None, cause: str | None) -> dict[str, Any]:
    """Begins the run of what was posted; `{"execution_id": … | None}`.

    The same delivery id again, also at the same time, is answered with the run of the first. `cause` is what our own
    webhooks say of the workflows that led to them: a chain of them ends at its bound like any other. A run that a
    bound stops is written as failed, saying so. Raises RateLimited when crowded out.
    """
    chain = signing.chain_of(cause)
    given = (delivery_id or "").strip()
    name = store_triggers.delivery_name(trigger.trigger_id, given) if given else None
    for _ in _TURNS:
        delivery = store_triggers.find_delivery(name) if name else None
        if delivery is not None and delivery.in_force:
            _queue(store.find_execution(delivery.execution_id) if delivery.execution_id else None)
            return {"execution_id": delivery.execution_id}
        expires_at = clock.epoch_seconds(clock.now() + KNOWN_FOR)
        fresh = store_triggers.new_delivery(name, expires_at, delivery) if name else None
        execution = _run_of(trigger, body, chain)
        if execution is not None and fresh is not None:
            execution.delivery = name
        guards = triggering.once_guards(trigger, execution.lead_id if execution else None)
        try:
            begun = _written(execution, guards, fresh, int(trigger.max_runs))
        except table.TransactionRefused:
            continue
        _queue(begun)
        return {"execution_id": begun.id if begun else None}
    raise RateLimited("Too much comes for this hook at once.")


def _run_of(trigger: store.ActiveTrigger, body: Any, chain: list[str]) -> store.WorkflowExecution | None:
    """The run that is to begin, not yet written; None where filters are against it or nothing may be kept."""
    found = _meant(trigger.config.get("match") or {}, body)
    if found.erased:
        logger().info("hook dropped", trigger_id=trigger.trigger_id, reason="about an erased person")
        return None
    data = {"body": body, "matched": found.lead is not None}
    if not triggering.passes(trigger.config.get("filters"), found.lead, data):
        return None
    execution = store.new_execution(
        workflow_id=trigger.workflow_id,
        workflow_version=int(trigger.version),
        trigger_type="webhook",
        trigger_id=trigger.trigger_id,
        trigger_data=data,
        lead_id=found.lead["id"] if found.lead else None,
        started_at=clock.now_stamp(),
        cause=chain,
    )
    if not budgets.stopped_for_depth(execution):
        starting.await_start(execution)
    return execution


def _meant(match: dict[str, str], body: Any) -> leads.Match:
    """The lead the body is about, by the first of the trigger's paths under which somebody is found."""
    erased = False
    for field in rules.MATCHED_BY:
        value = rules.text_at(body, match[field]) if field in match else None
        found = leads.match(field, value) if value else leads.Match(None, erased=False)
        if found.lead is not None:
            return found
        erased = erased or found.erased
    return leads.Match(None, erased)


def _written(
    execution: store.WorkflowExecution | None,
    guards: Sequence[store.OncePerLead],
    delivery: store_triggers.HookDelivery | None,
    max_runs: int,
) -> store.WorkflowExecution | None:
    """Writes delivery and run, all or nothing, and gives the run; None when it had begun for this lead before.

    A run about a lead takes its place among the lead's runs of the day, and is stopped where there is none left.

    Raises table.TransactionRefused when the same delivery was written meanwhile or others were in the way.
    """
    if execution is None and delivery is None:
        return None
    if delivery is not None:
        delivery.execution_id = execution.id if execution else None
    counted = execution if execution and execution.lead_id and execution.status == "running" else None
    once, others = guards[:1], guards[1:]
    items = [*once, *(item for item in (delivery, execution) if item is not None)]
    try:
        with table.transaction() as writes:
            for guard in others:
                writes.condition_check(store.OncePerLead, guard.pk, guard.sk, condition=table.Item.pk.does_not_exist())
            for item in items:
                item.touch()
                # By its version an item without one must be absent, an expired delivery be as it was read.
                writes.save(item)
            if counted is not None:
                budgets.count(writes, counted, max_runs)
    except table.TransactionRefused as refused:
        # The checks of the other parts' guards come first among the reasons, then the guard itself.
        if any(refused.failed(position) for position, _ in enumerate(guards)):
            return _written(None, [], delivery, max_runs)
        if counted is None or not refused.failed(len(refused.reasons) - 1):
            raise
        budgets.stop_for_runs(counted, max_runs)
        return _written(counted, guards, delivery, max_runs)
    return execution


def _queue(execution: store.WorkflowExecution | None) -> None:
    """Hands the run on. It is safe without: reconcile starts what is in the table and no message is about."""
    if execution is None:
        return
    try:
        starting.queue_starts([execution])
    except (BotoCoreError, ClientError, RateLimited) as error:
        logger().warning("start not queued", execution_id=execution.id, error_type=type(error).__name__)
