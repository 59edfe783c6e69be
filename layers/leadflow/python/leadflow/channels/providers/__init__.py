"""What the product asks of the services it reaches people through; one module each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from leadflow.channels.mail import OutgoingMail
from leadflow.channels.rules.outgoing import Media, OutgoingMessage, Standing


class Mailer(Protocol):
    """A mail service with the credentials of one channel."""

    def send(self, mail: OutgoingMail) -> str:
        """Hands a mail over, once; gives the provider's id of the request.

        Raises UpstreamRejected (CredentialsRefused when it is about the account) and RateLimited when nothing was
        sent for sure, UpstreamUnavailable when it was not even reached, and OutcomeUnknown when nobody can say.
        """

    def scopes(self) -> Sequence[str]:
        """What these credentials may do, in the provider's own words. Raises as `send` does."""


class Messenger(Protocol):
    """A message service (Twilio, Meta) with the credentials and the own number or page of one channel."""

    def send(self, message: OutgoingMessage) -> str:
        """Hands a message over, once; gives the provider's id of it.

        Raises MessageRefused when this message was not taken (not yet, when it `may_pass`), CredentialsRefused when
        none is for now because of the account, RateLimited, UpstreamUnavailable when the provider was not even
        reached, and OutcomeUnknown when nobody can say.
        """

    def fetch(self, url: str, most_bytes: int) -> Media:
        """An attachment from the provider, with its credentials where they belong.

        Raises PayloadTooLarge above `most_bytes`, UpstreamRejected when it is not there (any more), Forbidden for an
        address that is not the provider's, CredentialsRefused, RateLimited and UpstreamUnavailable.
        """

    def check(self) -> Standing:
        """What the provider says of the account. Raises CredentialsRefused, RateLimited and as `fetch`."""
