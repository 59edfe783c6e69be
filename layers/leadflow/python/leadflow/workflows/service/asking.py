"""The action run_ai_agent: asks a model, checks its answer, and never spends more than was allowed.

What a call may cost at most is reserved in the run and in the lead's day before it is made, and settled to what it did
cost after; a call that nobody knows the end of counts in full. The conversation and what was spent are kept with the
run, so neither a repetition nor a death begins anew. An answer that does not fit `output_schema` is sent back once. A
call in doubt is repeated once: it changes nothing in the world but the bill. Models get no tools.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from leadflow.core import clock, effects, json_schema, outbound, table
from leadflow.core.effects import Outcome, Standing
from leadflow.core.errors import (
    BudgetExceeded,
    CredentialsRefused,
    InvalidInput,
    LeadflowError,
    OutcomeUnknown,
    RateLimited,
    UpstreamRejected,
    UpstreamUnavailable,
)
from leadflow.core.rendering import render_value
from leadflow.core.settings import settings
from leadflow.workflows import rules_agents, rules_outbound, store_outbound
from leadflow.workflows.rules_agents import Reply, Unreadable
from leadflow.workflows.service import agents
from leadflow.workflows.service.actions import Context, Result
from leadflow.workflows.store_outbound import AgentRun

# Two of them, after what a segment may have done before, are shorter than the function's own time.
CALL_SECONDS = 45.0
MAX_PROMPT_BYTES = 64_000
MAX_ANSWER_BYTES = 100_000
MAX_REPAIRS = 1
MAX_DOUBTS = 1
LOOK_AGAIN_AFTER = timedelta(seconds=30)
# A longer transcript is read by its own route, a longer answer too.
SHOWN_TRANSCRIPT_BYTES = 8_000
SHOWN_ANSWER_CHARACTERS = 16_000
_DONE = (Outcome.ACCEPTED, Outcome.REJECTED)
# A day's total is asked for on that day; what was reserved just before midnight settles within minutes.
_DAY_KEPT = timedelta(days=3)


def run(context: Context, facts: Mapping[str, Any]) -> Result:
    """Asks the agent of this visit, or says where that stands; `facts` fill the prompt's placeholders.

    Raises NotFound or Conflict for the agent, InvalidInput for a prompt that is too long or an endpoint that is not
    called, BudgetExceeded, CredentialsRefused, UpstreamRejected for an answer that is of no use, OutcomeUnknown after
    two calls in doubt, RateLimited and UpstreamUnavailable when it is to be repeated.
    """
    entry = store_outbound.find_run(context.execution.id, context.node.id)
    if entry is not None and entry.outcome in _DONE and int(entry.visit) == context.cursor.visit:
        return _settled(entry)
    agent = agents.ready(context.node.config["agent"])
    if entry is None:
        entry, standing = _opened(context, facts, agent), Standing.OURS
    else:
        standing = _standing(context, facts, agent, entry)
    if standing is Standing.BUSY:
        return Result(wait_until=_next_look(entry))
    work = _Work(context, agent, entry)
    while entry.outcome == Outcome.PENDING:
        work.ask()
    return _settled(entry)


def would_ask(context: Context, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What `run` would ask first: agent, model, messages, and the most that the call may cost in USD.

    Raises what it would raise before the call.
    """
    agent = agents.ready(context.node.config["agent"])
    body = _body(context.node.config, agent, _messages(context, facts, agent))
    most, max_cost = _most(agent, body), context.node.config.get("max_cost")
    if max_cost is not None and most > rules_agents.budget(max_cost):
        raise _beyond(0, most)
    return {"agent": agent.name, **body, "most_cost": rules_agents.in_usd(most)}


def _body(
    config: Mapping[str, Any], agent: store_outbound.Agent, messages: Sequence[rules_agents.Message]
) -> dict[str, Any]:
    """The request of a call."""
    told = config.get("output_schema") if agent.structured else None
    return rules_agents.payload(agent.model, messages, int(config.get("max_tokens") or agent.max_tokens), told)


def _most(agent: store_outbound.Agent, body: Mapping[str, Any]) -> int:
    """What a call may cost at most, in millionths of a USD."""
    return _cost(agent, rules_agents.most_tokens(body), int(body["max_tokens"]))


def _cost(agent: store_outbound.Agent, input_tokens: int, output_tokens: int) -> int:
    return rules_agents.cost_of(input_tokens, output_tokens, float(agent.input_price), float(agent.output_price))


def _beyond(spent: int, most: int) -> BudgetExceeded:
    """Both in millionths of a USD."""
    told = rules_agents.in_usd(spent), rules_agents.in_usd(most)
    return BudgetExceeded("max_cost does not reach: {:g} USD are spent, a call may cost {:g}.".format(*told))


def _opened(context: Context, facts: Mapping[str, Any], agent: store_outbound.Agent) -> AgentRun:
    entry = AgentRun(
        pk=f"WX#{context.execution.id}",
        sk=f"AGENT#{context.node.id}",
        visit=context.cursor.visit,
        agent=agent.name,
        packed=store_outbound.packed({"messages": _messages(context, facts, agent), "calls": []}),
    )
    if not store_outbound.claim(entry):
        raise table.Stale(entry.pk)
    return entry


