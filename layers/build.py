"""Builds the Lambda layers: python3.13 layers/build.py dependencies|extras|leadflow DIRECTORY

`sam build` runs it through the Makefile beside each layer. What makes a cold start fast is decided here: bytecode that
is valid whatever the time stamps of an unzipped file are, and a botocore that knows only the services we call.
"""

from __future__ import annotations

import compileall
import gzip
import json
import py_compile
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

RUNTIME = (3, 13)  # as in template.yaml; bytecode of another minor version is silently ignored
PLATFORMS = ("manylinux2014_aarch64", "manylinux_2_28_aarch64", "manylinux_2_34_aarch64")
AWS_SERVICES = ("dynamodb", "events", "kms", "s3", "scheduler", "secretsmanager", "sqs", "ssm", "stepfunctions", "sts")

HERE = Path(__file__).resolve().parent
_DATA_FILES = ("_retry.json", "endpoints.json", "partitions.json", "sdk-default-configuration.json")
_PHONE_EXTRAS = ("geodata", "carrierdata", "tzdata", "geocoder.py", "carrier.py", "timezone.py")
# What other packages bring along for what we never ask of them: looking up domains of addresses, another SDK over
# botocore, compiling C, asynchronous calls.
UNUSED = ("anyio", "boto3", "cffi", "dns", "pycparser", "s3transfer")
# Time zones come from tzdata, and certificates from certifi, which botocore prefers to its own.
_OTHER_ZONES = ("pytz/zoneinfo", "dateutil/zoneinfo/dateutil-zoneinfo.tar.gz")
# Of Powertools we use the logger and the metrics, and the pages of its Swagger UI.
_POWERTOOLS_KEPT = {"event_handler": ("openapi",), "utilities": ("__init__.py", "jmespath_utils")}
# What few functions ask for, and is too much for the others to carry: SendGrid's signatures, the page of the document.
EXTRAS = ("cryptography", "_cffi_backend*", "aws_lambda_powertools/event_handler")
_ASKS_FOR_ITS_VERSION = "email_validator-*"  # by importlib.metadata, through pydantic


def main(arguments: list[str]) -> int:
    builders = {"dependencies": build_dependencies, "extras": build_extras, "leadflow": build_leadflow}
    if len(arguments) != 2 or arguments[0] not in builders:
        print(__doc__, file=sys.stderr)
        return 2
    if sys.version_info[:2] != RUNTIME:
        wanted, found = (".".join(map(str, version)) for version in (RUNTIME, sys.version_info[:2]))
        print(
            f"The layers hold bytecode for Python {wanted}, the Lambda runtime, and Python {found} cannot make it: "
            f"put python{wanted} on the PATH, or say PYTHON=/path/to/python{wanted}.",
            file=sys.stderr,
        )
        return 1
    packages = Path(arguments[1]).resolve() / "python"
    packages.mkdir(parents=True, exist_ok=True)
    builders[arguments[0]](packages)
    precompile(packages)
    return 0


def build_dependencies(packages: Path) -> None:
    """What every function has: the locked packages without the extras."""
    install(packages)
    for pattern in EXTRAS:
        remove(packages.glob(pattern))


def build_extras(packages: Path) -> None:
    """What `build_dependencies` leaves out. Lambda unpacks both layers into one folder."""
    with tempfile.TemporaryDirectory() as place:
        whole = Path(place) / "python"
        install(whole)
        for pattern in EXTRAS:
            for path in list(whole.glob(pattern)):
                target = packages / path.relative_to(whole)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.move(path, target)


def install(packages: Path) -> None:
    """Installs the locked packages for the Lambda platform, whatever this machine is, and trims them."""
    platforms = [argument for platform in PLATFORMS for argument in ("--platform", platform)]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile"]
    command += ["--only-binary=:all:", "--implementation=cp", "--python-version", ".".join(map(str, RUNTIME))]
    command += [*platforms, "--target", str(packages), "-r", str(HERE / "dependencies" / "requirements.txt")]
    subprocess.run(command, check=True)
    trim(packages)


def build_leadflow(packages: Path) -> None:
    """Copies the product without what this machine's interpreter left between its files."""
    ignored = shutil.ignore_patterns("__pycache__", ".*")
    shutil.copytree(HERE / "leadflow" / "python", packages, ignore=ignored, dirs_exist_ok=True)


def trim(packages: Path) -> None:
    """Removes what no function ever reads. Every name here is covered by a test that needs the rest to work."""
    remove(packages.glob("bin"))
    remove(packages.rglob("__pycache__"))
    remove(packages.rglob("*.pyi"))
    remove(path for path in packages.rglob("tests") if path.is_dir())
    remove(path for path in packages.glob("*.dist-info") if not path.match(_ASKS_FOR_ITS_VERSION))
    remove(packages / "phonenumbers" / name for name in _PHONE_EXTRAS)
    remove(packages.glob("phonenumbers/shortdata/region_*.py"))
    remove(packages / name for name in _OTHER_ZONES)
    remove(packages / name for name in UNUSED)
    trim_powertools(packages / "aws_lambda_powertools")
    remove(path for path in packages.glob("babel/locale-data/*") if path.stem not in ("root", "en", "en_US"))
    remove(packages.glob("pydantic/v1"))
    remove(packages.glob("botocore/cacert.pem"))
    trim_botocore(packages / "botocore" / "data")


def trim_powertools(package: Path) -> None:
    """Leaves what is loaded of Powertools, and the files of its Swagger UI."""
    for name, kept in _POWERTOOLS_KEPT.items():
        remove(path for path in package.glob(f"{name}/*") if path.name not in kept)
    remove(path for path in package.glob("event_handler/openapi/*") if path.name != "swagger_ui")


def trim_botocore(data: Path) -> None:
    """Leaves the models of the services we call, without their prose. Any other service is an UnknownServiceError."""
    remove(path for path in data.iterdir() if path.name not in (*AWS_SERVICES, *_DATA_FILES))
    remove(data.rglob("examples-1.json*"))
    prefixes = set()
    for model in list(data.rglob("*.json.gz")):
        content = without_prose(json.loads(gzip.decompress(model.read_bytes())))
        prefixes.add(content.get("metadata", {}).get("endpointPrefix"))
        model.with_suffix("").write_text(json.dumps(content, separators=(",", ":")), encoding="utf-8")
        model.unlink()
    endpoints = json.loads((data / "endpoints.json").read_text(encoding="utf-8"))
    for partition in endpoints["partitions"]:  # every partition stays, or clients in it would silently get a wrong host
        partition["services"] = {name: s for name, s in partition["services"].items() if name in prefixes}
    (data / "endpoints.json").write_text(json.dumps(endpoints, separators=(",", ":")), encoding="utf-8")


def without_prose(model: Any) -> Any:
    """A model without its documentation strings. A member that is called `documentation` is not a string and stays."""
    if isinstance(model, dict):
        return {k: without_prose(v) for k, v in model.items() if not (k == "documentation" and isinstance(v, str))}
    if isinstance(model, list):
        return [without_prose(item) for item in model]
    return model


def precompile(packages: Path) -> None:
    """Bytecode that is trusted without looking at time stamps (zip files have none) and whose tracebacks read /opt."""
    done = compileall.compile_dir(
        packages,
        quiet=1,
        workers=0,
        stripdir=str(packages.parent),
        prependdir="/opt",
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    if not done:
        raise SystemExit("Some file of the layer does not compile; it is named above.")


def remove(paths: Iterator[Path]) -> None:
    for path in list(paths):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
