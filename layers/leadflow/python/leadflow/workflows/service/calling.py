"""The action call_webhook: one signed request to an address of the workflow's author.

What is sent is written down when it is claimed, so every repetition has the same bytes under the same Idempotency-Key.
A receiver that keeps to the key does it once, whatever happens between us; so an outcome that nobody knows is repeated,
as often as the action's `retry` allows. An answer is kept with the claim before the run goes on, so a run that dies
after it does not call again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from leadflow.core import addresses, clock, effects, outbound, table
from leadflow.core.effects import Outcome, Standing
from leadflow.core.errors import InvalidInput, LeadflowError, OutcomeUnknown, UpstreamRejected, UpstreamUnavailable
from leadflow.core.rendering import clean_header, render_value
from leadflow.workflows import rules_outbound, store_outbound
from leadflow.workflows.service import signing
from leadflow.workflows.service.actions import Context, Result

MAX_BODY_BYTES = 200_000
MAX_HEADER_CHARACTERS = 8_000
DEFAULT_SECONDS = 10
USER_AGENT = "Leadflow/1 (webhook)"
LOOK_AGAIN_AFTER = timedelta(seconds=30)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")


def call(context: Context, facts: Mapping[str, Any]) -> Result:
    """Calls the webhook of this visit, or says where the call stands; `facts` fill the placeholders.

    Raises InvalidInput when it cannot be written or its address is one that is not called, UpstreamRejected when the
    receiver refused it, UpstreamUnavailable when it is to be repeated.
    """
    entry = store_outbound.find_call(context.execution.id, context.node.id, context.cursor.visit)
    if entry is None:
        entry = _claimed(context, facts)
        standing = Standing.OURS
    else:
        standing = _standing(entry)
    if standing is Standing.BUSY:
        soon = clock.now() + LOOK_AGAIN_AFTER
        return Result(wait_until=min(soon, clock.parse(entry.lease_until)) if entry.lease_until else soon)
    if standing is Standing.SETTLED:
        return _settled(entry)
    return _made(context, entry)


def would_call(context: Context, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The request that `call` would send, without what headers with telling names say. Raises what it would raise."""
    return rules_outbound.shown_config(_written(context, facts))


def _standing(entry: store_outbound.OutboundCall) -> Standing:
    """Where the call stands; one whose outcome nobody knows is ours to repeat. Raises table.Stale."""
    standing = effects.look(entry)
    if standing is Standing.UNKNOWN:
        entry.attempt = int(entry.attempt) + 1
        effects.take(entry)
        entry.unknown_since = None
        table.save(entry)
        return Standing.OURS
    return standing


def _claimed(context: Context, facts: Mapping[str, Any]) -> store_outbound.OutboundCall:
    written = store_outbound.packed(_written(context, facts))
    if len(written) > store_outbound.MAX_PACKED_BYTES:
        raise InvalidInput("body", "is too large to be kept")
    execution_id, node_id, visit = context.effect
    entry = store_outbound.OutboundCall(pk=f"WX#{execution_id}", sk=f"FX#{node_id}#{visit}", request=written)
    if not store_outbound.claim(entry):
        raise table.Stale(entry.pk)
    return entry


