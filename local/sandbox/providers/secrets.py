"""What the ready channels share with the sandbox, made once for a data directory."""

from __future__ import annotations

import json
import random
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from local.sandbox.providers.sendgrid.signing import write_privately

_FILE = "secrets.json"


@dataclass(frozen=True)
class Secrets:
    """Twilio's auth token, Meta's app secret and verify token, and the secret of mails that come in."""

    auth_token: str
    app_secret: str
    verify_token: str
    inbound_secret: str

    @classmethod
    def of(cls, folder: Path, chance: random.Random) -> Secrets:
        """Those kept in this folder, made when there are none."""
        path = folder / _FILE
        if not path.exists():
            made = {field.name: chance.randbytes(16).hex() for field in fields(cls)}
            write_privately(path, json.dumps(made).encode())
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    def shown(self) -> dict[str, str]:
        return asdict(self)
