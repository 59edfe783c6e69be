"""The only maker of AWS clients: one botocore session for all of them.

A second client of one session costs about 5 ms, one of a session of its own about 68; `boto3` adds only imports.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from leadflow.core import seams
from leadflow.core.settings import settings

if TYPE_CHECKING:
    from botocore.session import Session

# A connection that died while Lambda kept the function frozen says nothing. What answers within milliseconds is asked
# anew soon enough for a request to be answered still, and for the authorizer to be within its 10 seconds.
_PROMPT = ("dynamodb", "secretsmanager")
_PROMPT_SECONDS, _SECONDS = 3, 10


def client(service: str) -> Any:
    """The client of one AWS service, made on first use and kept."""
    return seams.current().remember(f"client:{service}", lambda: _make(service))


def _session() -> Session:
    from botocore.session import get_session

    return get_session()


def _make(service: str) -> Any:
    from botocore.config import Config

    session = seams.current().remember("session", _session)
    config = Config(
        parameter_validation=service != "dynamodb",
        connect_timeout=2,
        read_timeout=_PROMPT_SECONDS if service in _PROMPT else _SECONDS,
        max_pool_connections=64,
        # botocore would put its own together anew for every call.
        user_agent="leadflow",
        # Links to objects are signed as every region takes them, and say nothing of a body that is not there yet.
        signature_version="s3v4" if service == "s3" else None,
        request_checksum_calculation="when_required",
        retries={"total_max_attempts": 4, "mode": "standard"},
    )
    return session.create_client(service, region_name=settings().region, config=config)
