"""moto without the habits that take most of the time of these tests; what it does stays the same.

It copies the whole table for each operation of a transaction, to have it back when the transaction fails: what the
transaction names is enough. It looks for each member of an answer under several names that it works out anew each
time, as it does the names of its own operations. It walks through the whole table for each partition it is asked for,
of an index too, and sorts all of it first; and it asks of each value that it compares what kind of value it is.
It takes each request for one of any service and any protocol, where most are the table's, whose signature nobody reads.
It weighs a whole item anew for each of its attributes, and asks of each part of an update, ten times over, what kind
of part it is. It takes an item apart and puts it together again by the model of the service, on the way in and on the
way out, where all but bytes stay what they are. It reads the same conditions again and again, letter by letter, and
draws each of the 52 letters of a request's id. It answers for `requests` at 1,288 addresses, which nobody here uses.
And it makes a key pair of 2,048 bits for each KMS key, though all of ours are symmetric and none of them signs.
"""

from __future__ import annotations

import copy
import functools
import string
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from botocore.awsrequest import AWSPreparedRequest
from botocore.signers import RequestSigner
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core import models as moto_models
from moto.core import responses as moto_responses
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.parse import JSONParser
from moto.core.serialize import AttributePicker, BaseJSONSerializer
from moto.core.utils import camelcase_to_underscores, method_names_from_class
from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.table import Table
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser, Node
from moto.dynamodb.responses import DynamoHandler
from moto.kms import models as kms_models
from moto.kms.utils import generate_private_key
from moto.moto_api._internal.moto_random import MotoRandom
from moto.sqs import models as sqs_models

_SCALARS = {"S": str, "N": str, "BOOL": bool, "NULL": bool}


@contextmanager
def lighter() -> Iterator[None]:
    """moto's ways, lighter while inside; moto has to be started inside too."""
    with ExitStack() as stack:
        for owner, name, ours in _ways():
            stack.enter_context(patch.object(owner, name, ours))
        yield


@functools.cache
def _ways() -> tuple[tuple[Any, str, Any], ...]:
    return (
        (moto_models, "RESPONSES_METHODS", []),
        (moto_responses, "method_names_from_class", functools.cache(method_names_from_class)),
        (moto_responses, "camelcase_to_underscores", functools.cache(camelcase_to_underscores)),
        (sqs_models, "camelcase_to_underscores", functools.cache(camelcase_to_underscores)),
        (MotoRandom, "get_random_string", _random_string),
        (kms_models, "generate_private_key", functools.cache(generate_private_key)),
        (DynamoDBBackend, "transact_write_items", _transaction(DynamoDBBackend.transact_write_items)),
        (Item, "__init__", _item),
        (DepthFirstTraverser, "traverse_node_recursively", _traversed),
        (DynamoType, "cast_value", property(_cast_value)),
        (Table, "query", _query(Table.query)),
        (ConditionExpressionParser, "_lex_condition_expression", _lexed),
        (JSONParser, "_parse_map", _parsed(JSONParser._parse_map)),
        (BaseJSONSerializer, "_serialize_type_map", _map(BaseJSONSerializer._serialize_type_map)),
        (BaseJSONSerializer, "_serialize_type_structure", _structure(BaseJSONSerializer._serialize_type_structure)),
        (AttributePicker, "__call__", _picked(AttributePicker.__call__)),
        (BotocoreStubber, "process_request", _processed(BotocoreStubber.process_request)),
        (RequestSigner, "sign", _signed(RequestSigner.sign)),
    )