def _messages(context: Context, facts: Mapping[str, Any], agent: store_outbound.Agent) -> list[dict[str, Any]]:
    prompt = str(render_value(context.node.config["prompt"], facts))
    if len(prompt.encode()) > MAX_PROMPT_BYTES:
        raise InvalidInput("prompt", f"comes to more than {MAX_PROMPT_BYTES // 1000} KB")
    return rules_agents.opening(agent.instructions, prompt, context.node.config.get("output_schema"))


def _standing(context: Context, facts: Mapping[str, Any], agent: store_outbound.Agent, entry: AgentRun) -> Standing:
    """Where the work stands, taking it over where it is ours to go on with. Raises table.Stale, OutcomeUnknown."""
    standing = effects.look(entry)
    is_new_visit = int(entry.visit) != context.cursor.visit
    if standing is Standing.BUSY:
        return standing
    content = store_outbound.unpacked(entry.packed)
    if int(entry.reserved):
        # Who made the call died, so it counts as if it had cost all it could.
        content["calls"].append(_noted(int(entry.reserved), "unknown"))
        entry.spent, entry.reserved, entry.reserved_on = int(entry.spent) + int(entry.reserved), 0, None
        entry.doubts = int(entry.doubts) + 1
    if is_new_visit:
        entry.visit, entry.repairs, entry.doubts, entry.result = context.cursor.visit, 0, 0, None
        content["messages"] = _messages(context, facts, agent)
    entry.packed = store_outbound.packed(content)
    if int(entry.doubts) > MAX_DOUBTS:
        # It stays unknown, with all that it has cost.
        table.save(entry)
        raise _in_doubt()
    effects.take(entry)
    entry.attempt, entry.unknown_since, entry.agent = int(entry.attempt) + 1, None, agent.name
    table.save(entry)
    return Standing.OURS


def _next_look(entry: AgentRun) -> datetime:
    soon = clock.now() + LOOK_AGAIN_AFTER
    return min(soon, clock.parse(entry.lease_until)) if entry.lease_until else soon


def _settled(entry: AgentRun) -> Result:
    if entry.outcome != Outcome.ACCEPTED:
        raise UpstreamRejected(entry.error_message or "The answer is of no use.")
    content = store_outbound.unpacked(entry.packed)
    _, execution_id = entry.pk.split("#")
    _, action_id = entry.sk.split("#")
    shown = entry.result or {}
    output = {**shown, "cost": rules_agents.in_usd(int(entry.spent)), "calls": content["calls"]}
    output["transcript_url"] = f"/executions/{execution_id}/transcripts/{action_id}"
    if len(json.dumps(content["messages"])) <= SHOWN_TRANSCRIPT_BYTES:
        output["messages"] = content["messages"]
    return Result(output)


def _noted(cost: int, outcome: str, tokens: tuple[int, int] | None = None) -> dict[str, Any]:
    """A call as the transcript tells it."""
    given, made = tokens or (None, None)
    usd = rules_agents.in_usd(cost)
    return {"at": clock.now_stamp(), "outcome": outcome, "input_tokens": given, "output_tokens": made, "cost": usd}


def _in_doubt() -> OutcomeUnknown:
    return OutcomeUnknown("Two calls of the agent ended without an answer; both count in full.")


