"""The single table: the base item, one shared connection, and the few ways items are read and written.

Keys: `pk`/`sk`, and three sparse overloaded indexes GSI1..GSI3 that hold keys alone: a list queries keys and then
fetches the items themselves, so it is always up to date and a change that moves no key writes no index.
The docstring of each item class is its key table. Every write carries a condition: creation that nothing is there,
change that the version is the one that was read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from pynamodb.attributes import DiscriminatorAttribute, NumberAttribute, UnicodeAttribute, VersionAttribute
from pynamodb.connection import Connection, TableConnection
from pynamodb.connection.base import MetaTable
from pynamodb.exceptions import AttributeNullError, DeleteError, PutError, TransactWriteError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from leadflow.core import aws, clock, ids, seams
from leadflow.core.settings import settings
from leadflow.core.turns import Turns

if TYPE_CHECKING:
    from pynamodb.expressions.update import Action

ItemT = TypeVar("ItemT", bound="Item")

INDEXES = ("GSI1", "GSI2", "GSI3")
_REFUSED = "ConditionalCheckFailedException"
# Reasons of a refused transaction that say nothing about its conditions.
_PASSING = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
# DynamoDB refuses to look for longer keys, and ids in paths are as long as callers like.
_MAX_PK_BYTES, _MAX_SK_BYTES = 2048, 1024
_BATCH = 100
_CONTENTION_TURNS = Turns(6, longest_pause_seconds=0.5)
_LAST = "\U0010ffff"


class Record(dict[str, Any]):
    """A record as the API shows it, with its version (the ETag), and whom it is `about` where no field says it."""

    about: str | None = None

    def __init__(self, fields: dict[str, Any], version: int) -> None:
        super().__init__(fields)
        self.version = version


class AlreadyThere(Exception):
    """A creation found its key taken."""


class Stale(Exception):
    """A change found another version than the one it was decided on, or no item at all."""


class TransactionRefused(Exception):
    """A transaction did nothing; `reasons` has one code per action in the order they were added, None for fine ones."""

    def __init__(self, reasons: Sequence[str | None]) -> None:
        super().__init__(", ".join(reason or "-" for reason in reasons))
        self.reasons = list(reasons)

    def failed(self, position: int) -> bool:
        """Whether the condition of the action at this position was what failed."""
        return position < len(self.reasons) and self.reasons[position] == "ConditionalCheckFailed"

    @property
    def contended(self) -> bool:
        """Whether other work was in the way (another transaction, or too much at once), so that trying again may do."""
        return not _PASSING.isdisjoint(self.reasons)


class _SharedConnection(Connection):
    """PynamoDB's connection on the product's own client, so that all item classes share one."""

    @property
    def client(self) -> Any:
        return aws.client("dynamodb")


class Item(Model):
    """Base of everything in the table.

    `v` counts the item's versions from 1, `created_at` and `updated_at` are RFC 3339 with milliseconds, `expires_at`
    is the time to live in epoch seconds. Index keys are set only on items that the index shall show.
    """

    class Meta:
        table_name = "set by the environment"
        region = "set by the environment"

    record_fields: ClassVar[tuple[str, ...]] = ()
    # Whether the totals go on counting an item that is gone, as what it was last.
    counts_when_gone: ClassVar[bool] = False

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    kind = DiscriminatorAttribute(attr_name="type")
    v = VersionAttribute()
    created_at = UnicodeAttribute(null=True)
    updated_at = UnicodeAttribute(null=True)
    expires_at = NumberAttribute(null=True)
    gsi1pk = UnicodeAttribute(null=True)
    gsi1sk = UnicodeAttribute(null=True)
    gsi2pk = UnicodeAttribute(null=True)
    gsi2sk = UnicodeAttribute(null=True)
    gsi3pk = UnicodeAttribute(null=True)
    gsi3sk = UnicodeAttribute(null=True)

    @classmethod
    def _get_connection(cls) -> TableConnection:
        return seams.current().remember("table", _connect)

    def record(self) -> Record:
        """The item as the API shows it: its `record_fields`, null where empty."""
        held = self.attribute_values
        fields = {name: held[name] if name in held else getattr(self, name) for name in self.record_fields}
        return Record(fields, self.v or 0)

    def counted_as(self) -> dict[str, str]:
        """Where the totals count this item now, as its word in each group of its kind; nothing without totals."""
        return {}

    def adds_to(self) -> dict[str, dict[str, int]]:
        """What this item adds now to the totals of its owners, by owner (such as `CAMP#<id>`) and name of the total."""
        return {}

    def serialize(self, null_check: bool = True) -> dict[str, dict[str, Any]]:
        """The item in DynamoDB's JSON. Raises AttributeNullError for a required attribute that is empty.

        Looks only at what is set; PynamoDB's own goes through every attribute of the class, and most are empty.
        """
        attributes = self.get_attributes()
        serialized: dict[str, dict[str, Any]] = {}
        for name, value in self.attribute_values.items():
            attribute = attributes[name]
            if value is not None and (plain := attribute.serialize(value)) is not None:
                serialized[attribute.attr_name] = {attribute.attr_type: plain}
        if null_check:
            for name, attribute in attributes.items():
                if not attribute.null and attribute.attr_name not in serialized:
                    raise AttributeNullError(name)
        return serialized

    def touch(self) -> None:
        """Sets the time of change; of creation too when there is none yet."""
        self.updated_at = clock.now_stamp()
        self.created_at = self.created_at or self.updated_at


def _connect() -> TableConnection:
    name, region = settings().table_name, settings().region
    keys = [("pk", "sk"), *((f"gsi{n}pk", f"gsi{n}sk") for n in (1, 2, 3))]
    schemas = [
        [{"AttributeName": hash_, "KeyType": "HASH"}, {"AttributeName": range_, "KeyType": "RANGE"}]
        for hash_, range_ in keys
    ]
    meta = MetaTable(
        {
            "TableName": name,
            "KeySchema": schemas[0],
            "AttributeDefinitions": [{"AttributeName": a, "AttributeType": "S"} for pair in keys for a in pair],
            "GlobalSecondaryIndexes": [
                {"IndexName": index, "KeySchema": schema} for index, schema in zip(INDEXES, schemas[1:], strict=True)
            ],
            "LocalSecondaryIndexes": [],
        }
    )
    table = TableConnection(name, region=region)
    table.connection = _SharedConnection(region=region)
    table.connection.add_meta_table(meta)
    return table


def find(kind: type[ItemT], pk: str, sk: str) -> ItemT | None:
    """The item at this key, read consistently; None when there is none or it is of another kind."""
    if len(pk.encode()) > _MAX_PK_BYTES or len(sk.encode()) > _MAX_SK_BYTES:
        return None
    data = Item._get_connection().get_item(pk, range_key=sk, consistent_read=True)
    raw = data.get("Item")
    if not raw or raw.get("type", {}).get("S") != _discriminator(kind):
        return None
    return kind.from_raw_data(raw)


def find_many(kind: type[ItemT], keys: Iterable[tuple[str, str]]) -> list[ItemT]:
    """The items at these keys that exist and are of this kind, in the order of the keys; one call per 100."""
    return [item for item in find_each([(kind, *key) for key in dict.fromkeys(keys)]) if item is not None]


def find_each(wanted: Sequence[tuple[type[Item], str, str]]) -> list[Any]:
    """The item of each class at each key, or None, in this order; one call per 100 different keys."""
    keys = list(dict.fromkeys((pk, sk) for _, pk, sk in wanted))
    batches = (keys[start : start + _BATCH] for start in range(0, len(keys), _BATCH))
    raw = {(one["pk"]["S"], one["sk"]["S"], one["type"]["S"]): one for batch in batches for one in _batch_get(batch)}
    found = ((kind, raw.get((pk, sk, _discriminator(kind)))) for kind, pk, sk in wanted)
    return [None if one is None else kind.from_raw_data(one) for kind, one in found]


def _batch_get(keys: list[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    table = settings().table_name
    wanted = [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in keys]
    pending: dict[str, Any] = {table: {"Keys": wanted, "ConsistentRead": True}}
    while pending:
        answer = aws.client("dynamodb").batch_get_item(RequestItems=pending)
        yield from answer["Responses"].get(table, [])
        pending = answer.get("UnprocessedKeys") or {}


def create(item: ItemT) -> ItemT:
    """Writes a new item and gives back the one in force.

    When the request under way may have been tried before (`ids.repeatable`), the item of the earlier try is given
    back. Raises AlreadyThere when the key is otherwise taken.
    """
    item.touch()
    try:
        item.save(condition=type(item).pk.does_not_exist())
    except PutError as error:
        if _code(error) != _REFUSED:
            raise
        earlier = find(type(item), item.pk, item.sk) if ids.is_repeated() else None
        if earlier is None:
            raise AlreadyThere(item.pk) from error
        return earlier
    return item


def save(item: Item, condition: Condition | None = None) -> None:
    """Writes back an item that was read. Raises Stale when it has changed or gone since, or the condition fails."""
    item.touch()
    try:
        item.save(condition=condition)
    except PutError as error:
        if _code(error) == _REFUSED:
            raise Stale(item.pk) from error
        raise


def change(item: Item, actions: list[Action], condition: Condition | None = None, *, any_version: bool = False) -> None:
    """Updates some attributes of an existing item in place; the item then holds what is stored.

    Raises Stale when it is gone, the condition fails or (unless `any_version`) the version is another.
    """
    kind = type(item)
    actions = [*actions, kind.updated_at.set(clock.now_stamp())]
    try:
        item.update(
            actions,
            condition=kind.pk.exists() if condition is None else kind.pk.exists() & condition,
            add_version_condition=not any_version,
        )
    except UpdateError as error:
        if _code(error) == _REFUSED:
            raise Stale(item.pk) from error
        raise


def remove(item: Item, condition: Condition | None = None) -> None:
    """Deletes an item at the version it was read. Raises Stale when it has changed or gone since."""
    try:
        item.delete(condition=condition)
    except DeleteError as error:
        if _code(error) == _REFUSED:
            raise Stale(item.pk) from error
        raise


@contextmanager
def transaction(token: str | None = None) -> Iterator[TransactWrite]:
    """All or nothing, at most 100 actions. Raises TransactionRefused with a reason per action.

    DynamoDB checks the actions in groups: condition checks, deletes, puts, updates; `reasons` follows that order.
    `token` (36 characters at most) makes a repeat within 10 minutes do nothing more.
    """
    try:
        with TransactWrite(connection=Item._get_connection().connection, client_request_token=token) as writes:
            yield writes
    except TransactWriteError as error:
        if _code(error) == "TransactionCanceledException":
            raise TransactionRefused([r.code if r else None for r in error.cancellation_reasons]) from error
        raise


def save_together(items: Sequence[Item], gone: Sequence[Item] = ()) -> None:
    """Writes back several items that were read, or writes new ones, and deletes those `gone`, in one transaction.

    Waits out other transactions for a moment. Raises TransactionRefused when one of them has changed since.
    """
    for item in items:
        item.touch()
    for turn in _CONTENTION_TURNS:
        try:
            with transaction() as writes:
                for item in gone:
                    writes.delete(item)
                for item in items:
                    writes.save(item)
            return
        except TransactionRefused as refused:
            if not refused.contended or turn == _CONTENTION_TURNS.count - 1:
                raise


def query_keys(
    index: str, pk: str, *, prefix: str = "", after: str | None = None, limit: int, newest_first: bool = True
) -> list[tuple[str, str, str]]:
    """Up to `limit` (index sort key, pk, sk) of one index partition, from beyond the sort key `after`."""
    number = index[-1]
    names = {"#p": f"gsi{number}pk", "#s": f"gsi{number}sk"}
    values: dict[str, Any] = {":p": {"S": pk}}
    condition = "#p = :p"
    if after is not None:
        values[":a"] = {"S": after}
        condition += " AND #s < :a" if newest_first else " AND #s > :a"
    elif prefix:
        values[":a"] = {"S": prefix}
        condition += " AND begins_with(#s, :a)"
    else:
        names.pop("#s")
    request: dict[str, Any] = {
        "TableName": settings().table_name,
        "IndexName": index,
        "KeyConditionExpression": condition,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
        "ScanIndexForward": not newest_first,
    }
    keys: list[tuple[str, str, str]] = []
    # A query reads 1 MB at most and says where it stopped, which may be before the limit.
    while len(keys) < limit:
        answer = aws.client("dynamodb").query(**request, Limit=limit - len(keys))
        keys += [(raw[f"gsi{number}sk"]["S"], raw["pk"]["S"], raw["sk"]["S"]) for raw in answer["Items"]]
        if "LastEvaluatedKey" not in answer:
            break
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
    return [key for key in keys if key[0].startswith(prefix)]


def query_items(
    kind: type[ItemT],
    pk: str,
    *,
    prefix: str,
    after: str | None = None,
    limit: int | None = None,
    newest_first: bool = True,
) -> list[ItemT]:
    """Items of one partition whose sort key starts with `prefix`, read consistently; all of them without a limit."""
    # A key may not be empty, so "everything" starts at the lowest character keys are made of.
    low, high = prefix or " ", prefix + _LAST
    if after is not None:
        low, high = (low, after) if newest_first else (after, high)
    request = {
        "TableName": settings().table_name,
        "KeyConditionExpression": "pk = :p AND sk BETWEEN :l AND :h",
        "ExpressionAttributeValues": {":p": {"S": pk}, ":l": {"S": low}, ":h": {"S": high}},
        "ScanIndexForward": not newest_first,
        "ConsistentRead": True,
    }
    return _collect(kind, request, after, limit)


def _collect(kind: type[ItemT], request: dict[str, Any], after: str | None, limit: int | None) -> list[ItemT]:
    found: list[ItemT] = []
    while True:
        page = request if limit is None else {**request, "Limit": limit + 1 - len(found)}
        answer = aws.client("dynamodb").query(**page)
        found += [kind.from_raw_data(raw) for raw in answer["Items"] if raw["sk"]["S"] != after]
        last = answer.get("LastEvaluatedKey")
        if last is None or (limit is not None and len(found) >= limit):
            return found if limit is None else found[:limit]
        request["ExclusiveStartKey"] = last


def _discriminator(kind: type[Item]) -> str:
    return str(Item.kind.get_discriminator(kind))


def _code(error: Any) -> Any:
    """What DynamoDB called it; None when no answer came, on which PynamoDB's `cause_response_code` fails."""
    return (getattr(error.cause, "response", None) or {}).get("Error", {}).get("Code")


def from_image(image: dict[str, Any]) -> Item | None:
    """The item of a stream image; None when its type is not among the item classes loaded here."""
    kind = kinds().get(image.get("type", {}).get("S"))
    return None if kind is None else kind.from_raw_data(image)


def kinds() -> dict[str, type[Item]]:
    """The item classes loaded here, by what stands in an item's `type`."""
    known: dict[str, type[Item]] = Item.kind._discriminator_map
    return known
