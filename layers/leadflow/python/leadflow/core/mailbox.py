"""Mail addresses, in the one form in which they are kept."""

from __future__ import annotations


def normalized(address: str) -> str:
    """The address with its domain as people read it. Raises ValueError for what is none.

    Names under .test are reserved for trying things out (RFC 6761), which people do.
    """
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(address, check_deliverability=False, test_environment=True, strict=True).normalized
    except EmailNotValidError as error:
        raise ValueError("is not an email address") from error
