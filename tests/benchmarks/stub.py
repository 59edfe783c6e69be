"""A DynamoDB that answers from a recording: python -m tests.benchmarks.stub RECORDING, prints its port.

Requests to /<scenario> get, by operation, the recorded answers of that scenario in turn. It is fast and in a process
of its own, so what is measured is the client.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from collections.abc import Iterator
from pathlib import Path


class Answers(asyncio.Protocol):
    """One connection, kept alive."""

    def __init__(self, recorded: dict[tuple[str, str], Iterator[bytes]]) -> None:
        self._recorded = recorded
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            first, *lines = self._buffer[:end].decode().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            length = int(headers.get("content-length", "0"))
            if len(self._buffer) < end + 4 + length:
                return
            self._buffer = self._buffer[end + 4 + length :]
            scenario = first.split(" ")[1].strip("/")
            body = next(self._recorded[scenario, headers["x-amz-target"].split(".")[-1]])
            head = f"HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {len(body)}\r\n\r\n"
            self._transport.write(head.encode() + body)


async def serve(recording: Path) -> None:
    scenarios = json.loads(recording.read_text(encoding="utf-8"))
    recorded: dict[tuple[str, str], Iterator[bytes]] = {}
    for scenario, about in scenarios.items():
        by_operation: dict[str, list[bytes]] = {}
        for call in about["calls"]:
            by_operation.setdefault(call["operation"], []).append(json.dumps(call["answer"]).encode())
        for operation, answers in by_operation.items():
            recorded[scenario, operation] = itertools.cycle(answers)
    server = await asyncio.get_running_loop().create_server(lambda: Answers(recorded), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
