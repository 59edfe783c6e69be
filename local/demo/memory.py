"""What a demo must remember to be carried on after being killed: which run it is and the ids it has made."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

_FILE = "demo-state.json"


@dataclass
class Memory:
    """One run of the demo.

    `made` holds ids by what they are of (`template-warm`, `workflow`, …); `server_pid` is a server we started.
    """

    run: int = 1
    leads: int = 0
    made: dict[str, str] = field(default_factory=dict)
    previous_workflow: str | None = None
    server_pid: int | None = None
    finished: bool = False

    def next_run(self) -> Memory:
        """The memory of the run after this one, on the same server."""
        return Memory(run=self.run + 1, previous_workflow=self.made.get("workflow"), server_pid=self.server_pid)

    def save(self, data_dir: Path) -> None:
        """Whole or not at all."""
        data_dir.mkdir(parents=True, exist_ok=True)
        draft = data_dir / f"{_FILE}.draft"
        draft.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")
        draft.replace(data_dir / _FILE)


def recall(data_dir: Path) -> Memory | None:
    """What an earlier demo on this data directory left; None when there was none."""
    try:
        return Memory(**json.loads((data_dir / _FILE).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
