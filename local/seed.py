"""What fresh state holds, put there through the API like any caller would.

`python -m local.seed`, which is `make seed`, puts the sample data into the host that runs on DATA_DIR, or with STACK
and ADMIN_KEY into a deployed stack.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from local import settings
from local.client import Api, Refused, find_run
from local.samples import put_samples
from local.tools import target
from local.tools.target import NoTarget

# The sandbox's model; prices as of a small model in 2026, so that costs are seen to move.
AGENT = {
    "model": "sandbox-1",
    "api_key": "sk-sandbox",
    "input_price": 0.15,
    "output_price": 0.6,
    "structured": True,
}


# Prices of a request in 2026, roughly, in USD; their order is that of what they know.
SOURCES: dict[str, dict[str, Any]] = {
    "people_data_labs": {"priority": 1, "cost_per_request": 0.1, "rate_limit_per_minute": 1000},
    "crustdata": {"priority": 2, "cost_per_request": 0.05, "rate_limit_per_minute": 1000},
    "forager": {"priority": 3, "cost_per_request": 0.03, "rate_limit_per_minute": 1000, "account_id": "1"},
}


def seed_defaults(api: Api, sandbox_url: str, event_public_key: str, shared: Mapping[str, str]) -> None:
    """Makes what is not there yet, ready to be used against the provider sandbox: channels, sources, an agent.

    `event_public_key` is the sandbox's own, base64 of its DER form: the product checks the sandbox's signed events
    with it. `shared` are the secrets that the sandbox signs other webhooks with, by the names that channels have for
    them. Raises `local.client.Refused` when the API will not have it.
    """
    present = {channel["channel_type"] for channel in api.every("/channels")}
    for channel in _channels(event_public_key, shared):
        if channel["channel_type"] not in present:
            api.post("/channels", channel)
    for name, source in SOURCES.items():
        if api.get(f"/enrichment-sources/{name}")["created_at"] is None:
            api.put(f"/enrichment-sources/{name}", {"api_key": "sandbox", "is_active": True, **source})
    _seed_agent(api, f"{sandbox_url}/openai/v1")


def _seed_agent(api: Api, base_url: str) -> None:
    """The agent `default`, unless somebody gave it another endpoint; the sandbox may have moved to another port."""
    known = {agent["name"]: str(agent["base_url"]) for agent in api.every("/agents")}
    now = known.get("default")
    is_old_sandbox = now is not None and now.startswith("http://127.0.0.1:") and now.endswith("/openai/v1")
    if now is None or (is_old_sandbox and now != base_url):
        api.put("/agents/default", {**AGENT, "base_url": base_url})


def _channels(event_public_key: str, shared: Mapping[str, str]) -> list[dict[str, Any]]:
    twilio = {"account_sid": f"AC{'0' * 31}1", "auth_token": shared["auth_token"]}
    meta = {
        "page_access_token": "sandbox-page-token",
        "app_secret": shared["app_secret"],
        "verify_token": shared["verify_token"],
    }
    gram = {**meta, "page_access_token": "sandbox-instagram-token"}
    mail = {
        "api_key": "SG.sandbox",
        "event_public_key": event_public_key,
        "inbound_secret": shared["inbound_secret"],
    }
    return [
        {
            "channel_type": "email",
            "provider": "sendgrid",
            "is_active": True,
            "api_credentials": mail,
            "from_email": "hello@leadflow.test",
            "from_name": "Leadflow",
            "postal_address": "1 Loopback Street, Localhost",
        },
        {"channel_type": "sms", "api_credentials": twilio, "phone_number": "+14155550100"},
        {"channel_type": "whatsapp", "api_credentials": twilio, "phone_number": "+14155550101"},
        {"channel_type": "messenger", "api_credentials": meta, "page_id": "100000000000001"},
        {"channel_type": "instagram", "api_credentials": gram, "page_id": "17841400000000001"},
    ]


def main() -> int:
    """The exit code: 1, with one line on stderr, when there is nothing to put data into or it refuses."""
    try:
        api_url, key = _where()
    except NoTarget as error:
        print(error, file=sys.stderr)
        return 1
    with closing(Api(api_url, key)) as api:
        try:
            put_samples(api)
        except Refused as error:
            print(f"the sample data was refused: {error}", file=sys.stderr)
            return 1
    return 0


def _where() -> tuple[str, str]:
    """The API's address and a key for it. Raises NoTarget."""
    if not os.environ.get("STACK"):
        run = find_run(settings.data_dir())
        if run is None:
            raise NoTarget(f"no host is running on {settings.data_dir()}; start one with `make run`")
        return run.api_url, run.admin_key
    key = os.environ.get("ADMIN_KEY")
    if not key:
        raise NoTarget("say ADMIN_KEY=… too: a key of that stack")
    return target.find().api_url, key


if __name__ == "__main__":
    sys.exit(main())
