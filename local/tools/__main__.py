"""`python -m local.tools reset|validate|migrate|rollback|browse`, on DATA_DIR or with STACK on a deployed stack."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from local.errors import CannotStart
from local.tools import target
from local.tools.migrating import CannotMigrate
from local.tools.target import NoTarget


def reset() -> int:
    from local.tools import resetting

    if not os.environ.get("STACK"):
        print(resetting.reset_directory())
        return 0
    found = _entered()
    print(resetting.reset_stack(found, os.environ.get("CONFIRM")))
    return 0


def validate() -> int:
    from local.tools import validating

    _entered()
    report = validating.validate()
    print("\n".join(validating.told(report)))
    return 1 if report.problems else 0


def migrate() -> int:
    from local.tools import migrating

    _entered()
    all_of = migrating.known()
    for name, changed in migrating.migrate(all_of).items():
        print(f"applied {name}: {changed:,} items changed")
    for one, state in migrating.status(all_of):
        print(f"  {state:<12} {one.name}  {one.about}")
    print(f"{len(all_of)} migrations, all applied")
    return 0


def rollback() -> int:
    from local.tools import migrating

    _entered()
    done = migrating.rollback(migrating.known())
    print(f"rolled back {done[0]}: {done[1]:,} items changed" if done else "nothing is applied")
    return 0


def browse() -> int:
    from waitress import serve

    from local import servers, settings
    from local.tools.browsing import Browser

    found, port = _entered(), settings.browse_port()
    sock = servers.reserve(port, "BROWSE_PORT")
    print(f"The table of {found.name}: http://127.0.0.1:{port} (Ctrl-C ends)", flush=True)
    serve(Browser(found.name), sockets=[sock], threads=2)
    return 0


COMMANDS: dict[str, Callable[[], int]] = {
    "reset": reset,
    "validate": validate,
    "migrate": migrate,
    "rollback": rollback,
    "browse": browse,
}


def main(arguments: list[str]) -> int:
    """The exit code: 1 with one line on stderr when it cannot be done, 2 for no such command."""
    if len(arguments) != 1 or arguments[0] not in COMMANDS:
        print(f"say one of {', '.join(COMMANDS)}", file=sys.stderr)
        return 2
    try:
        return COMMANDS[arguments[0]]()
    except (NoTarget, CannotMigrate, CannotStart) as error:
        print(error, file=sys.stderr)
        return 1


def _entered() -> target.Target:
    found = target.find()
    found.enter()
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
