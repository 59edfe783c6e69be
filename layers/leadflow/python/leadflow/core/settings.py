"""What the environment decides, read once and lazily. The only reader of os.environ."""

from __future__ import annotations

import os
from typing import NamedTuple

from leadflow.core import seams


class Settings(NamedTuple):
    """Values of the function's environment; an empty string where the function has no use for one.

    `time_scale` divides what we wait for, `host_id` names the running one-machine host and `provider_base_url` says
    where its provider sandbox is, `outbound_allowed` holds `host:port` pairs that webhooks and agents may call though
    they are inside (the sandbox's own, and those of OUTBOUND_ALLOWED): all four are honoured in the stage `local`
    alone, so no deployment can shorten a wait or send its mail elsewhere by a stray variable.

    `agent_daily_budget` is what agents may cost per lead and UTC day, in USD.
    """

    stage: str
    region: str
    table_name: str
    bucket_name: str
    app_secret_id: str
    kms_key_id: str
    public_url: str
    public_url_parameter: str
    starts_queue_url: str
    deliveries_queue_url: str
    jobs_bus_name: str
    timers_queue_url: str
    enrichments_queue_url: str
    timers_queue_arn: str
    timers_dead_letters_arn: str
    cohorts_queue_url: str
    cohorts_queue_arn: str
    cohorts_dead_letters_arn: str
    schedule_group: str
    scheduler_role_arn: str
    state_machine_arn: str
    time_scale: float
    host_id: str
    provider_base_url: str
    outbound_allowed: frozenset[str]
    agent_daily_budget: float

    @property
    def is_local(self) -> bool:
        return self.stage == "local"


def settings() -> Settings:
    """The settings in force. Raises ValueError when TIME_SCALE or AGENT_DAILY_BUDGET is not a number it can be."""
    return seams.current().remember("settings", _read)


def _read() -> Settings:
    env = os.environ
    stage = env.get("STAGE", "dev")
    local = stage == "local"
    scale = float(env.get("TIME_SCALE", "1")) if local else 1.0
    if not 0 < scale < float("inf"):
        raise ValueError("TIME_SCALE must be a number above 0")
    sandbox = env.get("PROVIDER_BASE_URL", "").rstrip("/") if local else ""
    inside = [sandbox.partition("://")[2], *env.get("OUTBOUND_ALLOWED", "").split(",")] if local else []
    return Settings(
        stage=stage,
        region=env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION", "us-east-1"),
        table_name=env.get("TABLE_NAME", ""),
        bucket_name=env.get("BUCKET_NAME", ""),
        app_secret_id=env.get("APP_SECRET_ID", ""),
        kms_key_id=env.get("KMS_KEY_ID", ""),
        public_url=env.get("PUBLIC_URL", ""),
        public_url_parameter=env.get("PUBLIC_URL_PARAMETER", ""),
        starts_queue_url=env.get("STARTS_QUEUE_URL", ""),
        deliveries_queue_url=env.get("DELIVERIES_QUEUE_URL", ""),
        jobs_bus_name=env.get("JOBS_BUS_NAME", ""),
        timers_queue_url=env.get("TIMERS_QUEUE_URL", ""),
        enrichments_queue_url=env.get("ENRICHMENTS_QUEUE_URL", ""),
        timers_queue_arn=env.get("TIMERS_QUEUE_ARN", ""),
        timers_dead_letters_arn=env.get("TIMERS_DEAD_LETTERS_ARN", ""),
        cohorts_queue_url=env.get("COHORTS_QUEUE_URL", ""),
        cohorts_queue_arn=env.get("COHORTS_QUEUE_ARN", ""),
        cohorts_dead_letters_arn=env.get("COHORTS_DEAD_LETTERS_ARN", ""),
        schedule_group=env.get("SCHEDULE_GROUP", ""),
        scheduler_role_arn=env.get("SCHEDULER_ROLE_ARN", ""),
        state_machine_arn=env.get("STATE_MACHINE_ARN", ""),
        time_scale=scale,
        host_id=env.get("HOST_ID", "") if local else "",
        provider_base_url=sandbox,
        outbound_allowed=frozenset(pair.strip() for pair in inside if pair.strip()),
        agent_daily_budget=_budget(env.get("AGENT_DAILY_BUDGET", "1")),
    )


def _budget(given: str) -> float:
    budget = float(given)
    if not 0 <= budget < float("inf"):
        raise ValueError("AGENT_DAILY_BUDGET must be a number of USD, 0 or more")
    return budget
