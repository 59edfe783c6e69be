"""The parts of a run, each made here and nowhere else.

Import this only after `local.emulator.environment.prepare`: it imports the emulator.
"""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from local.client import Api, Refused
from local.datadir import DataDir
from local.emulator import functions, objects, stack, tables, template, wire
from local.emulator.journal import Journal
from local.emulator.server import EmulatorServer
from local.emulator.upkeep import Upkeep
from local.emulator.vault import Vault
from local.errors import CannotStart
from local.faults import Faults
from local.host import routes, streams
from local.host.http import HttpApi
from local.host.invoke import FunctionHost
from local.host.reconciler import Reconciler
from local.host.streams import StreamReader
from local.samples import put_samples
from local.sandbox.server import Sandbox
from local.seed import seed_defaults
from local.servers import HttpServer
from local.settings import RunSettings

STACK = "leadflow-local"
RECONCILE = "ReconcileFunction"
_API_THREADS = 16
_SANDBOX_THREADS = 32


class Part(Protocol):
    """Something that runs beside the main thread, from when it was made until it is stopped."""

    @property
    def alive(self) -> bool: ...

    def stop(self) -> None: ...


@dataclass(frozen=True)
class Deployed:
    """The stack in the emulator and the host that runs its functions."""

    template: template.StackTemplate
    cloud: stack.Cloud
    ids: dict[str, str]
    functions: dict[str, stack.Function]
    host: FunctionHost

    @property
    def environment(self) -> dict[str, str]:
        """Raises CannotStart when two functions disagree about a variable."""
        return stack.shared_environment(self.functions)


def start_emulator(
    sock: socket.socket, journal: Journal, faults: Faults | None
) -> tuple[EmulatorServer, tables.DurableTables]:
    """The emulator on this bound socket, with what must last kept in the journal. Raises CannotStart."""
    durable = tables.DurableTables(journal)
    durable.install()
    Vault(journal).install()
    wire.install(durable, faults)
    if faults is not None:
        faults.install()
    wire.install_queues()  # after the faults, which strike before there is an answer
    server = EmulatorServer(sock)
    server.start()
    return server, durable


def deploy(
    root: Path,
    settings: RunSettings,
    data_dir: DataDir,
    journal: Journal,
    durable: tables.DurableTables,
    faults: Faults | None,
) -> Deployed:
    """Deploys `template.yaml` and puts back what an earlier run kept. Raises CannotStart."""
    # Beside what Python compiles: it belongs to the code, whatever the data.
    plan = template.load(root, STACK, cache=Path(__file__).parent / "__pycache__")
    cloud = stack.Cloud(STACK)
    cloud.deploy(plan, {"Stage": "local", "PublicUrl": settings.api_url})
    ids = cloud.physical_ids()
    for name in plan.of_type("AWS::DynamoDB::Table"):
        durable.load(ids[name])
        journal.set_readers(ids[name], _readers(plan, name))
    objects.persist(data_dir.objects)
    deployed = cloud.functions(plan)
    for path in (root, root / "layers" / "leadflow" / "python"):
        if str(path) not in sys.path:
            sys.path.insert(0, str(path))
    host = FunctionHost(deployed, plan.code, faults)
    functions.run_with(host.invoke_by_name)
    return Deployed(plan, cloud, ids, deployed, host)


def _readers(plan: template.StackTemplate, table: str) -> list[str]:
    return [s["FunctionName"]["Ref"] for s in plan.stream_sources.values() if _table_of(s) == table]


def _table_of(source: dict[str, Any]) -> str:
    logical_id: str = source["EventSourceArn"]["Fn::GetAtt"][0]
    return logical_id


def make_sandbox(data_dir: Path, api_url: str, admin_key: str) -> Sandbox:
    """The provider sandbox, started; it asks the API for its channels when it needs them."""
    sandbox = Sandbox(data_dir, lambda: (api_url, admin_key))
    sandbox.start()
    return sandbox


def serve_sandbox(sandbox: Sandbox, sock: socket.socket) -> HttpServer:
    return _serve("sandbox", sandbox, sock, _SANDBOX_THREADS)


def serve_api(deployed: Deployed, sock: socket.socket) -> HttpServer:
    """The HTTP API of the template. Raises CannotStart when the template's API is not one this host can serve."""
    return _serve("api", HttpApi(routes.from_template(deployed.template), deployed.host), sock, _API_THREADS)


def _serve(name: str, app: Callable[..., Any], sock: socket.socket, threads: int) -> HttpServer:
    server = HttpServer(name, app, sock, threads)
    server.start()
    return server


def register_admin_key(key: str) -> None:
    """Makes the product know this key. Raises CannotStart when it will not."""
    from leadflow.core.errors import InvalidInput
    from leadflow.platform import service

    try:
        service.ensure_api_key(name="admin", scopes=["admin"], key=key)
    except InvalidInput as error:
        raise CannotStart(f"ADMIN_KEY is no key: {error.detail}") from error


def settle(settings: RunSettings, admin_key: str, sandbox: Sandbox) -> None:
    """Waits for the API's own word that it is healthy, and seeds. Raises CannotStart when something is refused."""
    api = Api(settings.api_url, admin_key)
    try:
        api.get("/health")
        seed_defaults(api, settings.sandbox_url, sandbox.sendgrid_public_key(), sandbox.secrets.shown())
        if settings.samples:
            put_samples(api)
    except Refused as error:
        raise CannotStart(f"the API is not ready: {error}") from error
    finally:
        api.close()


def start_workers(deployed: Deployed, journal: Journal) -> dict[str, Part]:
    """The readers of the tables' streams, reconcile, and the emulator's upkeep."""
    workers: dict[str, StreamReader | Reconciler | Upkeep] = {"upkeep": Upkeep()}
    for properties in deployed.template.stream_sources.values():
        reader = _reader(deployed, journal, properties)
        workers[f"stream reader of {reader.function}"] = reader
    if RECONCILE in deployed.functions:
        workers["reconcile"] = Reconciler(deployed.host, RECONCILE)
    for worker in workers.values():
        worker.start()
    return dict(workers)


def _reader(deployed: Deployed, journal: Journal, properties: dict[str, Any]) -> StreamReader:
    table = deployed.ids[_table_of(properties)]
    source = streams.source(properties["FunctionName"]["Ref"], table, tables.stream_arn(table), properties)
    target = properties.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
    queue = deployed.ids[target["Fn::GetAtt"][0]] if target else None
    sqs = deployed.cloud.client("sqs")

    def give_up(note: dict[str, Any]) -> None:
        if queue:
            sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(note))

    return StreamReader(source, journal, deployed.host, give_up)
