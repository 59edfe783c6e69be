"""Domain events: what a change of an item means, in the words of the triggers that listen for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from leadflow.core import table


@dataclass(frozen=True)
class DomainEvent:
    """Something that happened, to a lead or (`lead_id` None) to a run that is about none.

    `event_id` is the same however often the change that caused it is delivered. `cause` lists the workflow ids whose
    actions led here, oldest first: its length is the depth at which chains stop. `data` holds ids, statuses and
    numbers, never what identifies a person. `rounded_to` is set where `occurred_at` was told in whole seconds: the last
    moment at which it may have happened.
    """

    event_type: str
    event_id: str
    lead_id: str | None
    occurred_at: str
    data: dict[str, Any] = field(default_factory=dict)
    cause: tuple[str, ...] = ()
    rounded_to: str | None = None

    @property
    def latest(self) -> str:
        """The last moment at which it may have happened; what began by then has not missed it."""
        return self.rounded_to or self.occurred_at


class Change(Protocol):
    """What a stream reader hands over."""

    @property
    def change_id(self) -> str: ...
    @property
    def old(self) -> table.Item | None: ...
    @property
    def new(self) -> table.Item | None: ...
