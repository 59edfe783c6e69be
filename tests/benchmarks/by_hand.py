"""What somebody would write by hand for one workflow: claim, change the lead, commit, with nothing but boto3.

It keeps the engine's promises for this one action: done once wherever it dies, a log of every attempt, a run that can
be found and taken up. It knows no conditions, templates, retries, versions, limits or other actions.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from leadflow.core import aws, clock, ids


def segment(actions: int) -> Callable[[], object]:
    """A function that sets another company on a lead so many times."""
    table, client = os.environ["TABLE_NAME"], aws.client("dynamodb")
    run_id, lead_id = ids.new_id(), ids.new_id()
    run = {"pk": f"HAND#{run_id}", "sk": "#META", "v": 1, "position": 0, "status": "running"}
    lead = {"pk": f"HANDLEAD#{lead_id}", "sk": "#META", "v": 1, "name": "Ada", "company": "none"}
    for item in (run, lead):
        client.put_item(TableName=table, Item=_item(item))

    def work() -> None:
        for number in range(actions):
            now = clock.now_stamp()
            log = {"pk": run["pk"], "sk": f"LOG#{number:06d}", "status": "running", "created_at": now, "attempt": 1}
            absent = {"TableName": table, "ConditionExpression": "attribute_not_exists(pk)"}
            client.put_item(Item=_item(log), **absent)
            key = {"pk": {"S": str(lead["pk"])}, "sk": {"S": "#META"}}
            found = client.get_item(TableName=table, Key=key, ConsistentRead=True)["Item"]
            version = int(found["v"]["N"])
            changed = {**found, "company": {"S": f"Company {number}"}, "v": {"N": str(version + 1)}}
            client.put_item(
                TableName=table,
                Item=changed,
                ConditionExpression="v = :v",
                ExpressionAttributeValues={":v": {"N": str(version)}},
            )
            _commit(client, table, run, {**log, "status": "completed", "output": f'{{"version": {version + 1}}}'})

    return work


def _commit(client: Any, table: str, run: dict[str, Any], log: dict[str, Any]) -> None:
    version = run["v"]
    run["v"], run["position"] = version + 1, run["position"] + 1
    held = {"ConditionExpression": "v = :v", "ExpressionAttributeValues": {":v": {"N": str(version)}}}
    client.transact_write_items(
        TransactItems=[
            {"Put": {"TableName": table, "Item": _item(run), **held}},
            {"Put": {"TableName": table, "Item": _item(log)}},
        ]
    )


def _item(values: dict[str, Any]) -> dict[str, Any]:
    return {name: {"N": str(one)} if isinstance(one, int) else {"S": one} for name, one in values.items()}
