"""A sandbox and a product for each test that asks for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.sandbox.world import MovableClock, Product, Running, product_running, sandbox_running


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def product() -> Iterator[Product]:
    """A product with one email channel."""
    with product_running(Product()) as running:
        running.add_channel()
        yield running


@pytest.fixture
def sandbox(tmp_path: Path, product: Product, clock: MovableClock) -> Iterator[Running]:
    with sandbox_running(tmp_path, product, clock=clock) as running:
        yield running


@pytest.fixture
def lonely(tmp_path: Path, clock: MovableClock) -> Iterator[Running]:
    """A sandbox that does not know where the product is yet."""
    with sandbox_running(tmp_path, clock=clock) as running:
        yield running
