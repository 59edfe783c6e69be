"""No route can be used without the right to: asked of every function behind a route that is not public."""

from __future__ import annotations

import pytest

from leadflow.platform.enums import SCOPES
from tests import harness
from tests.harness import call
from tests.infra import house

KEYED = sorted(
    (name, route)
    for name, function in house.functions().items()
    for route, public in function.routes.items()
    if not public
)


@pytest.mark.parametrize(("name", "route"), KEYED)
def test_without_a_key_or_with_another_right_nothing_is_given(name: str, route: str) -> None:
    method, template = route.split(" ")
    path = {part[1:-1]: "01JZ0000000000000000000001" for part in template.split("/") if part.startswith("{")}
    others = "agents:nothing leads:nothing"

    for scopes, told in ((None, 401), ("", 403), (others, 403)):
        answer = call(name, {}, path=path, method=method, scopes=scopes)
        assert answer.status == told, f"{route} gave {answer.status} to a caller with {scopes!r}"


@pytest.mark.parametrize(("name", "route"), KEYED)
def test_a_key_can_have_the_right_that_a_route_wants(name: str, route: str) -> None:
    """Conversations wanted one that no key could have, so that it took an admin's to answer anybody."""
    assert harness.door(name).spec.scope in SCOPES
