"""The Lambda layers: what is trimmed away is missed by nothing, and what stays behaves as it did."""

from __future__ import annotations

import ast
import importlib.util
import json
import marshal
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from layers import build
from tests.infra.house import ROOT, template, transformed

PRODUCT = ROOT / "layers" / "leadflow" / "python" / "leadflow"
# Prints what a botocore answers: the host of every service in every region, and what becomes of unknown services.
LOOK = """
import json, sys
import botocore.session
from botocore.config import Config
from botocore.exceptions import UnknownServiceError
session = botocore.session.get_session()
resolver = session.get_component("endpoint_resolver")
regions = [r for p in session.get_available_partitions() for r in session.get_available_regions("sqs", p)]
keys = dict(aws_access_key_id="a", aws_secret_access_key="b")
found = {}
for service in json.loads(sys.argv[1]):
    for region, fips in [("us-east-1", True), ("cn-north-1", False), ("us-gov-west-1", True), ("us-east-1", False)]:
        client = session.create_client(service, region, config=Config(use_fips_endpoint=fips), **keys)
        found[f"{service} {region} {fips}"] = client.meta.endpoint_url
    for region in regions:
        found[f"{service} {region}"] = resolver.construct_endpoint(client.meta.service_model.endpoint_prefix, region)
    found[f"{service} operations"] = sorted(client.meta.method_to_api_mapping)
    found[f"{service} waiters"] = client.waiter_names
    found[f"{service} paginators"] = [o for o in client.meta.method_to_api_mapping if client.can_paginate(o)]
try:
    session.create_client("ec2", "us-east-1", **keys)
    found["unlisted"] = "known"
except UnknownServiceError:
    found["unlisted"] = "UnknownServiceError"
found["where"] = botocore.__file__
print(json.dumps(found))
"""


