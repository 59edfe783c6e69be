"""What can stop the one-machine mode from starting or going on."""


class CannotStart(Exception):
    """Why the one-machine mode cannot start, in one sentence for the terminal."""
