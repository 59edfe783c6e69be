"""A program: says which modules each door loads, in an environment shaped like Lambda's. One line of JSON per door.

Each door is imported in a fork of one process, so doors do not see each other's modules. What every door needs anyway,
the table's library, that process has imported before; it counts as loaded by each. Anything that reaches out of the
process at import is reported as `effects`.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Any

OUTGOING = {"os.mkdir", "os.remove", "os.system", "socket.connect", "socket.getaddrinfo", "subprocess.Popen"}


def look(door: Path, before: set[str]) -> dict[str, Any]:
    effects: list[str] = []
    sys.addaudithook(lambda event, _: effects.append(event) if event in OUTGOING else None)
    session = importlib.import_module("botocore.session").Session
    session.create_client = lambda *_, **__: effects.append("an AWS client")
    sys.path.insert(0, str(door.parent))  # as Lambda does with /var/task
    spec = importlib.util.spec_from_file_location("app", door)
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    return {"modules": sorted(set(sys.modules) - before), "effects": effects}


def main(root: Path, names: list[str]) -> None:
    sys.dont_write_bytecode = True
    before = set(sys.modules)
    importlib.import_module("pynamodb.models")
    for name in names:
        reading, writing = os.pipe()
        if os.fork() == 0:
            os.close(reading)
            try:
                found = look(root / "functions" / name / "app.py", before)
            except Exception as error:  # noqa: BLE001 - whatever a door raises is the finding
                found = {"error": f"{type(error).__name__}: {error}"}
            with os.fdopen(writing, "w") as pipe:
                json.dump({"name": name, **found}, pipe)
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            sys.stdout.write(pipe.read() + "\n")
        os.wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
