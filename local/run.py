"""Runs the product on this machine: `python -m local.run`, which is what `make run` does."""

import os
import sys

if sys.version_info < (3, 11):  # noqa: UP036 - said before anything is imported that older versions cannot read
    sys.exit("Leadflow needs Python 3.11 or newer; this is Python %d.%d." % sys.version_info[:2])  # noqa: UP031


def main() -> int:
    """The exit code: 0 after Ctrl-C or SIGTERM, 1 with one line on stderr when it cannot start or a part fails."""
    try:
        from local.launcher import launch
    except ModuleNotFoundError as error:
        return _complain(f"the package {error.name} is not installed; run `make setup` first")
    from local.errors import CannotStart

    # Keys, secrets and people's data are the business of who runs it, whoever made the directory.
    os.umask(0o077)
    try:
        return launch()
    except CannotStart as error:
        return _complain(str(error))


def _complain(reason: str) -> int:
    print("cannot start:", " ".join(reason.split()), file=sys.stderr)
    return 1


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Not sys.exit: it would wait for the emulator's worker threads, which may sleep in a workflow's wait for days.
    os._exit(code)
