"""X25: clocks are those of the database that comes with the product, whatever the machine has."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones, reset_tzpath

import pytest
from pydantic import TypeAdapter, ValidationError

from leadflow.core import windows
from leadflow.core.schema import TimeZone
from tests.harness import ROOT

# British Columbia keeps summer time for good from 2026-11-01, which a database of that spring does not know.
WINTER = datetime(2026, 12, 1, 17, tzinfo=UTC)


def test_x25_a_zone_is_read_from_the_products_own_database_and_not_from_the_systems(tmp_path: Path) -> None:
    """On a system whose Vancouver is Tokyo."""
    (tmp_path / "America").mkdir()
    tokyo = resources.files("tzdata.zoneinfo").joinpath("Asia/Tokyo").read_bytes()
    (tmp_path / "America/Vancouver").write_bytes(tokyo)
    reset_tzpath([tmp_path])
    ZoneInfo.clear_cache()
    assert f"{WINTER.astimezone(ZoneInfo('America/Vancouver')):%H:%M}" == "02:00"
    windows._take_no_copy_of_the_system.cache_clear()

    zone = windows.zone("America/Vancouver")

    assert zone is not None
    assert f"{WINTER.astimezone(zone):%H:%M}" == "10:00"


def test_nothing_else_reads_zones() -> None:
    layer = ROOT / "layers/leadflow/python/leadflow"
    readers = {path.name for path in layer.rglob("*.py") if re.search(r"ZoneInfo\((?!\"UTC\"\))", path.read_text())}
    assert readers == {"windows.py"}


def test_every_zone_is_known() -> None:
    windows.zone("UTC")
    assert len(available_timezones()) > 500
    assert [name for name in available_timezones() if windows.zone(name) is None] == []


@pytest.mark.parametrize("name", ["", "America", "posix/UTC", "localtime", "../UTC", "/etc/passwd", "zone.tab", "a\0b"])
def test_what_is_no_zone_is_refused(name: str) -> None:
    assert windows.zone(name) is None
    with pytest.raises(ValidationError):
        TypeAdapter(TimeZone).validate_python(name)
