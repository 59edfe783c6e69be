"""Outgoing HTTP to providers: one kept client per provider, and what each kind of failure means for an effect.

Only this module and the wings' `providers/` use httpx, which is imported when the first client is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from leadflow.core import seams
from leadflow.core.errors import OutcomeUnknown, UpstreamUnavailable
from leadflow.core.settings import settings

if TYPE_CHECKING:
    import httpx

CONNECT_SECONDS = 5.0
READ_SECONDS = 20.0


def provider_url(provider: str, real_url: str) -> str:
    """Where a provider is: its own address, or the sandbox of the one-machine mode."""
    sandbox = settings().provider_base_url
    return f"{sandbox}/{provider}" if sandbox else real_url


def provider_client(provider: str, real_url: str) -> httpx.Client:
    """The kept client of one provider; proxies of the environment and redirects are not followed."""
    return seams.current().remember(f"http:{provider}", lambda: _make(provider_url(provider, real_url)))


def _make(base_url: str) -> httpx.Client:
    import httpx

    # Lambda freezes between calls and a socket may be dead when it thaws, so idle ones are dropped early.
    return httpx.Client(
        base_url=base_url,
        # Reading the authorities' certificates takes longer than all else here, so clients share them.
        verify=seams.current().remember("tls providers", lambda: httpx.create_ssl_context(trust_env=False)),
        timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        limits=httpx.Limits(max_connections=64, max_keepalive_connections=16, keepalive_expiry=20),
        trust_env=False,
        follow_redirects=False,
    )


def send(client: httpx.Client, method: str, path: str, **options: Any) -> httpx.Response:
    """One request that changes something at the provider, never repeated here.

    Raises UpstreamUnavailable when it certainly was not made (no connection), OutcomeUnknown when it may have been
    (anything that broke after the connection stood, and every 5xx).
    """
    import httpx

    try:
        response = client.request(method, path, **options)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise UpstreamUnavailable("The provider cannot be reached.") from error
    except httpx.RequestError as error:
        # Also an answer that cannot be unpacked: it was made, and nobody knows what it said.
        raise OutcomeUnknown("The connection to the provider broke after the request was sent.") from error
    if response.status_code >= 500:
        raise OutcomeUnknown(f"The provider answered {response.status_code}.")
    return response
