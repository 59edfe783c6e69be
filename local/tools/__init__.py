"""The commands of the schema for who runs Leadflow: reset, validate, migrate, rollback, browse.

Each works on the one-machine mode's data directory, or with STACK on a deployed stack, with the caller's own rights.
"""
