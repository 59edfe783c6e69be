"""Writes the OpenAPI document of all routes, and the tables of routes in docs/API.md from it.

`python -m local.build_openapi [--check] [--allow-missing]`: `--check` writes nothing and exits with 1 when a committed
file is not the one the code makes. `--allow-missing` leaves out routes whose function is not written yet, and names
them.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PRODUCT = ROOT / "layers" / "leadflow" / "python"
TARGET = PRODUCT / "leadflow" / "platform" / "openapi.json"
TABLES = ROOT / "docs" / "API.md"
AGAIN = "Run `python -m local.build_openapi` and commit what it writes."


def main(arguments: list[str]) -> int:
    """The exit code; what there is to say goes to the terminal."""
    parser = argparse.ArgumentParser(prog="python -m local.build_openapi", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only; exit with 1 when the document is stale")
    parser.add_argument("--allow-missing", action="store_true", help="leave out routes without a function")
    options = parser.parse_args(arguments)

    from local.openapi import document, doors, reference

    made, problems = document.build(ROOT)
    fatal = [each for each in problems if not (options.allow_missing and isinstance(each, doors.NotWritten))]
    for problem in problems:
        print(f"{'error' if problem in fatal else 'left out'}: {problem}", file=sys.stderr)
    if fatal:
        return 1
    page = reference.inserted(TABLES.read_text(encoding="utf-8"), made)
    files = {TARGET: document.render(made), TABLES: page}
    if options.check:
        return _check(files)
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
    print(f"{_shown(TARGET)}: {sum(len(operations) for operations in made['paths'].values())} operations")
    return 0


def _check(files: dict[Path, str]) -> int:
    for path, text in files.items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            print(f"{_shown(path)} is not what the code makes. {AGAIN}", file=sys.stderr)
            return 1
        print(f"{_shown(path)} is up to date.")
    return 0


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(PRODUCT)]
    sys.exit(main(sys.argv[1:]))
