"""Where it is kept how much of an assignee's day is taken."""

from __future__ import annotations

from collections.abc import Sequence

from pynamodb.attributes import JSONAttribute

from leadflow.core import table


class Agenda(table.Item, discriminator="Agenda"):
    """The scheduled appointments of one assignee on one UTC day. There is none for a day with nothing on it.

    pk `AGD#<keyed hash of assigned_to>#<day>`  sk `#`

    `slots` are (appointment id, begin, end) in order. It is written in the transaction of the appointment that it is
    about, at the version that was read: so of two appointments for the same time one finds it changed. An appointment
    over midnight stands in the agendas of both days.
    """

    slots = JSONAttribute(default=list)

    def keep(self, slots: Sequence[Sequence[str]]) -> None:
        """Replaces what is taken of the day."""
        self.slots = [list(slot) for slot in slots]


def agenda(assignee_key: str, day: str) -> Agenda:
    """The agenda of this day, read consistently; a new one, not written, when nothing is on it."""
    pk = f"AGD#{assignee_key}#{day}"
    return table.find(Agenda, pk, "#") or Agenda(pk=pk, sk="#")