def _written(context: Context, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The request with everything filled in, as it will be sent every time."""
    config = context.node.config
    filled: Any = render_value({name: config[name] for name in ("url", "headers", "body") if name in config}, facts)
    try:
        # Drafts may be older than the rule that values never decide on the host.
        addresses.template_target(config["url"], outbound.allowed())
        # Line breaks of a value are written out like any other character that a URL cannot hold.
        target = addresses.target_of(_CONTROLS.sub(_escaped, filled["url"].strip()), outbound.allowed())
    except addresses.Refused as refused:
        raise InvalidInput("url", str(refused)) from refused
    method = config.get("method", "POST")
    body, kind = _body(context, method, filled.get("body"))
    if len(body.encode()) > MAX_BODY_BYTES:
        raise InvalidInput("body", f"comes to more than {MAX_BODY_BYTES // 1000} KB")
    headers = {"User-Agent": USER_AGENT, **({"Content-Type": kind} if kind else {})}
    for name, value in filled.get("headers", {}).items():
        headers = {one: text for one, text in headers.items() if one.lower() != name.lower()}
        headers[name] = clean_header(value)
    if sum(len(name) + len(value) for name, value in headers.items()) > MAX_HEADER_CHARACTERS:
        raise InvalidInput("headers", f"come to more than {MAX_HEADER_CHARACTERS} characters")
    return {"method": method, "url": f"{target.origin}{target.path}", "headers": headers, "body": body}


def _escaped(found: re.Match[str]) -> str:
    return quote(found[0])


def _body(context: Context, method: str, given: Any) -> tuple[str, str | None]:
    """The body and its media type: text as it stands, anything else as JSON, the ids of the run when none is given."""
    if isinstance(given, str):
        return given, "text/plain; charset=utf-8"
    if given is None:
        if method in ("GET", "DELETE"):
            return "", None
        execution = context.execution
        given = {
            "workflow_id": execution.workflow_id,
            "execution_id": execution.id,
            "action_id": context.node.id,
            "lead_id": execution.lead_id,
            "trigger_type": execution.trigger_type,
            "started_at": execution.started_at,
        }
    return json.dumps(given, ensure_ascii=False, separators=(",", ":")), "application/json"


def _made(context: Context, entry: store_outbound.OutboundCall) -> Result:
    """Makes the call that is ours, and settles it."""
    request = store_outbound.unpacked(entry.request)
    body = request["body"].encode()
    headers = [*request["headers"].items(), *_own_headers(context, body)]
    seconds = float(context.node.config.get("timeout_seconds", DEFAULT_SECONDS))
    effects.begin(entry)
    try:
        answer = outbound.request(request["method"], request["url"], headers, body, seconds=seconds)
    except UpstreamUnavailable:
        _give_back(entry)
        raise
    except OutcomeUnknown as error:
        effects.mark_unknown(entry)
        raise UpstreamUnavailable(f"{error.detail} A repetition has the same Idempotency-Key.") from error
    except InvalidInput as error:
        _refuse(entry, error.detail)
        raise
    return _answered(entry, answer)


def _own_headers(context: Context, body: bytes) -> list[tuple[str, str]]:
    now = clock.epoch_seconds(clock.now())
    return [
        ("Accept-Encoding", "identity"),
        ("Idempotency-Key", ".".join(context.effect)),
        ("X-Leadflow-Cause", signing.cause_header(context.chain)),
        ("X-Leadflow-Signature", signing.signature(context.execution.workflow_id, now, body)),
    ]


def _answered(entry: store_outbound.OutboundCall, answer: outbound.Answer) -> Result:
    status = answer.status
    if 200 <= status < 300:
        entry.answer = rules_outbound.shown_answer(status, answer.headers, answer.body, answer.truncated)
        kind = store_outbound.OutboundCall
        settled: list[Any] = [
            kind.outcome.set(Outcome.ACCEPTED.value),
            kind.answer.set(entry.answer),
            kind.lease_until.remove(),
        ]
        table.change(entry, settled)
        return _settled(entry)
    if not rules_outbound.passes(status):
        hint = "; redirects are not followed" if 300 <= status < 400 else ""
        _refuse(entry, f"The receiver answered {status}{hint}.")
        return _settled(entry)
    if rules_outbound.is_unclear(status):
        effects.mark_unknown(entry)
    else:
        _give_back(entry)
    wait = rules_outbound.retry_after(answer.headers.get("retry-after"), clock.now())
    raise UpstreamUnavailable(f"The receiver answered {status}.", wait)


def _settled(entry: store_outbound.OutboundCall) -> Result:
    if entry.outcome == Outcome.ACCEPTED:
        return Result(entry.answer or {})
    raise _refusal(entry.error_message or "The receiver refused.")


def _refusal(reason: str) -> LeadflowError:
    field, colon, message = reason.partition(": ")
    return InvalidInput(field, message) if colon and field == "url" else UpstreamRejected(reason)


def _refuse(entry: store_outbound.OutboundCall, reason: str) -> None:
    kind = store_outbound.OutboundCall
    rejected = kind.outcome.set(Outcome.REJECTED.value)
    table.change(entry, [rejected, kind.error_message.set(reason), kind.lease_until.remove()])


def _give_back(entry: store_outbound.OutboundCall) -> None:
    """Nothing has left: the next attempt need not wait for the lease to end."""
    kind = store_outbound.OutboundCall
    table.change(entry, [kind.phase.set("claimed"), kind.lease_until.remove()])
