"""One lock file: development, CI, the one-machine mode and Lambda run the same releases."""

from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path

import pytest

from tests.infra.house import ROOT

LOCK = ROOT / "requirements.lock"
LAYER = ROOT / "layers" / "dependencies" / "requirements.txt"


def pins(path: Path) -> dict[str, set[str]]:
    """The releases by package; a lock for several Pythons may have more than one of a package."""
    found: dict[str, set[str]] = {}
    for name, release in re.findall(r"^([a-z0-9-]+)==(\S+)", path.read_text(encoding="utf-8"), re.MULTILINE):
        found.setdefault(name, set()).add(release)
    return found


def asked_for(name: str) -> set[str]:
    lines = (ROOT / "requirements" / name).read_text(encoding="utf-8").splitlines()
    return {match[0].lower() for line in lines if (match := re.match(r"[A-Za-z][\w.-]*", line))}


def hashes(path: Path, name: str) -> set[str]:
    text = path.read_text(encoding="utf-8")
    (block,) = re.findall(rf"^{name}==.*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
    return set(re.findall(r"sha256:\w{64}", block))


def test_the_lock_has_everything_that_is_asked_for() -> None:
    assert asked_for("runtime.in") | asked_for("dev.in") <= pins(LOCK).keys()


def test_the_layer_has_what_the_product_asks_for_and_no_tools() -> None:
    assert asked_for("runtime.in") <= pins(LAYER).keys()
    assert not asked_for("dev.in") & pins(LAYER).keys()


def test_the_layer_has_the_releases_of_the_lock() -> None:
    lock = pins(LOCK)

    for name, releases in pins(LAYER).items():
        assert releases <= lock[name], f"{name}: run make lock"
        assert hashes(LAYER, name) == hashes(LOCK, name), f"{name}: run make lock"


@pytest.mark.parametrize("path", [LOCK, LAYER], ids=["lock", "layer"])
def test_a_lock_names_no_place_of_its_own_and_has_a_hash_for_everything(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text
    assert not re.findall(r"^[a-z0-9-]+==.*[^\\]$", text, re.MULTILINE), "a release without a hash"


def test_one_release_of_the_aws_library_everywhere() -> None:
    wanted = [one for one in importlib.metadata.requires("ministack") or [] if one.startswith("botocore==")]

    assert wanted == [f"botocore=={release}" for release in pins(LOCK)["botocore"]]
    assert pins(LOCK)["boto3"] == pins(LOCK)["botocore"]
