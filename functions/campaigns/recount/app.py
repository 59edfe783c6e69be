"""Every night: counts campaigns anew from their mails, proves their totals and mends them."""

from leadflow.campaigns.service import recounting
from leadflow.entry.schedule import scheduled


@scheduled
def handler() -> dict[str, int]:
    return recounting.recount()
