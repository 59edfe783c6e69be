"""`make fuzz`: schemathesis against the API of a fresh one-machine host, by its own OpenAPI document.

Every answer must be of a status, type and schema that the document states, none may be a 5xx, and no route that needs
a key may do without. FUZZ_EXAMPLES (per operation) and FUZZ_SEED are read from the environment; the seed is printed,
and the same one makes the same requests.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from local.client import Api, Run
from tests.fuzz.world import made
from tests.journeys.host import HostProcess

ROOT = Path(__file__).resolve().parents[2]
# API Gateway answers a method that no route has with 404, not 405, so that check of schemathesis is not asked for.
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "ignored_auth",
)


def main() -> int:
    """The exit code of schemathesis: 1 when a check has failed."""
    seed = os.environ.get("FUZZ_SEED") or str(random.SystemRandom().randrange(2**32))
    sys.stdout.write(f"FUZZ_SEED={seed}\n")
    sys.stdout.flush()
    with tempfile.TemporaryDirectory() as folder:
        host = HostProcess(Path(folder) / "data", TIME_SCALE="3600")
        try:
            run = host.start()
            with closing(Api(run.api_url, run.admin_key)) as api:
                settings = Path(folder) / "schemathesis.toml"
                settings.write_text(_settings(made(api)))
            return _fuzz(run, settings, seed)
        finally:
            host.kill()


def _settings(ids: dict[str, str]) -> str:
    """What is not said on the command line: ids that exist, except for what would remove them for all the others."""
    known = "".join(f"{json.dumps(f'path.{name}')} = {json.dumps(value)}\n" for name, value in ids.items())
    gone = "".join(f"{json.dumps(f'path.{name}')} = {json.dumps('gone')}\n" for name in ids)
    deleting = f'[[operations]]\ninclude-method = "DELETE"\n[operations.parameters]\n{gone}'
    return f'warnings = false\ngeneration.database = "none"\n[parameters]\n{known}{deleting}'


def _fuzz(run: Run, settings: Path, seed: str) -> int:
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(settings)]
    command += ["run", f"{run.api_url}/openapi.json", "--url", run.api_url]
    command += ["--header", f"Authorization: Bearer {run.admin_key}", "--request-timeout", "30"]
    command += ["--checks", ",".join(CHECKS), "--seed", seed, "--workers", "2"]
    command += ["--max-examples", os.environ.get("FUZZ_EXAMPLES", "10")]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
