"""Use cases of workflows, a module each, so that a door loads what it needs."""
