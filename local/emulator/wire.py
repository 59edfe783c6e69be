"""The short way from this process's AWS clients to the emulator: a function call instead of a connection.

botocore asks its `before-call` handlers for an answer before it signs a request and opens a connection. Every session
made in this process after `install` and `install_queues` has ours, which answers DynamoDB and takes messages for SQS;
everything else takes the connection.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from botocore import handlers
from botocore.model import OperationModel
from botocore.parsers import ResponseParser, ResponseParserFactory
from ministack.services import sqs

from local.emulator.tables import DurableTables
from local.faults import Faults

_EVENT = "before-call.dynamodb"
# Answers about items are their JSON as it stands, but for binary values. botocore's parser, which looks for every
# possible type in every attribute, takes longer over them than the engine does.
_OF_ITEMS = frozenset(
    {"BatchGetItem", "BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem"}
    | {"TransactGetItems", "TransactWriteItems"}
)
_BINARY = (b'"B":', b'"BS":')
_METADATA = {"HTTPStatusCode": 200, "HTTPHeaders": {}, "RetryAttempts": 0}


@dataclass(frozen=True, slots=True)
class _Answered:
    """The only thing botocore asks of an HTTP answer that it did not fetch itself."""

    status_code: int


def install(tables: DurableTables, faults: Faults | None = None) -> None:
    """Answers DynamoDB requests of every botocore session made from now on; with faults, where there are some."""
    parser = ResponseParserFactory().create_parser("json")

    def answered(model: OperationModel, params: dict[str, Any]) -> tuple[_Answered, dict[str, Any]]:
        body = params["body"]
        headers = {"x-amz-target": params["headers"]["X-Amz-Target"]}
        status, found, content = tables.call(headers, body.encode() if isinstance(body, str) else body)
        if status == 200 and model.name in _OF_ITEMS and not any(sign in content for sign in _BINARY):
            return _Answered(status), {**json.loads(content), "ResponseMetadata": _METADATA}
        response = {"status_code": status, "headers": found, "body": content, "context": {}}
        return _Answered(status), _parsed(parser, model, response)

    def answer(model: OperationModel, params: dict[str, Any], **_: Any) -> tuple[Any, dict[str, Any]]:
        if faults is None:
            return answered(model, params)
        return faults.around(model.name, params, lambda asked: answered(model, asked))

    handlers.BUILTIN_HANDLERS.append((_EVENT, answer))


def install_queues() -> None:
    """Takes messages for queues in every botocore session made from now on.

    Under the lock that the emulator's pollers hold while they take messages out: over a connection it appends without
    it, and what is appended while a poller puts its shortened list in place is lost.
    """
    take = {"SendMessage": sqs._act_send_message, "SendMessageBatch": sqs._act_send_message_batch}

    def answer(model: OperationModel, params: dict[str, Any], **_: Any) -> tuple[_Answered, dict[str, Any]] | None:
        if model.name not in take:
            return None
        asked = json.loads(params["body"])
        try:
            with sqs._queues_lock:
                found = take[model.name](asked, asked["QueueUrl"])
        except sqs._Err:
            # Asked again over the connection, the emulator says what is wrong in the words of SQS.
            return None
        return _Answered(200), {**found, "ResponseMetadata": _METADATA}

    handlers.BUILTIN_HANDLERS.append(("before-call.sqs", answer))


def _parsed(parser: ResponseParser, model: OperationModel, response: dict[str, Any]) -> dict[str, Any]:
    parsed: dict[str, Any] = parser.parse(response, model.output_shape)
    if response["status_code"] >= 300:
        shape = model.service_model.shape_for_error_code(parsed["Error"]["Code"])
        if shape is not None:  # the fields an error has beside its message, such as a transaction's reasons
            parsed.update(parser.parse(response, shape))
    return parsed
