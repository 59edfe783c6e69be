"""What the product asks of the services it reaches people through; one module each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from leadflow.channels.mail import OutgoingMail


class Mailer(Protocol):
    """A mail service with the credentials of one channel."""

    def send(self, mail: OutgoingMail) -> str:
        """Hands a mail over, once; gives the provider's id of the request.

        Raises UpstreamRejected (CredentialsRefused when it is about the account) and RateLimited when nothing was
        sent for sure, UpstreamUnavailable when it was not even reached, and OutcomeUnknown when nobody can say.
        """

    def scopes(self) -> Sequence[str]:
        """What these credentials may do, in the provider's own words. Raises as `send` does."""
