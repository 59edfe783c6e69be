"""A provider of the test's own, at which the product looks for Twilio, Meta and SendGrid."""

from tests.functional.channels.conftest import provider

__all__ = ["provider"]
