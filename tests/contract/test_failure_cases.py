"""Every failure case has a test that bears its number, and the page says which."""

from __future__ import annotations

import importlib.util
from types import ModuleType

from tests.harness import ROOT


def _module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("failure_cases", ROOT / "docs" / "failure_cases.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_case_is_proved_and_every_proof_has_its_case() -> None:
    cases = _module()

    assert sorted(cases.proofs()) == sorted(cases.CASES) == list(range(1, 52))


def test_the_page_has_the_table_as_it_is() -> None:
    cases = _module()
    page = cases.PAGE.read_text()

    assert cases.written(page) == page, "run make failure-cases"
