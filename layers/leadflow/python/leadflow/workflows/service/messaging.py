"""The action send_message: one message to the run's lead, on the channel that the action names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leadflow.channels.service import addressing
from leadflow.channels.service.addressing import Words
from leadflow.core import clock
from leadflow.core.errors import OutcomeUnknown, UpstreamRejected
from leadflow.core.gates import Gate
from leadflow.core.rendering import render_value
from leadflow.workflows.service.actions import Context, Result


def send(context: Context, facts: Mapping[str, Any]) -> Result:
    """Sends the message of this visit, or says where it stands; `facts` fill the placeholders.

    Raises Conflict when no channel of the type is active, UpstreamRejected when the provider refused it and
    OutcomeUnknown when nobody can say.
    """
    config = context.node.config
    sent = addressing.send_to_lead(
        channel_type=config["channel"],
        channel_id=config.get("channel_id"),
        lead_id=context.lead_id,
        words=_words(config, facts),
        cause=context.effect,
        begun_at=clock.parse(context.execution.started_at),
        execution_id=context.execution.id,
    )
    output = {"message_id": sent.message_id, "outcome": sent.outcome}
    if sent.wait_until is not None:
        return Result(output, sent.wait_until)
    if sent.outcome == "rejected":
        raise UpstreamRejected(sent.reason or "The provider refused the message.")
    if sent.outcome not in ("accepted", "skipped"):
        raise OutcomeUnknown(f"Nobody can say whether message {sent.message_id} was sent; it is not sent again.")
    return Result(output, skip_reason=(sent.reason or "skipped") if sent.outcome == "skipped" else None)


def would_send(
    config: Mapping[str, Any], lead: Mapping[str, Any], facts: Mapping[str, Any]
) -> tuple[str | None, dict[str, Any]]:
    """Why the message would be skipped (None when it would be sent), and what it would say to whom. Raises Conflict."""
    return addressing.would_send(lead, config["channel"], config.get("channel_id"), _words(config, facts))


def gates(config: Mapping[str, Any], lead: Mapping[str, Any]) -> list[Gate]:
    """The gates of the message as they are now, in the order the send asks them."""
    words = Words(config.get("content") or "", config.get("template"))
    return [*addressing.gates_of_message(lead, config["channel"], config.get("channel_id"), words)]


def _words(config: Mapping[str, Any], facts: Mapping[str, Any]) -> Words:
    names = [name for name in ("content", "template", "template_variables") if config.get(name) is not None]
    said: Any = render_value({name: config[name] for name in names}, facts)
    return Words(said.get("content", ""), said.get("template"), said.get("template_variables") or {})