def run(program: str, *arguments: str, path: Path | None = None) -> str:
    environment = {"PYTHONPATH": str(path) if path else "", "AWS_MAX_ATTEMPTS": "1"}
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def stock() -> dict[str, Any]:
    """What the installed botocore answers."""
    found: dict[str, Any] = json.loads(run(LOOK, json.dumps(build.AWS_SERVICES)))
    return found


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the installed packages that the trimming touches, trimmed."""
    folder = tmp_path_factory.mktemp("layer") / "python"
    names = ("aws_lambda_powertools", "babel", "botocore", "email_validator", "liquid", "phonenumbers", "pydantic")
    names += ("attr", "attrs", "certifi", "dateutil", "jsonschema", "jsonschema_specifications", "pytz", "referencing")
    names += ("rpds", "tzdata")
    for name in names:
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        ignored = shutil.ignore_patterns("__pycache__", "geodata", "carrierdata")
        shutil.copytree(Path(spec.origin).parent, folder / name, ignore=ignored)
    site = Path(str(spec.origin)).parent.parent
    for dist_info in [*site.glob("email_validator-*.dist-info"), *site.glob("pydantic-*.dist-info")]:
        shutil.copytree(dist_info, folder / dist_info.name)
    (folder / "bin").mkdir()
    build.trim(folder)
    return folder


@pytest.fixture(scope="module")
def trimmed(packages: Path) -> dict[str, Any]:
    """What the trimmed botocore answers."""
    found: dict[str, Any] = json.loads(run(LOOK, json.dumps(build.AWS_SERVICES), path=packages))
    assert found["where"].startswith(str(packages))
    return found


@pytest.mark.parametrize("service", build.AWS_SERVICES)
def test_a_listed_service_works_as_with_the_stock_library(
    service: str, stock: dict[str, Any], trimmed: dict[str, Any]
) -> None:
    about = [key for key in stock if key.startswith(f"{service} ")]

    assert len(about) > 40, "every region of every partition is compared"
    assert {key: trimmed[key] for key in about} == {key: stock[key] for key in about}


def test_hosts_outside_the_main_partition_are_right(trimmed: dict[str, Any]) -> None:
    assert trimmed["dynamodb cn-north-1 False"] == "https://dynamodb.cn-north-1.amazonaws.com.cn"
    assert trimmed["sqs us-gov-west-1 True"] == "https://sqs.us-gov-west-1.amazonaws.com"


def test_an_unlisted_service_says_so_at_once(stock: dict[str, Any], trimmed: dict[str, Any]) -> None:
    assert stock["unlisted"] == "known"
    assert trimmed["unlisted"] == "UnknownServiceError"


def test_every_client_the_product_makes_is_listed() -> None:
    made = set()
    for path in (ROOT / "layers" / "leadflow").rglob("*.py"):
        made.update(re.findall(r"""\bclient\(["'](\w+)["']\)""", path.read_text(encoding="utf-8")))

    assert {"dynamodb", "kms", "secretsmanager"} <= made
    assert made <= set(build.AWS_SERVICES), "list it in layers/build.py, or it is unknown on AWS"


@pytest.mark.parametrize(
    ("what", "program"),
    [
        ("an email field", "import pydantic as p; p.create_model('M', e=(p.EmailStr, ...))(e='a@example.com')"),
        ("phone numbers", "import phonenumbers as p; assert p.is_valid_number(p.parse('+41446681800'))"),
        ("templates", "import liquid; assert liquid.Environment().from_string('{{ a }}').render(a=1) == '1'"),
        (
            "dates in templates",
            "import babel.dates as b, datetime as d; b.format_date(d.date(2026, 1, 2), locale='en')",
        ),
        (
            "JSON schemas",
            "import jsonschema as j, referencing as r; v = j.Draft202012Validator; v.check_schema({'type': 'object'});"
            "assert not v({'type': 'object'}, registry=r.Registry()).is_valid(1)",
        ),
        ("log lines", "from aws_lambda_powertools import Logger; Logger('a').info('b')"),
        (
            "metrics",
            "from aws_lambda_powertools.metrics import MetricUnit, single_metric as s\n"
            "with s('a', MetricUnit.Count, 1, namespace='b') as m: m.add_dimension('c', 'd')",
        ),
        (
            "the page of the API document",
            "import importlib.util as u, pathlib as p; s = u.find_spec('aws_lambda_powertools')\n"
            "assert list(p.Path(s.origin).parent.glob('event_handler/openapi/swagger_ui/*.min.js'))",
        ),
        ("time zones", "import zoneinfo as z; z.reset_tzpath([]); z.ZoneInfo('America/Vancouver')"),
        ("certificates of AWS", "import certifi, botocore.httpsession as h; assert h.where() == certifi.where()"),
        ("connections", "import httpcore, httpx; httpx.Client(trust_env=False).close()"),
        (
            "signatures",
            "from cryptography.hazmat.primitives import hashes\n"
            "from cryptography.hazmat.primitives.asymmetric import ec\n"
            "k = ec.generate_private_key(ec.SECP256R1()); a = ec.ECDSA(hashes.SHA256())\n"
            "k.public_key().verify(k.sign(b'x', a), b'x', a)",
        ),
        ("the table", "import pynamodb.connection, pynamodb.models, pynamodb.transactions"),
    ],
)
def test_what_the_product_uses_works_from_the_trimmed_packages(what: str, program: str, packages: Path) -> None:
    without = f"import sys; sys.modules.update(dict.fromkeys({build.UNUSED!r}))\n"

    run(without + program, path=packages)


def test_the_extras_are_what_the_dependencies_leave_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    installed = {
        "botocore/client.py",
        "cryptography/hazmat/bindings/_rust.abi3.so",
        "_cffi_backend.cpython-313-aarch64-linux-gnu.so",
        "aws_lambda_powertools/logging/logger.py",
        "aws_lambda_powertools/event_handler/openapi/swagger_ui/swagger-ui-bundle.min.js",
    }

    def install(packages: Path) -> None:
        for name in installed:
            (packages / name).parent.mkdir(parents=True, exist_ok=True)
            (packages / name).touch()

    monkeypatch.setattr(build, "install", install)
    build.build_dependencies(tmp_path / "dependencies")
    (tmp_path / "extras").mkdir()
    build.build_extras(tmp_path / "extras")

    found = {
        layer: {str(path.relative_to(tmp_path / layer)) for path in (tmp_path / layer).rglob("*") if path.is_file()}
        for layer in ("dependencies", "extras")
    }
    assert found["dependencies"] == {"botocore/client.py", "aws_lambda_powertools/logging/logger.py"}
    assert found["extras"] == installed - found["dependencies"]


def test_who_needs_the_extras_has_them_and_nobody_else() -> None:
    """Followed by name: functions that use what asks for them, or call one that does, up to the doors."""
    needing = {("signatures", "p256_key"), ("signatures", "signed_by"), ("pages", "docs_page")}
    uses = {
        (path.stem, node.name): names_in(node, path.stem)
        for path in (*(PRODUCT / "channels").rglob("*.py"), *(PRODUCT / "platform").glob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    }
    while more := {one for one, used in uses.items() if used & needing} - needing:
        needing |= more
    needing |= {("service", name) for _, name in needing}
    doors = {
        f"functions/{path.parent.parent.name}/{path.parent.name}/"
        for area in ("channels", "platform", "webhooks")
        for path in (ROOT / "functions" / area).glob("*/app.py")
        if names_in(ast.parse(path.read_text(encoding="utf-8")), "app") & needing
    }

    functions = [
        one["Properties"] for one in template()["Resources"].values() if "CodeUri" in one.get("Properties", {})
    ]
    assert {one["CodeUri"] for one in functions if "ExtrasLayer" in str(one.get("Layers"))} == doors
    assert len(doors) == 5
    assert len(transformed()["SendgridEventsFunction"]["Properties"]["Layers"]) == 3, "beside what all functions have"


def test_nothing_else_asks_for_the_extras() -> None:
    asking = {
        str(path.relative_to(PRODUCT))
        for path in PRODUCT.rglob("*.py")
        if re.search(r"cryptography|swagger_ui", path.read_text(encoding="utf-8"))
    }
    assert asking == {"channels/providers/signatures.py", "platform/pages.py"}


def names_in(tree: ast.AST, module: str) -> set[tuple[str, str]]:
    """The functions that code of a module may mean by its names: each as its module and its name."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found.add((module, node.id))
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found.add((node.value.id, node.attr))
        elif isinstance(node, ast.ImportFrom):
            found |= {((node.module or "").rpartition(".")[2], one.name) for one in node.names}
    return found


def test_only_the_package_that_is_asked_for_its_version_keeps_its_metadata(packages: Path) -> None:
    assert [path.name.split("-")[0] for path in packages.glob("*.dist-info")] == ["email_validator"]


def test_prose_is_removed_and_a_member_called_documentation_is_not() -> None:
    model = {"documentation": "long", "members": {"documentation": {"shape": "T", "documentation": "long"}}, "l": [1]}

    assert build.without_prose(model) == {"members": {"documentation": {"shape": "T"}}, "l": [1]}


def test_bytecode_is_trusted_without_time_stamps_and_the_same_wherever_it_is_made(tmp_path: Path) -> None:
    compiled = []
    for place in ("here", "there"):
        module = tmp_path / place / "python" / "one.py"
        module.parent.mkdir(parents=True)
        module.write_text("def one():\n    return 1\n")
        build.precompile(module.parent)
        compiled += [path.read_bytes() for path in module.parent.rglob("*.pyc")]

    assert compiled[0] == compiled[1]
    assert int.from_bytes(compiled[0][4:8], "little") == 0b01, "hash-based and unchecked"
    assert marshal.loads(compiled[0][16:]).co_filename == "/opt/python/one.py"  # noqa: S302 - made above


def test_the_product_layer_has_the_package_and_no_caches(tmp_path: Path) -> None:
    build.build_leadflow(tmp_path)

    assert (tmp_path / "leadflow" / "core" / "errors.py").is_file()
    assert not list(tmp_path.rglob("*.pyc"))


def test_a_wrong_python_is_told_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(build, "RUNTIME", (3, 99))

    assert build.main(["leadflow", str(tmp_path)]) == 1
    assert "put python3.99 on the PATH" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [[], ["leadflow"], ["other", "somewhere"]])
def test_wrong_arguments_get_the_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert build.main(arguments) == 2
    assert "dependencies|extras|leadflow DIRECTORY" in capsys.readouterr().err


def test_layers_are_built_for_the_runtime_of_the_functions() -> None:
    shared = template()["Globals"]["Function"]

    assert shared["Runtime"] == "python" + ".".join(map(str, build.RUNTIME))
    assert shared["Architectures"] == ["arm64"]
    assert all("aarch64" in platform for platform in build.PLATFORMS)


@pytest.mark.parametrize("layer", ["DependenciesLayer", "ExtrasLayer", "LeadflowLayer"])
def test_sam_finds_the_target_of_a_layer(layer: str) -> None:
    resource = template()["Resources"][layer]
    folder = ROOT / resource["Properties"]["ContentUri"]

    assert f"build-{layer}:" in (folder / "Makefile").read_text()
    assert ROOT / resource["Metadata"]["WorkingDirectory"] == folder
    assert (ROOT / resource["Metadata"]["ProjectRootDirectory"] / "build.py").is_file()
