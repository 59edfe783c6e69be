"""Decisions of enrichment: what an answer is worth, and what its values mean in our words."""

from leadflow.enrichment.rules.answers import Answer, Found, Limits, Person

__all__ = ["Answer", "Found", "Limits", "Person"]
