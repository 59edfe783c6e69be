"""Who may import whom. The arrows of docs/ARCHITECTURE.md, read from the sources; lazy imports count as well."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.infra.house import PRODUCT, ROOT, WINGS, shown, sources

PACKAGE = "leadflow"
# A room is a file or a package of this name, or a file called <room>_<what>.
ROOMS = ("enums", "schema", "rules", "store", "service", "providers")
# Shapes of free-form configurations; what people see in a browser; what a mail is, for every wing that sends one.
SAME_ROOM = {"configs": "schema", "pages": "service", "mail": "enums"}
PURE_CORE = {"errors", "clock", "conditions", "gates", "mailbox", "multipart", "rendering", "windows"}
# What rules must not touch: they decide over values.
INPUT_OUTPUT = {"asyncio", "http", "io", "logging", "os", "pathlib", "shutil", "socket", "subprocess", "threading"}

MAY_IMPORT_OF_OWN_WING = {
    "enums": {"enums"},
    "schema": {"enums", "schema"},
    "rules": {"enums", "schema", "rules"},
    "store": {"enums", "store"},
    "providers": {"enums", "schema", "rules", "providers"},
    "service": {"enums", "schema", "rules", "store", "providers", "service"},
}
MAY_IMPORT_OF_OTHER_WINGS = {
    "enums": set[str](),
    "schema": {"enums", "schema"},
    "rules": {"enums", "schema"},
    "store": {"enums"},
    "providers": {"enums", "schema"},
    "service": {"enums", "schema", "service"},
}
# Third-party packages that have one home. A name may be imported only by modules that start so.
HOMES = {
    "boto3": (),
    "botocore": ("core/aws", "core/table"),
    "pynamodb": ("core/table", "core/effects", "core/totals", "entry/idempotency", "entry/passing", "*/store"),
    "httpcore": ("core/outbound",),
    "httpx": ("core/http", "*/providers"),
    "jsonschema": ("core/json_schema",),
    "aws_lambda_powertools": ("core/observability", "platform/openapi", "platform/service"),
}
PRODUCT_SOURCES = sources("layers/leadflow/python/leadflow")
DOORS = sources("functions")


@dataclass(frozen=True)
class Import:
    """One imported module; `name` is dotted and absolute, `what` is taken from it where it is not a module itself."""

    name: str
    what: str
    line: int
    for_types_only: bool


@dataclass(frozen=True)
class Place:
    """Where a module of the product lives: `core`, `entry` or a wing, and the room or module in it."""

    area: str
    room: str


def imports(path: Path) -> Iterator[Import]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, "", node.lineno, id(node) in typing_only)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{shown(path)}:{node.lineno} imports relatively; say the whole name"
            for alias in node.names:
                target = _target(node.module or "", alias.name)
                yield Import(target, alias.name, node.lineno, id(node) in typing_only)


def _target(module: str, name: str) -> str:
    """`from a.b import c` imports a.b.c where that is a module of ours, else a.b."""
    inner = PRODUCT.parent.joinpath(*module.split("."), name)
    return f"{module}.{name}" if inner.is_dir() or inner.with_suffix(".py").is_file() else module


def place_of(module: str) -> Place:
    """Where `leadflow.x.y.z` lives."""
    _, area, *rest = [*module.split("."), "", ""]
    return Place(area, _room(rest[0]) if area in WINGS else rest[0])


def _room(name: str) -> str:
    name = SAME_ROOM.get(name, name)
    return next((room for room in ROOMS if name == room or name.startswith(room + "_")), name)


def module_of(path: Path) -> str:
    inside = path.relative_to(PRODUCT.parent).with_suffix("")
    return ".".join(inside.parts).removesuffix(".__init__")


def ours(path: Path) -> list[tuple[Import, Place]]:
    found = [one for one in imports(path) if one.name.split(".")[0] == PACKAGE]
    return [(one, place_of(one.name)) for one in found]


def wrong(path: Path, one: Import, why: str) -> str:
    return f"{shown(path)}:{one.line} imports {one.name}: {why}"


@pytest.mark.parametrize("path", DOORS, ids=shown)
def test_a_door_knows_only_entry_services_and_schemas(path: Path) -> None:
    for one in imports(path):
        top = one.name.split(".")[0]
        assert top in {PACKAGE, "__future__", "typing"}, wrong(path, one, "a door imports only leadflow")
    for one, place in ours(path):
        its_answer = (one.name, one.what) == ("leadflow.core.table", "Record")
        of_a_wing = place.area in WINGS and place.room in {"service", "schema", "enums"}
        allowed = place.area == "entry" or of_a_wing or its_answer
        assert allowed, wrong(path, one, "a door uses entry, a wing's service and schema, and Record for its answer")


@pytest.mark.parametrize("path", PRODUCT_SOURCES, ids=shown)
def test_the_product_is_independent_of_what_stands_around_it(path: Path) -> None:
    for one in imports(path):
        top = one.name.split(".")[0]
        assert top not in {"functions", "local", "tests", "layers"}, wrong(path, one, "the product knows only itself")


@pytest.mark.parametrize("path", PRODUCT_SOURCES, ids=shown)
def test_core_and_entry_stand_below_the_wings(path: Path) -> None:
    here = place_of(module_of(path))
    below = {"core": {"core"}, "entry": {"core", "entry"}}.get(here.area)
    if below is not None:
        for one, place in ours(path):
            assert place.area in below, wrong(path, one, f"{here.area} uses only {' and '.join(sorted(below))}")


@pytest.mark.parametrize("path", [p for p in PRODUCT_SOURCES if p.parts[len(PRODUCT.parts)] in WINGS], ids=shown)
def test_a_room_of_a_wing_keeps_to_its_arrows(path: Path) -> None:
    here = place_of(module_of(path))
    if not here.room:
        assert not path.read_text(encoding="utf-8").strip(), f"{shown(path)} stays empty: a wing costs nothing"
        return
    assert here.room in ROOMS, f"{shown(path)}: a wing has the rooms {', '.join(ROOMS)}; {here.room} is none of them"
    for one, place in ours(path):
        assert place.area != "entry", wrong(path, one, "entry is for doors")
        if place.area == "core":
            assert _core_allowed(here.room, place.room), wrong(path, one, f"not this part of core from {here.room}")
        elif place.area in WINGS:
            table = MAY_IMPORT_OF_OWN_WING if place.area == here.area else MAY_IMPORT_OF_OTHER_WINGS
            assert place.room in table[here.room], wrong(path, one, f"not from {here.room} of {here.area}")


def _core_allowed(room: str, module: str) -> bool:
    if room == "enums":
        return False
    if room == "schema":
        return module == "schema"
    if room == "rules":
        return module in PURE_CORE
    return True


@pytest.mark.parametrize("path", PRODUCT_SOURCES, ids=shown)
def test_a_library_is_used_only_in_its_home(path: Path) -> None:
    inside = path.relative_to(PRODUCT).with_suffix("")
    for one in imports(path):
        homes = HOMES.get(one.name.split(".")[0])
        exceptions_only = one.name == "botocore.exceptions"
        if homes is not None and not one.for_types_only and not exceptions_only:
            at_home = any(_starts_with(inside, home) for home in homes)
            assert at_home, wrong(path, one, f"its home is {', '.join(homes) or 'nowhere in the product'}")


def _starts_with(inside: Path, home: str) -> bool:
    area, name = home.split("/")
    return len(inside.parts) > 1 and area in ("*", inside.parts[0]) and inside.parts[1].startswith(name)


@pytest.mark.parametrize("path", PRODUCT_SOURCES, ids=shown)
def test_enums_and_rules_are_pure(path: Path) -> None:
    room = place_of(module_of(path)).room
    if place_of(module_of(path)).area not in WINGS or room not in {"enums", "rules"}:
        return
    for one in imports(path):
        top = one.name.split(".")[0]
        if top != PACKAGE:
            assert top in sys.stdlib_module_names, wrong(path, one, f"{room} use the standard library alone")
            assert top not in INPUT_OUTPUT, wrong(path, one, f"{room} have no input and output")


def test_every_source_of_the_product_was_looked_at() -> None:
    assert len(PRODUCT_SOURCES) > 20
    assert ROOT / "layers" / "leadflow" / "python" / "leadflow" / "core" / "errors.py" in PRODUCT_SOURCES
