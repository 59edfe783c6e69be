"""Who is behind an open or a click: a person, unless there is positive evidence of a machine or a scanner."""

from __future__ import annotations

from dataclasses import dataclass

from leadflow.campaigns.enums import Actor

# They fetch when the person opens the mail, in the person's stead: counting them as machines loses every Gmail open.
_PROXIES_OF_PEOPLE = ("googleimageproxy", "yahoomailproxy")
_SCANNERS = (
    *("avanan", "barracuda", "bitdefender", "clamav", "cloudmark", "cyren", "fireeye", "forcepoint", "fortiguard"),
    *("fortimail", "google-safety", "ironport", "kaspersky", "mailguard", "messagelabs", "mimecast", "proofpoint"),
    *("safelinks", "sophos", "spamassassin", "symantec", "trendmicro", "urldefense", "urlscan", "virustotal"),
    *("zscaler",),
)
# `+http` is how crawlers say who they are.
_MACHINES = (
    *("+http", "applebot", "bingbot", "bingpreview", "discordbot", "duckduckbot", "facebookexternalhit", "googlebot"),
    *("headlesschrome", "linkedinbot", "phantomjs", "skypeuripreview", "slackbot", "telegrambot", "twitterbot"),
    *("whatsapp/", "yandexbot"),
)
_APPLE_NETWORK = "17."
_APPLE_PREFETCH = "mozilla/5.0"


# Who of the actors is no person.
MACHINES = ("machine", "scanner")


@dataclass(frozen=True)
class Visit:
    """One fetch of a picture or link of a mail."""

    method: str
    user_agent: str | None
    source_ip: str
    request_id: str


@dataclass(frozen=True)
class Verdict:
    """Who it was and why we think so."""

    actor: Actor
    reason: str

    @property
    def is_machine(self) -> bool:
        """Whether it is kept out of statuses, counts, scores and, unless asked for, triggers."""
        return self.actor in MACHINES


def judge(visit: Visit) -> Verdict:
    """The verdict on a visit by its method, its client's name and its network.

    What is kept of a visit is enough to judge it again when the lists here have changed.
    """
    agent = (visit.user_agent or "").strip().lower()
    if visit.method == "HEAD":
        return Verdict("machine", "HEAD request")
    if name := _named(_PROXIES_OF_PEOPLE, agent):
        return Verdict("human", f"{name} fetches when the person opens")
    if name := _named(_SCANNERS, agent):
        return Verdict("scanner", f"client is {name}")
    if name := _named(_MACHINES, agent):
        return Verdict("machine", f"client is {name}")
    if agent == _APPLE_PREFETCH and visit.source_ip.startswith(_APPLE_NETWORK):
        return Verdict("machine", "Apple Mail privacy fetches before anybody opens")
    if agent.startswith("mozilla/5.0 ("):
        return Verdict("human", "a browser or mail client")
    return Verdict("unknown", "a client we do not know" if agent else "no client named")


def _named(names: tuple[str, ...], agent: str) -> str | None:
    return next((name for name in names if name in agent), None)
