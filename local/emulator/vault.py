"""KMS keys and secrets that outlive the process.

The stack is made anew at every start. A key or a secret of the template is then not made but found: what it was at the
last start is put in force under its logical id, so ciphertexts still open and the master secret is what it was.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ministack.core import persistence
from ministack.services import kms, secretsmanager
from ministack.services.cloudformation import provisioners

from local.emulator.journal import Journal

Create = Callable[[str, dict[str, Any], str], tuple[str, dict[str, Any]]]

_READS = frozenset(
    {"BatchGetSecretValue", "Decrypt", "DescribeKey", "DescribeSecret", "Encrypt", "GenerateDataKey", "GenerateMac"}
    | {"GenerateDataKeyWithoutPlaintext", "GenerateRandom", "GetKeyPolicy", "GetKeyRotationStatus", "GetPublicKey"}
    | {"GetRandomPassword", "GetSecretValue", "ListAliases", "ListKeys", "ListSecretVersionIds", "ListSecrets"}
    | {"Sign", "Verify", "VerifyMac"}
)
_SERVICES = {"kms": kms, "secretsmanager": secretsmanager}
_OWNERS = {"AWS::KMS::Key": "kms", "AWS::SecretsManager::Secret": "secretsmanager"}


class Vault:
    """Keeps the state of both services in the journal, whole, whenever a request or the stack has changed it."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._found: dict[str, tuple[str, dict[str, Any]]] = {}

    def install(self) -> None:
        """Puts back what was kept, and keeps what changes from now on."""
        states = self._journal.kept("state")
        for name, service in _SERVICES.items():
            if name in states:
                service.load_persisted_state(json.loads(states[name], object_hook=persistence._json_object_hook))
            service.handle_request = self._keeping(name, service.handle_request)
        self._found = {name: tuple(json.loads(body)) for name, body in self._journal.kept("resource").items()}
        for kind, owner in _OWNERS.items():
            entry = provisioners._RESOURCE_HANDLERS[kind]
            entry["create"] = self._finding(owner, entry["create"])

    def _keeping(self, name: str, handle: Callable[..., Any]) -> Callable[..., Any]:
        async def handle_and_keep(
            method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]
        ) -> Any:
            answer = await handle(method, path, headers, body, query_params)
            action = headers.get("x-amz-target", "").rpartition(".")[2]
            if answer[0] < 400 and action not in _READS:
                self._keep(name)
            return answer

        return handle_and_keep

    def _finding(self, owner: str, create: Create) -> Create:
        def find_or_create(logical_id: str, props: dict[str, Any], stack_name: str) -> tuple[str, dict[str, Any]]:
            if logical_id in self._found:
                return self._found[logical_id]
            made = create(logical_id, props, stack_name)
            self._keep(owner)
            self._journal.keep("resource", logical_id, json.dumps(made))
            return made

        return find_or_create

    def _keep(self, name: str) -> None:
        state = _SERVICES[name].get_state()
        self._journal.keep("state", name, json.dumps(state, default=persistence._json_default))