class _Work:
    """The agent's work for one visit, under its lease: one call after the other."""

    def __init__(self, context: Context, agent: store_outbound.Agent, entry: AgentRun) -> None:
        self.agent = agent
        self.entry = entry
        self.config = context.node.config
        self.schema = self.config.get("output_schema")
        execution = context.execution
        self.subject = execution.lead_id or f"WF#{execution.workflow_id}"
        self.effect = ".".join(context.effect)
        self.content: dict[str, Any] = store_outbound.unpacked(entry.packed)

    def ask(self) -> None:
        """One call; after it the entry is settled, or holds what to ask next."""
        body = _body(self.config, self.agent, self.content["messages"])
        try:
            # Before anything is reserved: a key that cannot be read costs nothing.
            headers = self._headers()
            self._reserve(_most(self.agent, body))
        except Exception:
            self._let_go()
            raise
        url = f"{self.agent.base_url.rstrip('/')}/chat/completions"
        content = json.dumps(body, ensure_ascii=False).encode()
        try:
            answer = outbound.request("POST", url, headers, content, seconds=CALL_SECONDS, field="agent")
        except (UpstreamUnavailable, InvalidInput):
            self._released("not sent")
            raise
        except OutcomeUnknown as error:
            raise self._doubt(error) from error
        self._take(answer)

    def _headers(self) -> list[tuple[str, str]]:
        key = agents.key_of(self.agent)
        authorized = [("Authorization", f"Bearer {key}")] if key else []
        usual = [("Content-Type", "application/json"), ("Accept-Encoding", "identity"), ("User-Agent", "Leadflow/1")]
        return [*usual, ("Idempotency-Key", f"{self.effect}.{len(self.content['calls'])}"), *authorized]

    def _reserve(self, most: int) -> None:
        max_cost = self.config.get("max_cost")
        if max_cost is not None and int(self.entry.spent) + most > rules_agents.budget(max_cost):
            raise _beyond(int(self.entry.spent), most)
        now = clock.now()
        limit = rules_agents.budget(settings().agent_daily_budget)
        expires_at = clock.epoch_seconds(now + _DAY_KEPT)
        store_outbound.reserve(self.entry, self.subject, now.date().isoformat(), most, limit, expires_at)

    def _take(self, answer: outbound.Answer) -> None:
        status = answer.status
        if 200 <= status < 300:
            self._read(answer)
        elif rules_outbound.is_unclear(status):
            raise self._doubt(OutcomeUnknown(f"The endpoint answered {status}."))
        else:
            self._released(f"status {status}")
            wait = rules_outbound.retry_after(answer.headers.get("retry-after"), clock.now())
            if status == 429:
                raise RateLimited("The endpoint wants to be asked later.", wait or 1)
            if rules_outbound.passes(status):
                raise UpstreamUnavailable(f"The endpoint answered {status}.", wait)
            if status in (401, 402, 403):
                raise CredentialsRefused(f"The endpoint refuses the key of agent {self.agent.name}.")
            raise UpstreamRejected(f"The endpoint answered {status}.")

    def _read(self, answer: outbound.Answer) -> None:
        reserved = int(self.entry.reserved)
        try:
            if answer.truncated:
                raise Unreadable("The endpoint's answer is too long.")
            reply = Reply(answer.body)
        except Unreadable as error:
            self.content["calls"].append(_noted(reserved, "unreadable"))
            self._rejected(str(error))
            self._account(reserved)
            return
        cost = _cost(self.agent, *reply.tokens) if reply.tokens else reserved
        self.content["calls"].append(_noted(cost, reply.finish_reason, reply.tokens))
        self._judge(reply)
        self._account(cost)

    def _judge(self, reply: Reply) -> None:
        """Settles the entry, or says what to ask next."""
        if not reply.text.strip() or len(reply.text.encode()) > MAX_ANSWER_BYTES:
            self._rejected("The model gave no text." if not reply.text.strip() else "The answer is too long.")
            return
        self.content["messages"].append({"role": "assistant", "content": reply.text})
        if self.schema is None:
            self._accepted(reply, reply.text)
            return
        try:
            value = rules_agents.parsed(reply.text)
        except ValueError:
            problems = ["it is not JSON"]
        else:
            problems = json_schema.problems(self.schema, value)
            if not problems:
                self._accepted(reply, value)
                return
        if reply.finish_reason == "length":
            self._rejected("The answer was cut off at max_tokens.")
        elif int(self.entry.repairs) >= MAX_REPAIRS:
            self._rejected("The answer does not fit output_schema, nor did the one before; the transcript has both.")
        else:
            self.entry.repairs = int(self.entry.repairs) + 1
            self.entry.phase = "claimed"
            self.content["messages"].append(rules_agents.repairing(problems))

    def _accepted(self, reply: Reply, value: Any) -> None:
        is_long = len(value if isinstance(value, str) else json.dumps(value)) > SHOWN_ANSWER_CHARACTERS
        shown = (value[:SHOWN_ANSWER_CHARACTERS] if isinstance(value, str) else None) if is_long else value
        self.entry.outcome, self.entry.lease_until = Outcome.ACCEPTED.value, None
        self.entry.result = {"answer": shown, "truncated": is_long, "finish_reason": reply.finish_reason}

    def _rejected(self, reason: str) -> None:
        self.entry.outcome, self.entry.lease_until = Outcome.REJECTED.value, None
        self.entry.error_message = reason

    def _released(self, outcome: str) -> None:
        """The call was not made, or was refused: it costs nothing, and the next try need not wait for the lease."""
        self.content["calls"].append(_noted(0, outcome))
        self.entry.phase, self.entry.lease_until = "claimed", None
        self._account(0)

    def _doubt(self, error: OutcomeUnknown) -> LeadflowError:
        """Nobody knows whether the call was made: it counts in full, and is repeated once. Gives what to raise."""
        reserved = int(self.entry.reserved)
        self.content["calls"].append(_noted(reserved, "unknown"))
        self.entry.outcome, self.entry.lease_until = Outcome.UNKNOWN.value, None
        self.entry.unknown_since, self.entry.host_id = clock.now_stamp(), settings().host_id or None
        self.entry.doubts = int(self.entry.doubts) + 1
        self._account(reserved)
        if int(self.entry.doubts) > MAX_DOUBTS:
            return _in_doubt()
        return UpstreamUnavailable(error.detail)

    def _let_go(self) -> None:
        """Nothing was reserved and nothing asked: the next try need not wait for the lease."""
        kind = AgentRun
        table.change(self.entry, [kind.phase.set("claimed"), kind.lease_until.remove()])

    def _account(self, cost: int) -> None:
        self.entry.packed = store_outbound.packed(self.content)
        store_outbound.account(self.entry, self.subject, cost)
