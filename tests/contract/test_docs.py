"""The documents say what is there: every route, setting, error, alarm, item and command, and no link leads nowhere."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import json
import pkgutil
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

import leadflow
from leadflow.core.errors import LeadflowError
from leadflow.core.table import Item
from leadflow.workflows.enums import ActionType, TriggerType
from tests.benchmarks import costs, report
from tests.infra.house import PRODUCT, ROOT, functions, template, transformed
from tests.journeys import storm_report

DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TOPS = ("docs", "events", "functions", "layers", "local", "requirements", "tests")
# Files that only exist where the one-machine mode has run, and parts of the product named without their folder.
SHORT = {name: PRODUCT / name for name in ("core", "entry", "leads", "campaigns", "workflows", "channels", "platform")}


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def section(name: str, heading: str) -> str:
    """What stands under a heading, up to the next one of its level."""
    found = re.search(rf"^(#+) {re.escape(heading)}\n(.*?)(?=^\1 |\Z)", text(name), re.MULTILINE | re.DOTALL)
    assert found, f"{name} has lost its section {heading!r}"
    return found[2]


def rows(table: str) -> dict[str, str]:
    """The rows of tables, by what stands in backticks first."""
    lines = [line for line in table.splitlines() if line.startswith("| `")]
    return {line.split("`")[1]: line.replace("\\|", "|") for line in lines}


def in_backticks(words: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", words))


def code_blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def subclasses(kind: type[Any]) -> Iterator[type[Any]]:
    for one in kind.__subclasses__():
        yield one
        yield from subclasses(one)


def items() -> dict[str, type[Item]]:
    """Every item class of the product that has keys of its own."""
    for module in pkgutil.walk_packages(leadflow.__path__, "leadflow."):
        if module.name.endswith((".store", ".idempotency")) or ".store." in module.name:
            importlib.import_module(module.name)
    return {
        one.__name__: one
        for one in subclasses(Item)
        if one.__module__.startswith("leadflow.") and "pk `" in (one.__doc__ or "")
    }


# -- what has to be told


@pytest.mark.parametrize("name", [name for name, function in functions().items() if function.routes])
def test_every_route_is_in_the_api_page(name: str) -> None:
    listed = rows(section("docs/API.md", "Routes"))

    for route, public in functions()[name].routes.items():
        assert route in listed, f"docs/API.md lacks {route}: run `make openapi` and commit what it writes"
        assert ("| public |" in listed[route]) is public, f"docs/API.md is stale about {route}: run `make openapi`"


def test_every_setting_is_in_the_operations_page() -> None:
    tree = ast.parse((PRODUCT / "core" / "settings.py").read_text(encoding="utf-8"))
    read = {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "env.get" and isinstance(node.args[0], ast.Constant)
    }
    set_by_template = set(template()["Globals"]["Function"]["Environment"]["Variables"])
    for function in functions().values():
        set_by_template |= set(function.properties.get("Environment", {}).get("Variables", {}))

    told = in_backticks(section("docs/OPERATIONS.md", "Settings"))
    missing = sorted((read | set_by_template) - told)
    assert len(read) > 10
    assert not missing, f"say in docs/OPERATIONS.md under Settings what these are: {', '.join(missing)}"


def test_every_template_parameter_is_in_the_operations_page() -> None:
    told = rows(section("docs/OPERATIONS.md", "Deploying"))

    assert told.keys() == template()["Parameters"].keys(), "the table under Deploying and template.yaml differ"


def test_every_error_is_in_the_operations_page_with_its_status() -> None:
    told = rows(section("docs/OPERATIONS.md", "Error codes"))

    for error in {LeadflowError, *subclasses(LeadflowError)}:
        assert error.code in told, f"docs/OPERATIONS.md, Error codes: say what {error.code} means and what to do"
        again = "yes" if error.retryable else "no" if error is not LeadflowError else "–"
        start = f"| `{error.code}` | {error.status} | {again} |"
        assert told[error.code].startswith(start), f"docs/OPERATIONS.md: the row of this error begins with {start}"


def test_every_alarm_is_in_the_operations_page() -> None:
    alarms = {name for name, one in template()["Resources"].items() if one["Type"] == "AWS::CloudWatch::Alarm"}

    told = rows(section("docs/OPERATIONS.md", "Alarms"))
    assert told.keys() == alarms, "docs/OPERATIONS.md, Alarms: one row per alarm of template.yaml, with what to do"
    assert f"{len(alarms)} alarms at $0.10" in section("docs/OPERATIONS.md", "What idle costs"), (
        "count the alarms again"
    )


@pytest.mark.parametrize("name", items())
def test_every_item_is_in_the_architecture_page_with_its_keys(name: str) -> None:
    told = rows(section("docs/ARCHITECTURE.md", "The table"))
    keys = [line for line in (items()[name].__doc__ or "").splitlines() if re.match(r"\s*(pk|sk|GSI\d) ?", line)]

    assert name in told, f"docs/ARCHITECTURE.md, The table: add a row for {name}"
    for key in in_backticks("\n".join(keys)):
        assert f"`{key}`" in told[name], f"docs/ARCHITECTURE.md: the row of {name} lacks `{key}` of its docstring"


def test_the_architecture_page_bounds_the_template() -> None:
    (told,) = re.findall(r"expands to fewer than (\d+) resources", section("docs/ARCHITECTURE.md", "Packaging"))

    assert len(transformed()) < int(told) <= 500, f"docs/ARCHITECTURE.md, Packaging: there are {len(transformed())} now"


@pytest.mark.parametrize(("title", "known"), [("Triggers", TriggerType.__args__), ("Actions", ActionType.__args__)])
def test_every_trigger_and_action_is_told_of(title: str, known: tuple[str, ...]) -> None:
    (row,) = re.findall(rf"^\| {title} \|.*$", section("README.md", "What is there today"), re.MULTILINE)

    assert in_backticks(row) == set(known), f"README, What is there today: {title} are {sorted(known)}"
    told = rows(section("docs/API.md", title))
    assert told.keys() == set(known), f"docs/API.md, {title}: a row for each"


def test_every_variable_of_make_run_is_in_the_readme() -> None:
    (exported,) = re.findall(r"foreach name,([A-Z_ ]+),", text("Makefile"))

    missing = set(exported.split()) - set(rows(section("README.md", "Configuration")))
    assert not missing, f"README, Configuration: say what these do: {', '.join(sorted(missing))}"


# -- what is told has to be there


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_make_targets_and_modules_that_a_page_names_exist(path: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))
    page = path.read_text(encoding="utf-8")
    code = "\n".join([*in_backticks(page), *code_blocks(page, "sh")])

    for target in re.findall(r"^(?:sam build && )?make ([a-z-]+)", code, re.MULTILINE):
        assert target in targets, f"{path.name} says `make {target}`, which the Makefile does not have"
    for module in re.findall(r"python3? -m ([\w.]+)", code):
        assert importlib.util.find_spec(module), f"{path.name} says python -m {module}, which is not there"


def test_readme_and_operations_say_alike_what_idle_costs() -> None:
    sums = re.findall(r"\*\*\$(\d\.\d\d)\*\*", section("docs/OPERATIONS.md", "What idle costs"))
    [(fixed, *rest)] = re.findall(
        r"\$(\d\.\d\d) a month .*?\$(\d\.\d\d), or \$(\d\.\d\d)", text("README.md"), re.DOTALL
    )

    assert [float(fixed) + float(one) for one in rest] == pytest.approx([float(one) for one in sums])


def test_stacks_that_the_pages_name_are_those_of_samconfig() -> None:
    config = tomllib.loads(text("samconfig.toml"))
    stacks = {name: config[name]["global"]["parameters"]["stack_name"] for name in ("default", "dev", "prod")}

    assert f"makes the stack `{stacks['default']}`" in text("README.md"), "README, Deploying: name the default stack"
    assert f"--config-env prod` makes `{stacks['prod']}`" in text("README.md"), "README, Deploying: name the prod stack"
    assert f"make admin-key STACK={stacks['default']}" in text("README.md"), "README, Deploying: its admin key"


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    page = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    links = re.findall(r"\]\(([^)\s]+)\)", page) + re.findall(r'(?:src|srcset)="([^"]+)"', page)

    for link in links:
        if "://" in link:
            continue
        place, _, anchor = unquote(link).partition("#")
        target = (path.parent / place) if place else path
        assert target.is_file(), f"{path.name} links to {place}, which is not there"
        if anchor:
            assert anchor in anchors(target), f"{path.name} links to #{anchor}, but {target.name} has no such heading"


def anchors(path: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_every_file_that_a_page_names_exists(path: Path) -> None:
    page = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)

    for name in in_backticks(page):
        top, _, rest = name.partition("/")
        if "<" in name or " " in name or not (top in TOPS or (top in SHORT and name.endswith(".py"))):
            continue
        place = SHORT[top] / rest if top in SHORT else ROOT / name
        assert place.exists(), f"{path.name} names {name}, which is not there"


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_no_page_is_left_unfinished(path: Path) -> None:
    unfinished = re.findall(r"\b(TODO|FIXME|XXX|TBD)\b", path.read_text(encoding="utf-8"))

    assert not unfinished, f"finish {path.name} or take the place out"


def test_the_picture_is_what_the_script_draws() -> None:
    spec = importlib.util.spec_from_file_location("draw", ROOT / "docs" / "draw.py")
    assert spec
    assert spec.loader
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)

    for name, colours in script.THEMES.items():
        assert text(f"docs/{name}") == script.draw(colours), f"docs/{name} is stale: run `make diagram` and commit it"


def test_the_pages_of_figures_say_what_was_measured() -> None:
    results = json.loads(text("docs/benchmarks.json"))

    assert text("docs/BENCHMARKS.md") == report.page(results), "docs/BENCHMARKS.md is stale: run `make bench-report`"
    assert text("docs/COST.md") == costs.page(results), "docs/COST.md is stale: run `make cost` and commit it"


def test_the_page_of_storms_says_what_was_done() -> None:
    runs = json.loads(text("docs/chaos.json"))

    assert text("docs/CHAOS.md") == storm_report.report(runs), "docs/CHAOS.md is stale: see its first lines"
