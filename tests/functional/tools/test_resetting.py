"""`make reset`: only what may be removed, only when it is meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from leadflow.core import aws, seams
from leadflow.core.settings import settings
from local.datadir import DataDir
from local.tools import resetting
from local.tools.scanning import pages
from local.tools.target import NoTarget, Target
from tests.harness import call


def stack(stage: str = "dev") -> Target:
    return Target("leadflow", stage, "https://api.example", {})


def test_a_directory_keeps_its_admin_key_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    (tmp_path / "admin_key").write_text("key")
    (tmp_path / "leadflow.db").write_text("much")
    (tmp_path / "objects").mkdir()
    (tmp_path / "lock").touch()

    assert "is empty" in resetting.reset_directory()

    assert {entry.name for entry in tmp_path.iterdir()} == {"admin_key", "lock"}


def test_what_is_somebodys_own_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DATA_DIR may be said wrongly: a home directory, or the checkout."""
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "to ada").write_text("dear")
    monkeypatch.setenv("DATA_DIR", str(tmp_path))

    with pytest.raises(NoTarget, match="no host has ever run"):
        resetting.reset_directory()
    assert {entry.name for entry in tmp_path.iterdir()} == {"letters"}

    for name in ("lock", "leadflow.db-wal"):
        (tmp_path / name).touch()
    assert "letters" in resetting.reset_directory()
    assert {entry.name for entry in tmp_path.iterdir()} == {"letters", "lock"}
    assert (tmp_path / "letters" / "to ada").read_text() == "dear"


def test_what_was_never_there_is_reset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in (tmp_path, tmp_path / "none"):
        monkeypatch.setenv("DATA_DIR", str(place))
        assert "nothing" in resetting.reset_directory()


def test_not_while_a_host_runs_on_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    held = DataDir(tmp_path)

    with pytest.raises(NoTarget, match="in use by another running host"):
        resetting.reset_directory()
    held.release()


def test_a_stack_is_emptied_when_its_name_is_said(cloud: seams.Seams) -> None:
    aws.client("s3").create_bucket(Bucket=settings().bucket_name)
    aws.client("s3").put_object(Bucket=settings().bucket_name, Key="imports/1", Body=b"name")
    for number in range(30):
        call("leads/create_lead", body={"name": "Ada", "email": f"ada{number}@example.com", "source": "api"})
    call("platform/create_api_key", body={"name": "mine", "scopes": ["admin"]})

    with pytest.raises(NoTarget, match="CONFIRM=leadflow"):
        resetting.reset_stack(stack(), None)
    with pytest.raises(NoTarget, match="production"):
        resetting.reset_stack(stack("prod"), "leadflow")
    told = resetting.reset_stack(stack(), "leadflow")

    assert "1 objects removed; API keys stay" in told
    left = [raw["type"]["S"] for items, _ in pages() for raw in items]
    assert left == ["ApiKey"]
    assert "Contents" not in aws.client("s3").list_objects_v2(Bucket=settings().bucket_name)
