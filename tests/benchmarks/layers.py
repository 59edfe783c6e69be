"""What is uploaded: the three layers as `sam build` makes them, and the code of the functions.

With python3.13, the Lambda runtime's version, and a package index at hand, layers/build.py makes them for Lambda's
platform (arm64) here and now. Without, the installed packages of the same releases stand for them.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path

from tests.benchmarks import report
from tests.benchmarks.cold import make_layer

ROOT = Path(__file__).resolve().parents[2]
_LARGEST = 12


def main(rounds: int) -> None:
    """Sizes are exact, so one round does."""
    with tempfile.TemporaryDirectory() as name:
        found = _built(Path(name)) or {
            "all, of what is installed here": make_layer(Path(name) / "all" / "python").parent
        }
        rows = [_row(what, folder) for what, folder in found.items()]
        largest = _largest(next(iter(found.values())) / "python")
    doors = [path.stat().st_size for path in (ROOT / "functions").glob("*/*/app.py")]
    rows.append(["code of a function, mean", "1", f"{sum(doors) / len(doors) / 1e6:.4f}", "–", "–"])
    report.table("Layers", ["what", "files", "MB", "MB of bytecode", "MB zipped"], rows)
    report.table(f"The {_LARGEST} largest packages of the first", ["package", "MB"], largest)
    report.figure("layers", {row[0]: {"mb": float(row[2]), "zipped_mb": float(row[4])} for row in rows[:-1]})


def _built(place: Path) -> dict[str, Path] | None:
    """The layers by name, or None where they cannot be built."""
    python = shutil.which("python3.13")
    if python is None:
        report.note("There is no python3.13 here, so the layers are not built as they are uploaded.")
        return None
    found = {}
    for name in ("dependencies", "extras", "leadflow"):
        folder = found[name] = place / name
        command = [python, str(ROOT / "layers" / "build.py"), name, str(folder)]
        environment = {**os.environ, "PIP_NO_CACHE_DIR": "1"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            report.note(f"The layer {name} could not be built: {done.stderr.strip().splitlines()[-1]}")
            return None
    return found


def _row(name: str, folder: Path) -> list[str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    bytecode = sum(path.stat().st_size for path in files if path.suffix == ".pyc")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            archive.write(path, path.relative_to(folder))
    size = sum(path.stat().st_size for path in files)
    return [name, str(len(files)), f"{size / 1e6:.1f}", f"{bytecode / 1e6:.1f}", f"{packed.tell() / 1e6:.1f}"]


def _largest(packages: Path) -> list[list[str]]:
    sizes = {
        path.name: sum(one.stat().st_size for one in ([path] if path.is_file() else path.rglob("*")) if one.is_file())
        for path in packages.iterdir()
    }
    largest = sorted(sizes.items(), key=lambda one: -one[1])[:_LARGEST]
    return [[name, f"{size / 1e6:.1f}"] for name, size in largest]
