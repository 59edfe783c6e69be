"""The address people reach the product at."""

from __future__ import annotations

import os

import pytest

from leadflow.core import aws, links
from tests.cloud import PUBLIC_URL


def put(url: str) -> None:
    aws.client("ssm").put_parameter(Name=os.environ["PUBLIC_URL_PARAMETER"], Value=url, Type="String", Overwrite=True)


def test_it_stands_in_its_parameter_and_ends_without_a_slash() -> None:
    put("https://api.example.com/v1/")

    assert links.public_url() == "https://api.example.com/v1"


def test_it_is_read_once() -> None:
    assert links.public_url() == PUBLIC_URL
    put("https://elsewhere.example.com")

    assert links.public_url() == PUBLIC_URL


def test_one_that_was_given_with_the_deployment_counts_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function is started anew when its environment changes, but not when a parameter does."""
    monkeypatch.setenv("PUBLIC_URL", "https://api.example.com/")

    assert links.public_url() == "https://api.example.com"
