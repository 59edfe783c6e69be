"""Use cases of enrichment, a module each, so that a door loads what it needs."""