def _transaction(real: Any) -> Any:
    def transact_write_items(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
        before = [_Before(backend, operation) for one in transact_items for operation in one.values()]
        try:
            with patch.object(Table, "__deepcopy__", lambda table, _: table, create=True):
                real(backend, transact_items)
        except BaseException:
            for one in before:
                one.restore()
            raise

    return transact_write_items


def _item(item: Item, hash_key: DynamoType, range_key: DynamoType | None, attrs: dict[str, Any]) -> None:
    item.hash_key, item.range_key = hash_key, range_key
    item.attrs = LimitedSizeDict()
    for name, value in attrs.items():
        dict.__setitem__(item.attrs, name, DynamoType(value))
    if item.attrs:
        # The last one, set moto's way, weighs all of them.
        item.attrs[name] = item.attrs.pop(name)


def _traversed(traverser: Any, node: Any, child_id: int = -1) -> Any:
    if not isinstance(node, Node):
        return node
    kind, parent = type(traverser), node.parent
    is_told = kind.pre_processing_of_child is not DepthFirstTraverser.pre_processing_of_child
    for number, child in enumerate(node.children or ()):
        if is_told:
            traverser.pre_processing_of_child(node, number)
        if isinstance(child, Node):
            _traversed(traverser, child, number)
    if not _is_processed(kind, type(node), traverser):
        return node
    node = traverser.process(node)
    node.parent = parent
    if parent:
        parent.children[child_id] = node
    return node


_processed_kinds: dict[tuple[type, type], bool] = {}


def _is_processed(kind: type, node: type, traverser: Any) -> bool:
    known = _processed_kinds.get((kind, node))
    if known is None:
        known = _processed_kinds[kind, node] = issubclass(node, traverser.nodes_to_be_processed())
    return known


def _query(real: Any) -> Any:
    def query(table: Table, hash_key: DynamoType | None, *arguments: Any, **named: Any) -> Any:
        # Of the table a view, so that of several threads each looks at what it asked for.
        view = object.__new__(type(table))
        view.__dict__ = dict(table.__dict__)
        if arguments[6] is not None:  # the name of an index
            view.items = _narrowed(table.items, named.get("hash_key_conditions"))
        elif hash_key is not None:
            view.items = {hash_key: table.items.get(hash_key, {})}
        return real(view, hash_key, *arguments, **named)

    return query


def _narrowed(everything: Any, conditions: list[tuple[str, DynamoType]] | None) -> Any:
    """What an index may have in the partition that is asked for."""
    if not conditions:
        return everything
    [(name, wanted), *_] = conditions
    narrowed: dict[DynamoType, dict[DynamoType, Item]] = {}
    for pk, items in everything.items():
        for sk, item in items.items():
            held = dict.get(item.attrs, name)
            if held is not None and held.value == wanted.value:
                narrowed.setdefault(pk, {})[sk] = item
    return narrowed


_cast = DynamoType.cast_value.fget  # type: ignore[attr-defined]


def _cast_value(value: DynamoType) -> Any:
    return value.value if value.type == "S" else _cast(value)


def _is_plain(value: Any) -> bool:
    """Whether this is a value of an item, as JSON has it, that no service model would change."""
    if type(value) is not dict or len(value) != 1:
        return False
    [(kind, held)] = value.items()
    if kind in _SCALARS:
        return type(held) is _SCALARS[kind]
    if kind == "M":
        return type(held) is dict and all(map(_is_plain, held.values()))
    return kind == "L" and type(held) is list and all(map(_is_plain, held))


def _is_plain_map(value: Any, shape: Any) -> bool:
    return shape.value.name == "AttributeValue" and type(value) is dict and all(map(_is_plain, value.values()))


def _map(real: Any) -> Any:
    def serialize(serializer: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if _is_plain_map(value, shape):
            serialized[serializer.get_serialized_name(shape, key)] = value
        else:
            real(serializer, serialized, value, shape, key)

    return serialize


def _structure(real: Any) -> Any:
    def serialize(serializer: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if shape.name == "AttributeValue" and _is_plain(value):
            serialized[serializer.get_serialized_name(shape, key)] = value
        else:
            real(serializer, serialized, value, shape, key)

    return serialize


def _parsed(real: Any) -> Any:
    def parse(parser: Any, shape: Any, value: Any) -> Any:
        return value if _is_plain_map(value, shape) else real(parser, shape, value)

    return parse


_lex = functools.cache(lambda text: tuple(_lex_anew(ConditionExpressionParser(text, None, None))))
_lex_anew: Any = ConditionExpressionParser._lex_condition_expression


def _lexed(parser: ConditionExpressionParser) -> Any:
    return deque(_lex(parser.condition_expression))


def _random_string(random: MotoRandom, length: int = 20, include_digits: bool = True, lower_case: bool = False) -> str:
    drawn = "".join(random.choices(string.ascii_letters + string.digits * include_digits, k=length))
    return drawn.lower() if lower_case else drawn


def _picked(real: Any) -> Any:
    def pick(picker: AttributePicker, context: Any) -> Any:
        if type(context.obj) is dict and not picker.response_transformers and context.key in context.obj:
            return context.obj[context.key]
        return real(picker, context)

    return pick


def _processed(real: Any) -> Any:
    def process_request(stubber: BotocoreStubber, request: AWSPreparedRequest) -> Any:
        host = str(request.url).removeprefix("https://").split(".")
        return _asked_of_the_table(request, host[1]) if host[0] == "dynamodb" else real(stubber, request)

    return process_request


def _asked_of_the_table(request: AWSPreparedRequest, region: str) -> Any:
    """moto's own answer, from a handler that knows without looking what all requests to DynamoDB are like."""
    handler: Any = DynamoHandler()
    headers = {name: value.decode() if isinstance(value, bytes) else value for name, value in request.headers.items()}
    handler.headers, handler.region, handler.partition = headers, region, "aws"
    handler.querystring, handler.uri_match = {}, {}
    handler.current_account, handler.access_key = DEFAULT_ACCOUNT_ID, "testing"
    handler.response_headers = {"server": "amazon.com"}
    asked = {"method": request.method, "data": request.body, "content_type": headers["Content-Type"]}
    handler.parse_parameters(SimpleNamespace(values={}, path="/", headers=headers, **asked))
    return handler.call_action()


def _signed(real: Any) -> Any:
    def sign(signer: RequestSigner, *arguments: Any, **named: Any) -> None:
        if signer.signing_name != "dynamodb":
            real(signer, *arguments, **named)

    return sign


class _Before:
    """The item that an operation of a transaction names, and the end of the stream, before the transaction."""

    def __init__(self, backend: DynamoDBBackend, operation: dict[str, Any]) -> None:
        self.table = backend.tables[operation["TableName"]]
        named = operation.get("Key") or operation["Item"]
        self.pk, self.sk = (DynamoType(named[name]) for name in (self.table.hash_key_attr, self.table.range_key_attr))
        self.item = copy.deepcopy(self.table.items.get(self.pk, {}).get(self.sk))
        self.stream_shard = self.table.stream_shard
        self.changes = len(self.stream_shard.items) if self.stream_shard else 0

    def restore(self) -> None:
        if self.item:
            self.table.items[self.pk][self.sk] = self.item
        else:
            self.table.items.get(self.pk, {}).pop(self.sk, None)
        if self.stream_shard:
            del self.stream_shard.items[self.changes :]
