"""SendGrid's module of the sandbox."""

from local.sandbox.providers.sendgrid.service import SUBSTITUTION_BYTES, SendGrid

__all__ = ["SUBSTITUTION_BYTES", "SendGrid"]
