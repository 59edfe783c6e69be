"""Who things are assigned to."""

from __future__ import annotations

from leadflow.core.assignees import same_person


def test_a_person_is_the_same_in_capitals_however_composed_and_however_spaced() -> None:
    assert same_person("Zo\u00eb@Example.com") == same_person("ZOE\u0308@example.COM")
    assert same_person("Sam  Lee ") == same_person("Sam Lee") != same_person("SamLee")
