"""The closed sets of words that campaigns, templates, mails and suppressions use."""

from __future__ import annotations

from typing import Literal, get_args

EmailStatus = Literal["queued", "sent", "delivered", "opened", "clicked", "bounced", "failed"]
EmailOutcome = Literal["pending", "accepted", "rejected", "skipped", "unknown"]
# What a provider reports about a mail, in its own words.
MailEvent = Literal[
    "processed", "delivered", "deferred", "bounce", "dropped", "open", "click", "spamreport", "unsubscribe"
]
# Who was behind an open or a click; unknown counts as human.
Actor = Literal["human", "machine", "scanner", "unknown"]
# What came of a test of a template that was not refused.
TestOutcome = Literal["accepted", "unknown"]
SuppressionChannel = Literal["email", "sms", "whatsapp", "messenger", "instagram"]
SuppressionReason = Literal["unsubscribe", "bounce", "spam_report", "stop_keyword", "manual"]

CampaignStatus = Literal["draft", "active", "paused", "completed"]
# Whom a campaign goes to: who fitted when it was launched, or also who comes to fit later.
AudienceMode = Literal["snapshot", "evergreen"]
# What becomes of a mail nobody knows the outcome of: it stays so, or counts as failed once the settle window is over.
UnknownPolicy = Literal["keep", "fail"]
# What a lead may do that is the goal of a campaign; a click is one by a person in a mail of this campaign.
GoalEvent = Literal["form_submitted", "appointment_scheduled", "message_received", "email_clicked"]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

GOAL_EVENTS: frozenset[str] = frozenset(get_args(GoalEvent))
CAMPAIGN_STATUSES: tuple[str, ...] = get_args(CampaignStatus)
EMAIL_STATUSES: tuple[str, ...] = get_args(EmailStatus)
EMAIL_OUTCOMES: tuple[str, ...] = get_args(EmailOutcome)
MAIL_EVENTS: tuple[str, ...] = get_args(MailEvent)
SUPPRESSION_CHANNELS: tuple[str, ...] = get_args(SuppressionChannel)
SUPPRESSION_REASONS: tuple[str, ...] = get_args(SuppressionReason)
