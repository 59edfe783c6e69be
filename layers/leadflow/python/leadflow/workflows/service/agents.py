"""Agents: models at OpenAI-compatible endpoints, by the names that workflows call them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from leadflow.core import secrets, table
from leadflow.core.errors import Conflict, InvalidInput, NotFound, PreconditionFailed, RateLimited
from leadflow.core.table import Record
from leadflow.core.turns import Turns
from leadflow.workflows import store_outbound

if TYPE_CHECKING:
    from leadflow.workflows.schema import AgentWrite

_NAME = re.compile(r"[a-z0-9_-]{1,64}")
_TURNS = Turns(6, longest_pause_seconds=0.5)


def put(name: str, body: AgentWrite, if_match: int | None) -> Record:
    """Makes or changes an agent; its key stays when none is given.

    Raises NotFound for what cannot be a name, InvalidInput for another host without its key, PreconditionFailed,
    RateLimited when crowded out.
    """
    if not _NAME.fullmatch(name):
        raise NotFound("agent", name)
    fields = body.model_dump()
    key = fields.pop("api_key")
    for _ in _TURNS:
        agent = store_outbound.find_agent(name)
        if if_match is not None and (agent is None or agent.v != if_match):
            raise PreconditionFailed(f"Agent {name} is at another version; read it again.")
        if agent is not None and agent.api_key and "api_key" not in body.model_fields_set:
            _check_still_for(agent, body.base_url)
        is_new, agent = agent is None, agent or store_outbound.Agent(pk=f"AGT#{name}", sk="#META", name=name)
        for field, value in fields.items():
            setattr(agent, field, value)
        if "api_key" in body.model_fields_set:
            agent.api_key = None if key is None else secrets.encrypt(key, _context(name))
        try:
            return _written(agent, is_new=is_new)
        except (table.AlreadyThere, table.Stale):
            continue
    raise RateLimited(f"Agent {name} is being changed by many requests at once.")


def get(name: str) -> Record:
    """Raises NotFound."""
    return _load(name).record()


def page(limit: int, cursor: str | None) -> dict[str, Any]:
    """Agents, newest first."""
    return store_outbound.agents_page(limit, cursor)


def is_ready(name: str) -> bool:
    agent = store_outbound.find_agent(name)
    return agent is not None and bool(agent.is_active)


def ready(name: str) -> store_outbound.Agent:
    """The agent. Raises NotFound, Conflict when it is switched off."""
    agent = _load(name)
    if not agent.is_active:
        raise Conflict(f"Agent {name} is not active.", name)
    return agent


def key_of(agent: store_outbound.Agent) -> str | None:
    """Its API key in the clear; None when it needs none."""
    return None if agent.api_key is None else secrets.decrypt(agent.api_key, _context(agent.name))


def _check_still_for(agent: store_outbound.Agent, base_url: str) -> None:
    """A kept key goes to the host it was given for: nobody is to read it by naming a host of their own."""
    if urlsplit(base_url.lower())[:2] != urlsplit(agent.base_url.lower())[:2]:
        raise InvalidInput("api_key", "must be given again, or be null, when base_url names another host")


def _written(agent: store_outbound.Agent, *, is_new: bool) -> Record:
    agent.touch()
    agent.gsi1pk, agent.gsi1sk = "AGTS", f"{agent.created_at}#{agent.name}"
    if is_new:
        return table.create(agent).record()
    table.save(agent)
    return agent.record()


def _load(name: str) -> store_outbound.Agent:
    agent = store_outbound.find_agent(name)
    if agent is None:
        raise NotFound("agent", name)
    return agent


def _context(name: str) -> dict[str, str]:
    return {"agent": name}
